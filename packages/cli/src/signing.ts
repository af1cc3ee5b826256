import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { encodeSigned, signedMessage } from '@smc/protocol';
import type { Command } from 'commander';
import { option, type Words } from './command.ts';
import type { Output } from './output.ts';
import { readSecret, wrongFile } from './secrets.ts';

/** Declares `--sign` on a command that makes a bundle. */
export function declareSigning(command: Command): void {
  command.option('--sign <file>', 'sign the bundle with this private key, of smc keygen');
}

/** The bundle, signed where `--sign` was given. */
export function signed(bundle: Uint8Array, words: Words, output: Output): Uint8Array {
  const file = option(words, 'sign');
  if (file === undefined) return bundle;
  const secret = privateKey(file, output);
  const key = rawKey(secret);
  const signature = sign(null, signedMessage(bundle), secret);
  return encodeSigned({ bundle, signatures: [{ key, signature }] });
}

function privateKey(file: string, output: Output): KeyObject {
  const text = readSecret(file, (message) => output.note(`warning: ${message}`));
  if (/-----BEGIN PUBLIC KEY-----/.test(text))
    throw wrongFile(file, 'a public key', new Error('a bundle is signed with the private one, without .pub'));
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
    throw new Error(`it is a key of the type ${key.asymmetricKeyType}`);
  } catch (error) {
    throw wrongFile(file, 'no private key of smc keygen', error);
  }
}

/** The 32 bytes of the public key, of either half of a pair of Ed25519 keys. */
export function rawKey(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return Buffer.from(half.export({ format: 'jwk' }).x ?? '', 'base64url');
}
