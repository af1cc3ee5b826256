import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type Certificate, type Exposure, Signers, type Token, Tokens } from '@smc/node';
import type { Command } from 'commander';
import { option, type Words } from './command.ts';
import { EXIT, Stop } from './exit.ts';
import { readText } from './files.ts';
import { adminPort } from './local-node.ts';
import type { Warn } from './output.ts';
import { readSecret, wrongFile } from './secrets.ts';
import { readTokens } from './tokens.ts';

/** Who may reach a node: the options of `smc node`. */

/** Declares where a node listens beside its ports, and for whom. */
export function declareExposure(command: Command): void {
  command
    .option(
      '--host <address>',
      'address for HTTP, lines and frames (default: 127.0.0.1); those beyond this computer need a token and TLS',
    )
    .option(
      '--admin <port>',
      'port of its own for administration, 0 for any (default: 4042, with --admin-host, or where --host is beyond this computer)',
    )
    .option('--admin-host <address>', 'address for administration (default: 127.0.0.1)')
    .option('--token-file <file>', 'tokens of callers, one on each line: TOKEN or NAME TOKEN')
    .option('--admin-token-file <file>', 'tokens of those who deploy and look at states')
    .option('--tls-cert <file>', 'certificate chain, in PEM')
    .option('--tls-key <file>', 'its private key, in PEM')
    .option('--trust <file>', 'public keys, in PEM: bundles are taken that one of them has signed')
    .option('--insecure', 'listen beyond this computer also without token or TLS');
}

/** What these options say; files that are not what they should be end the command. */
export function exposureOf(words: Words, warn: Warn): Exposure {
  const address = option(words, 'host');
  const adminAddress = option(words, 'adminHost');
  if (address === '' || adminAddress === '')
    throw new Stop(EXIT.usage, 'usage', '--host and --admin-host take an address, as 0.0.0.0');
  const tls = certificateOf(words, warn);
  const calls = tokensOf(words, 'tokenFile', warn);
  const administration = tokensOf(words, 'adminTokenFile', warn);
  const trusted = option(words, 'trust');
  return {
    ...(address === undefined ? {} : { address }),
    ...(adminAddress === undefined ? {} : { adminAddress }),
    adminPort: adminPort(words, address),
    ...(tls === null ? {} : { tls }),
    access: { calls, administration, signers: trusted === undefined ? null : signersOf(trusted) },
    insecure: words.options['insecure'] === true,
  };
}

function signersOf(file: string): Signers {
  const keys = readText(file).match(/-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/g) ?? [];
  if (keys.length === 0) throw wrongFile(file, 'no public key', new Error('there is no PEM block in it'));
  const secret = keys.find((pem) => pem.includes('PRIVATE'));
  if (secret !== undefined) {
    throw wrongFile(file, 'a private key', new Error('a node is given the public one, NAME.pub'));
  }
  try {
    return new Signers(keys);
  } catch (error) {
    throw wrongFile(file, 'no list of public keys of smc keygen', error);
  }
}

function tokensOf(words: Words, name: string, warn: Warn): Tokens | null {
  const file = option(words, name);
  return file === undefined ? null : new Tokens(tokensIn(file, warn));
}

/** The tokens of a file; at least one. */
export function tokensIn(file: string, warn: Warn): readonly Token[] {
  const read = readTokens(readSecret(file, warn));
  if (read.ok) return read.tokens;
  throw new Stop(
    EXIT.usage,
    'token-file',
    `${file}${read.line === null ? '' : `:${read.line}`}: ${read.message}`,
  );
}

function certificateOf(words: Words, warn: Warn): Certificate | null {
  const [cert, key] = [option(words, 'tlsCert'), option(words, 'tlsKey')];
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined) {
    throw new Stop(EXIT.usage, 'usage', '--tls-cert and --tls-key go together');
  }
  const certificate = { cert: readText(cert), key: readSecret(key, warn) };
  const first = parsed(cert, 'no certificate', () => new X509Certificate(certificate.cert));
  if (!first.checkPrivateKey(privateKey(key, certificate.key)))
    throw new Stop(
      EXIT.usage,
      'wrong-file',
      `the key in ${key} is not the one of the certificate in ${cert}`,
    );
  return certificate;
}

function privateKey(file: string, text: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw new Stop(EXIT.usage, 'wrong-file', `${file} is encrypted: a node wants its key as it is`);
  return parsed(file, 'no private key', () => createPrivateKey(text));
}

function parsed<T>(file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw wrongFile(file, `${what} in PEM`, error);
  }
}
