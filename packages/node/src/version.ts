import {
  type CallInterface,
  decodeDebug,
  type Fingerprints,
  fingerprints,
  type Image,
  type ImageDebug,
} from '@smc/protocol';
import type { Program } from '@smc/vm';

/**
 * One version of a machine as a node holds it: the bytes that were sent, what was decoded of
 * them, and the verified program. It never changes.
 */
export interface Version {
  readonly image: Image;
  readonly bytes: Uint8Array;
  readonly debugBytes: Uint8Array;
  readonly fingerprints: Fingerprints;
  readonly program: Program;
  /** For printing: the field names of record types in declared order. */
  readonly fieldOrder: ImageDebug['fieldOrder'];
  readonly operationIndex: ReadonlyMap<string, number>;
  /** For binary requests. */
  readonly calls: CallInterface;
  /** For messages: where each invariant stands, `shop.sm:7`; null where that is not known. */
  readonly invariantPlaces: readonly (string | null)[];
}

const NO_DEBUG: ImageDebug = {
  files: [],
  functions: [],
  fieldOrder: [],
  typeNames: [],
  documentation: [],
  carriedOut: [],
};

/** Debug data that anybody may have sent. It decides nothing: where it can not be read, there is none. */
export function readDebug(bytes: Uint8Array): ImageDebug {
  const debug = decodeDebug(bytes);
  return debug.ok ? debug.value : NO_DEBUG;
}

/** Puts a version together; `program` is what the image was verified to. */
export function makeVersion(
  image: Image,
  bytes: Uint8Array,
  program: Program,
  debugBytes: Uint8Array,
): Version {
  const debug = readDebug(debugBytes);
  return {
    image,
    bytes,
    debugBytes,
    fingerprints: fingerprints(image),
    program,
    fieldOrder: debug.fieldOrder,
    invariantPlaces: image.invariants.map((body) => {
      const place = debug.functions[body]?.positions[0];
      return place === undefined ? null : `${debug.files[place.file]}:${place.line}`;
    }),
    calls: { key: image.key, types: program.types, operations: program.operations },
    operationIndex: new Map(image.operations.map(({ name }, index) => [name, index])),
  };
}
