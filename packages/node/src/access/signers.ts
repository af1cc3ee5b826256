import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { keyFingerprint, openSigned, signedMessage } from '@smc/protocol';
import { problem, type Problem } from '../problem.ts';

/**
 * Those whose bundles a node takes. With one signature of one of them a bundle is good; what others say of it does
 * not matter. The signature is about the bytes as they came: of an upgrade too, and of the debug data.
 */
export class Signers {
  /** By fingerprint. */
  readonly #keys = new Map<string, KeyObject>();

  /** Public keys in PEM, of Ed25519. Throws for what is no such key. */
  constructor(keys: Iterable<string>) {
    for (const pem of keys) {
      const key = createPublicKey(pem);
      if (key.asymmetricKeyType !== 'ed25519') {
        throw new Error(`a key of the type ${key.asymmetricKeyType}, where Ed25519 is needed`);
      }
      this.#keys.set(keyFingerprint(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')), key);
    }
  }

  /** Why a bundle is not taken; null where one of the signers has signed it. */
  check(bytes: Uint8Array): Problem | null {
    const opened = openSigned(bytes);
    if (!opened.ok) {
      const { message, offset } = opened.malformed;
      return problem('malformed', `the signatures do not decode: ${message} (at byte ${offset})`);
    }
    const { signatures, bundle } = opened.value;
    if (signatures.length === 0) {
      return problem('unauthorized', 'the bundle is not signed, and this node takes signed ones alone');
    }
    const known = signatures.flatMap(({ key, signature }) => {
      const signer = this.#keys.get(keyFingerprint(key));
      return signer === undefined ? [] : [{ signer, signature }];
    });
    if (known.length === 0) {
      const names = signatures.map(({ key }) => keyFingerprint(key).slice(0, 12)).join(', ');
      return problem('unauthorized', `the bundle is signed with ${names}, and this node knows no such key`);
    }
    const message = signedMessage(bundle);
    if (known.some(({ signer, signature }) => verify(null, message, signer, signature))) return null;
    return problem(
      'unauthorized',
      'the signature is not one of this bundle: it was changed after it was signed',
    );
  }
}
