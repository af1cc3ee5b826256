import { sha256 } from '@noble/hashes/sha2.js';
import { type ByteReader, ByteWriter, type Decoded, decoding } from './bytes.ts';
import { toHex } from './hexadecimal.ts';

/**
 * A bundle with signatures before it. They are about every byte of the bundle, debug data too, and whoever
 * reads a bundle passes over them: a signed file is good wherever an unsigned one is. Who made a
 * signature, and whether it is one, is for the node to say; nothing here knows any cryptography.
 *
 * ```
 * signed = 00 73 6d 73  version  count (key[32] signature[64])*  bundle     ascending by key
 * ```
 */
export interface SignedBundle {
  /** None where the bundle is not signed. */
  readonly signatures: readonly Signature[];
  /** The bundle itself: a view. */
  readonly bundle: Uint8Array;
}

/** An Ed25519 signature (RFC 8032). */
export interface Signature {
  /** The public key of the one who signed: 32 bytes. */
  readonly key: Uint8Array;
  /** Of `signedMessage`: 64 bytes. */
  readonly signature: Uint8Array;
}

const SIGNED_MAGIC = Uint8Array.of(0x00, 0x73, 0x6d, 0x73);
const SIGNED_VERSION = 1;

/** Of a public key, and of a signature. */
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** As many as a bundle has. */
export const SIGNATURES_MAX = 16;

/** So that a signature of a bundle is one of nothing else, whatever other things its key signs. */
const DOMAIN = 'smc signed bundle\n';

/** The bytes that are signed for a bundle. */
export function signedMessage(bundle: Uint8Array): Uint8Array {
  const message = new Uint8Array(DOMAIN.length + bundle.length);
  for (let i = 0; i < DOMAIN.length; i++) message[i] = DOMAIN.charCodeAt(i);
  message.set(bundle, DOMAIN.length);
  return message;
}

/** A bundle with its signatures: 1 to `SIGNATURES_MAX`, of different keys. */
export function encodeSigned({ signatures, bundle }: SignedBundle): Uint8Array {
  const sorted = signatures.toSorted((a, b) => compareBytes(a.key, b.key));
  if (sorted.length === 0 || sorted.length > SIGNATURES_MAX) {
    throw new Error(`${sorted.length} signatures where 1 to ${SIGNATURES_MAX} are`);
  }
  const writer = new ByteWriter();
  writer.raw(SIGNED_MAGIC);
  writer.byte(SIGNED_VERSION);
  writer.unsigned(sorted.length);
  for (const [i, { key, signature }] of sorted.entries()) {
    if (key.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) {
      throw new Error(`a key of ${key.length} bytes with a signature of ${signature.length}`);
    }
    if (i > 0 && compareBytes(sorted[i - 1].key, key) === 0) throw new Error('two signatures of one key');
    writer.raw(key);
    writer.raw(signature);
  }
  writer.raw(bundle);
  return writer.bytes();
}

/** What people compare keys by: SHA-256 of the 32 bytes of a public key, as 64 hex digits. */
export function keyFingerprint(key: Uint8Array): string {
  return toHex(sha256(key));
}

/** The signatures of a bundle, which is not looked into. */
export function openSigned(bytes: Uint8Array): Decoded<SignedBundle> {
  return decoding(bytes, (reader) => {
    const signatures = takeSignatures(reader);
    return { signatures, bundle: reader.raw(reader.remaining) };
  });
}

/** Goes past the signatures that stand before a bundle, if there are any. */
export function takeSignatures(reader: ByteReader): Signature[] {
  if (!reader.startsWith(SIGNED_MAGIC)) return [];
  reader.raw(SIGNED_MAGIC.length);
  const version = reader.byte();
  if (version !== SIGNED_VERSION) {
    reader.fail(`unknown version ${version} of signatures; known is version ${SIGNED_VERSION}`);
  }
  const count = reader.count('signatures', SIGNATURES_MAX);
  if (count === 0) reader.fail('no signature where there is room for some');
  const signatures: Signature[] = [];
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    const key = reader.raw(KEY_BYTES);
    if (i > 0 && compareBytes(signatures[i - 1].key, key) >= 0) {
      reader.fail('signatures must ascend by key', start);
    }
    signatures.push({ key, signature: reader.raw(SIGNATURE_BYTES) });
  }
  return signatures;
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i] - right[i];
  }
  return left.length - right.length;
}
