import { sha256 } from '@noble/hashes/sha2.js';
import { ByteWriter } from './bytes.ts';
import { encodeImage, sortedByName, writeTypes } from './encode.ts';
import { KEY_KINDS } from './format.ts';
import { toHex } from './hexadecimal.ts';
import type { Fingerprints, Image } from './image.ts';
import { TypeNumbering } from './numbering.ts';
import type { TypeId, TypeTable } from './type.ts';
import { writeValue } from './value-encoding.ts';

/**
 * Fingerprints: SHA-256 over canonical encodings, each after the name of its domain, so that
 * no state can pass for an interface. Types are numbered for each fingerprint alone: two
 * machines with the same state type have the same state fingerprint, whatever else they hold.
 */
export function fingerprints(image: Image): Fingerprints {
  return {
    code: codeFingerprint(encodeImage(image)),
    state: stateFingerprint(image.unit.types, image.state),
    interface: interfaceFingerprint(image),
  };
}

/** Of the encoding of an image. */
export function codeFingerprint(imageBytes: Uint8Array): string {
  return digest('code', imageBytes);
}

/** Of a state type. */
export function stateFingerprint(types: TypeTable, state: TypeId): string {
  const numbering = new TypeNumbering(types);
  const root = numbering.use(state);
  const writer = new ByteWriter();
  writeTypes(writer, numbering.nodes);
  writer.unsigned(root);
  return digest('state', writer.bytes());
}

/** Of the kind of key and the operations: names, parameters with types and defaults (also of fields), replies. */
export function interfaceFingerprint(image: Image): string {
  const { types, constants } = image.unit;
  const numbering = new TypeNumbering(types);
  const operations = new ByteWriter();
  operations.byte(KEY_KINDS.indexOf(image.key));
  operations.unsigned(image.operations.length);
  for (const { name, parameters, reply } of sortedByName(image.operations)) {
    operations.string(name);
    operations.unsigned(parameters.length);
    for (const parameter of parameters) {
      operations.string(parameter.name);
      operations.unsigned(numbering.use(parameter.type));
      operations.byte(parameter.default === null ? 0 : 1);
      if (parameter.default !== null) {
        writeValue(operations, types, parameter.type, constants[parameter.default].value);
      }
    }
    operations.unsigned(numbering.use(reply));
  }
  const defaults = image.defaults
    .map(({ type, field, constant }) => ({ type: numbering.use(type), field, constant }))
    .sort((a, b) => a.type - b.type || a.field - b.field);
  operations.unsigned(defaults.length);
  for (const { type, field, constant } of defaults) {
    operations.unsigned(type);
    operations.unsigned(field);
    writeValue(operations, types, constants[constant].type, constants[constant].value);
  }
  const writer = new ByteWriter();
  writeTypes(writer, numbering.nodes);
  writer.raw(operations.bytes());
  return digest('interface', writer.bytes());
}

/** Of the tokens of a clause of an upgrade. */
export function clauseFingerprint(tokens: readonly string[]): string {
  const writer = new ByteWriter();
  for (const token of tokens) writer.string(token);
  return digest('clause', writer.bytes());
}

function digest(domain: string, bytes: Uint8Array): string {
  const writer = new ByteWriter();
  writer.string(`smc ${domain} fingerprint 1`);
  writer.raw(bytes);
  return toHex(sha256(writer.bytes()));
}

/** Digits that people see. */
export const SHORT_FINGERPRINT_DIGITS = 12;
/** Digits that people must type at least. */
export const FINGERPRINT_PREFIX_DIGITS_MIN = 8;

/** The first digits of a fingerprint: what people see. */
export function shortFingerprint(fingerprint: string): string {
  return fingerprint.slice(0, SHORT_FINGERPRINT_DIGITS);
}

export type FingerprintMatch =
  | { readonly kind: 'one'; readonly fingerprint: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly fingerprints: readonly string[] }
  /** Not 8 to 64 hexadecimal digits. */
  | { readonly kind: 'invalid' };

/** The known fingerprint that a prefix of at least 8 digits, in either case, stands for. */
export function matchFingerprint(prefix: string, known: Iterable<string>): FingerprintMatch {
  const digits = prefix.toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(digits)) return { kind: 'invalid' };
  const fingerprints = [...new Set(known)].filter((fingerprint) => fingerprint.startsWith(digits));
  if (fingerprints.length === 0) return { kind: 'none' };
  if (fingerprints.length > 1) return { kind: 'several', fingerprints };
  return { kind: 'one', fingerprint: fingerprints[0] };
}
