/**
 * The constants of the binary format, for encoder and decoder alike: magic numbers, the
 * version, the numbers of kinds (the position in the list; never changed, only added to),
 * and the limits that a decoder holds to.
 */

/** `00 73 6d 62`: a bundle. */
export const BUNDLE_MAGIC = Uint8Array.of(0x00, 0x73, 0x6d, 0x62);
/** `00 73 6d 69`: an image, also where it stands alone. */
export const IMAGE_MAGIC = Uint8Array.of(0x00, 0x73, 0x6d, 0x69);

/** The byte after the magic. Version 1 had no maps, sets and defaults of fields, and was never released. */
export const FORMAT_VERSION = 2;

/** A base type has no entry in a type table. */
export const TYPE_KINDS: readonly string[] = ['', 'tuple', 'record', 'list', 'sum', 'function', 'map', 'set'];
export const KEY_KINDS = ['none', 'string', 'int'] as const;
export const WAY_KINDS = ['identity', 'adapter', 'dropped'] as const;
export const CLAUSE_KINDS = ['rename', 'drop'] as const;

/** Beside these, no count may be larger than the number of bytes that follow it. */
export const FORMAT_LIMITS = {
  bundleBytesMax: 16 * 1024 * 1024,
  /** Of an image, and of what an upgrade says beside its header. */
  imageBytesMax: 4 * 1024 * 1024,
  /** UTF-16 units of the state type and all operations of an image, written out as text. */
  interfaceLengthMax: 1024 * 1024,
  nameBytesMax: 128,
  typeArgumentsMax: 64,
  /** Of the type table of a unit, and of its constants. */
  typesBytesMax: 1024 * 1024,
  constantsBytesMax: 512 * 1024,
  /** The same by `sizeOf`, which is about their memory: a unit is encoded in a byte, and more than that decoded. */
  constantsSizeMax: 4 * 1024 * 1024,
  constantsMax: 65_536,
  functionsMax: 65_536,
  functionWordsMax: 65_536,
  /** Of all functions of a unit. */
  unitWordsMax: 262_144,
  operationsMax: 4_096,
  invariantsMax: 1_024,
  /** Fields that inputs may leave out. */
  defaultsMax: 4_096,
  /** Images of a bundle, and upgrades. */
  imagesMax: 1_024,
  clausesMax: 1_024,
  /** More than a type is deep. */
  clauseStepsMax: 128,
  /** Of source files named in debug data. */
  filesMax: 4_096,
  /** Of a file name, and of a piece of documentation. */
  debugTextBytesMax: 65_536,
  debugEntriesMax: 1_048_576,
} as const;

/** Of a fingerprint: a SHA-256 digest. */
export const FINGERPRINT_BYTES = 32;
