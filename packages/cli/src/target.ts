import { connectHttp, type ClientError, type HttpClient, type Result } from '@smc/client';
import { readValue, STRING, TypeTable } from '@smc/protocol';
import type { Command } from 'commander';
import { option, type Environment, type Words } from './command.ts';
import { EXIT, Stop } from './exit.ts';
import { readText } from './files.ts';
import { readTokens } from './tokens.ts';

/** Where a node is, if nothing is said. */
export const DEFAULT_URL = 'http://127.0.0.1:4040';

/** Declares `--to` on a command that talks to a node. */
export function declareTarget(command: Command): void {
  command.option('--to <url>', `the node (default: $SMC_NODE, then ${DEFAULT_URL})`);
  declareToken(command);
}

/** Declares where the token stands that a node may want, and who vouches for the node. */
export function declareToken(command: Command): void {
  command.option('--token-file <file>', 'the first token in it is shown to the node (default: $SMC_TOKEN)');
  command.option(
    '--ca <file>',
    'certificates of the authorities that are trusted, in PEM (default: $SMC_CA, then those of Node.js)',
  );
}

/** The node that `--to`, `SMC_NODE` or the default names. */
export function targetOf(words: Words, environment: Environment): HttpClient {
  const named = option(words, 'to') ?? environment.environment['SMC_NODE'];
  return clientOf(named === undefined || named === '' ? DEFAULT_URL : named, words, environment);
}

/** The node at an address, which is shown the token that there is. */
export function clientOf(url: string, words: Words, environment: Environment): HttpClient {
  const token = tokenOf(words, environment);
  const authorities = option(words, 'ca') ?? environment.environment['SMC_CA'] ?? '';
  const { clock } = environment;
  return connectHttp(checkedUrl(url), {
    ...(clock === undefined ? {} : { clock }),
    ...(token === null ? {} : { token }),
    ...(authorities === '' ? {} : { tls: { ca: authoritiesIn(authorities) } }),
  });
}

function authoritiesIn(file: string): string {
  const text = readText(file);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new Stop(EXIT.usage, 'wrong-file', `${file} has no certificate in PEM`);
}

function tokenOf(words: Words, environment: Environment): string | null {
  const file = option(words, 'tokenFile');
  const read = readTokens(file === undefined ? (environment.environment['SMC_TOKEN'] ?? '') : readText(file));
  if (read.ok) return read.tokens[0].token;
  if (file === undefined && read.line === null) return null;
  throw new Stop(EXIT.usage, 'token', `${file ?? '$SMC_TOKEN'}: ${read.message}`);
}

/** The address of a node; ends the command where it can be none. */
export function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new Stop(
    EXIT.usage,
    'usage',
    `${url} is not the address of a node`,
    `An address looks like ${DEFAULT_URL}.`,
  );
}

/** The value of a result, or the end of the command with what the node said. */
export function valueOf<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw stopFor(result.error);
}

/** How a command ends that a node refused, or that reached none, or that does not know what it did. */
export function stopFor(error: ClientError): Stop {
  const unknown =
    error.mayBeDone === true ? 'What was asked for may have been carried out, or may still be.' : undefined;
  if (error.kind === 'unreachable') {
    const hint = error.wasSent === true ? unknown : error.isUntrusted === true ? TRUST : START;
    return new Stop(EXIT.unreachable, 'unreachable', error.message, hint);
  }
  const place = error.path === undefined ? '' : `${error.path}: `;
  const status = unknown === undefined ? EXIT.refused : EXIT.unreachable;
  const hint = unknown ?? (error.code === 'unauthorized' ? SHOW : undefined);
  return new Stop(status, error.code, `${place}${error.message}`, hint, true);
}

const START = 'smc node starts one; --to says where it is.';
const TRUST = '--ca FILE, or $SMC_CA, names the authorities to trust, or the certificate itself.';
const SHOW =
  '--token-file FILE, or $SMC_TOKEN, shows a token; --sign FILE signs what is sent, where that is asked for.';

/** The name of a machine, where there is no instance to be named. */
export function machineName(text: string): string {
  if (!text.includes('/')) return text;
  throw new Stop(EXIT.usage, 'usage', `${text}: this is about a machine, and not about one of its instances`);
}

/** A machine, and of a keyed machine the instance. */
export interface InstanceName {
  readonly machine: string;
  readonly instance?: string;
}

/** `Counter`, `Account/alice`: what follows the first slash is the key, as it is or as a string literal. */
export function instanceName(text: string): InstanceName {
  const slash = text.indexOf('/');
  if (slash < 0) return { machine: text };
  const machine = text.slice(0, slash);
  const key = text.slice(slash + 1);
  if (!key.startsWith('"')) return { machine, instance: key };
  const types = new TypeTable();
  const read = readValue(types, STRING, key);
  if (read.ok) return { machine, instance: read.value as string };
  throw new Stop(EXIT.usage, 'usage', `${text}: the key is no string literal: ${read.error.message}`);
}
