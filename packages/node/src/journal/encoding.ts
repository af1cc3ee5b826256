import { type ByteReader, ByteWriter, type Decoded, decoding } from '@smc/protocol';
import { type BlobStore, sha256 } from './blobs.ts';
import type {
  ChangeEntry,
  ChangePart,
  Entry,
  InputEntry,
  KeptEntry,
  KeptReply,
  Origin,
  Outcome,
  RefusalEntry,
  RequestKey,
} from './entry.ts';

/**
 * How entries are written: a byte for the kind, then the fields in order, in the primitive
 * forms of the protocol (`ByteWriter`). The header holds the version of all that follows it.
 *
 * Images, upgrades and debug data are written once: the entry in which one first occurs
 * carries its bytes, every entry names it by SHA-256. So writer and reader of a log each keep
 * a `BlobStore`, and entries are written and read in order.
 */
export const JOURNAL_VERSION = 1;

const MAGIC = 0x736d636a; // "smcj"

/** Kinds below `FOLDABLE_FROM` are structural. Codes are never used again for another meaning. */
const KIND = {
  header: 1,
  change: 2,
  removal: 4,
  input: 16,
  state: 17,
  kept: 18,
  refusal: 19,
  machine: 20,
} as const;
const FOLDABLE_FROM = 16;

const OUTCOMES = ['ok', 'fault', 'exhausted'] as const;

/** Bounds of what a reader takes; a writer stays far below them. */
const READ_LIMITS = {
  partsMax: 65_536,
  nameBytesMax: 1_024,
  messageBytesMax: 65_536,
  keyBytesMax: 4_096,
  bytesMax: 1024 * 1024 * 1024,
} as const;

/** Whether an encoded entry may be folded into a base. */
export function isFoldable(record: Uint8Array): boolean {
  return record[0] >= FOLDABLE_FROM;
}

/** The encoding of the entry that comes next in the log whose blobs these are. */
export function encodeEntry(entry: Entry, blobs: BlobStore): Uint8Array {
  // One for all, as most entries are small and come in their thousands; a large one is not kept.
  const writer = sharedWriter;
  writer.truncate(0);
  writeEntry(writer, entry, blobs);
  const bytes = writer.bytes();
  if (bytes.length > SHARED_BYTES_MAX) sharedWriter = new ByteWriter();
  return bytes;
}

const SHARED_BYTES_MAX = 64 * 1024;
let sharedWriter = new ByteWriter();

function writeEntry(writer: ByteWriter, entry: Entry, blobs: BlobStore): void {
  writer.byte(KIND[entry.kind]);
  if (entry.kind === 'header') {
    writer.unsigned(MAGIC);
    writer.unsigned(entry.version);
    return;
  }
  if (entry.kind !== 'kept' && entry.kind !== 'state') {
    writer.integer(entry.position);
    writer.integer(entry.time);
  }
  switch (entry.kind) {
    case 'change':
      writeChange(writer, entry, blobs);
      break;
    case 'refusal':
      writer.string(entry.code);
      writer.string(entry.message);
      writer.unsigned(entry.machines.length);
      for (const { name, running } of entry.machines) {
        writer.string(name);
        writeDigest(writer, running);
      }
      break;
    case 'removal':
      writer.string(entry.machine);
      break;
    case 'input':
      writeInput(writer, entry);
      break;
    case 'machine':
      writer.unsigned(entry.machine);
      writer.integer(entry.inputs);
      writer.integer(entry.faults);
      break;
    case 'state':
      writer.unsigned(entry.machine);
      writer.string(entry.instance);
      writeBytes(writer, entry.state);
      break;
    case 'kept':
      writer.unsigned(entry.machine);
      writeRequest(writer, entry.request);
      writeReply(writer, entry.reply);
      break;
  }
}

/** Mirror of `encodeEntry`. The first entry must be a header; its version is checked here. */
export function decodeEntry(record: Uint8Array, blobs: BlobStore): Decoded<Entry> {
  return decoding(record, (reader) => {
    const kind = reader.byte();
    if (kind === KIND.header) return readHeader(reader);
    if (kind === KIND.kept) return readKept(reader);
    if (kind === KIND.state) return readState(reader);
    const position = reader.integer();
    const time = reader.integer();
    switch (kind) {
      case KIND.change:
        return { kind: 'change', position, time, parts: readParts(reader, blobs) } satisfies ChangeEntry;
      case KIND.refusal:
        return {
          kind: 'refusal',
          position,
          time,
          code: reader.string(READ_LIMITS.nameBytesMax),
          message: reader.string(READ_LIMITS.messageBytesMax),
          machines: readList(reader, () => ({
            name: reader.string(READ_LIMITS.nameBytesMax),
            running: readDigest(reader),
          })),
        } satisfies RefusalEntry;
      case KIND.removal:
        return { kind: 'removal', position, time, machine: reader.string(READ_LIMITS.nameBytesMax) };
      case KIND.input:
        return readInput(reader, position, time);
      case KIND.machine:
        return {
          kind: 'machine',
          position,
          time,
          machine: reader.unsigned(),
          inputs: reader.integer(),
          faults: reader.integer(),
        };
      default:
        return reader.fail(`no entry has the kind ${kind}`, 0);
    }
  });
}

function readHeader(reader: ByteReader): Entry {
  if (reader.unsigned() !== MAGIC) reader.fail('not a journal');
  const version = reader.unsigned();
  if (version !== JOURNAL_VERSION) {
    reader.fail(`a journal of version ${version}, and this node reads version ${JOURNAL_VERSION}`);
  }
  return { kind: 'header', version };
}

function writeChange(writer: ByteWriter, entry: ChangeEntry, blobs: BlobStore): void {
  const fresh: Uint8Array[] = [];
  const name = (blob: Uint8Array): string => {
    const digest = sha256(blob);
    if (blobs.add(digest, blob)) fresh.push(blob);
    return digest;
  };
  const named = entry.parts.map((part) => ({
    machine: part.machine,
    digests: [part.image, part.debug, ...(part.upgrade === null ? [] : [part.upgrade])].map(name),
  }));
  writer.unsigned(fresh.length);
  for (const blob of fresh) writeBytes(writer, blob);
  writer.unsigned(named.length);
  for (const { machine, digests } of named) {
    writer.string(machine);
    writer.byte(digests.length);
    for (const digest of digests) writeDigest(writer, digest);
  }
}

function readParts(reader: ByteReader, blobs: BlobStore): ChangePart[] {
  for (const blob of readList(reader, () => readBytes(reader).slice())) blobs.add(sha256(blob), blob);
  const known = (): Uint8Array => {
    const start = reader.offset;
    const digest = readDigest(reader);
    return blobs.get(digest) ?? reader.fail(`nothing before it in the log has the digest ${digest}`, start);
  };
  return readList(reader, () => {
    const machine = reader.string(READ_LIMITS.nameBytesMax);
    const count = reader.byte();
    if (count !== 2 && count !== 3) reader.fail(`${count} digests where 2 or 3 are`);
    return { machine, image: known(), debug: known(), upgrade: count === 3 ? known() : null };
  });
}

function writeInput(writer: ByteWriter, entry: InputEntry): void {
  writer.unsigned(entry.machine);
  writer.string(entry.instance);
  if (entry.request === null) writer.byte(NO_REQUEST);
  else writeRequest(writer, entry.request);
  writeOrigin(writer, entry.origin);
  writer.unsigned(entry.operation);
  writeBytes(writer, entry.input);
  writeOutcome(writer, entry.outcome);
}

function readInput(reader: ByteReader, position: number, time: number): InputEntry {
  return {
    kind: 'input',
    position,
    time,
    machine: reader.unsigned(),
    instance: reader.string(READ_LIMITS.keyBytesMax),
    request: readRequest(reader),
    origin: readOrigin(reader),
    operation: reader.unsigned(),
    input: readBytes(reader),
    outcome: readOutcome(reader),
  };
}

function readState(reader: ByteReader): Entry {
  return {
    kind: 'state',
    machine: reader.unsigned(),
    instance: reader.string(READ_LIMITS.keyBytesMax),
    state: readBytes(reader),
  };
}

function writeOutcome(writer: ByteWriter, outcome: Outcome): void {
  writer.byte(OUTCOMES.indexOf(outcome.kind));
  if (outcome.kind !== 'ok') writer.string(outcome.message);
}

function readOutcome(reader: ByteReader): Outcome {
  const kind = OUTCOMES[reader.index('an outcome', OUTCOMES.length)];
  return kind === 'ok' ? { kind } : { kind, message: reader.string(READ_LIMITS.messageBytesMax) };
}

function writeReply(writer: ByteWriter, reply: KeptReply): void {
  writeOutcome(writer, reply);
  if (reply.kind !== 'ok') return;
  writeOrigin(writer, reply.origin);
  writeBytes(writer, reply.value);
}

function readKept(reader: ByteReader): KeptEntry {
  const machine = reader.unsigned();
  const request = readRequest(reader) ?? reader.fail('a kept reply without a request');
  const outcome = readOutcome(reader);
  if (outcome.kind !== 'ok') return { kind: 'kept', machine, request, reply: outcome };
  const origin = readOrigin(reader);
  return { kind: 'kept', machine, request, reply: { kind: 'ok', origin, value: readBytes(reader) } };
}

function writeOrigin(writer: ByteWriter, origin: Origin): void {
  writer.unsigned(origin.interface);
  writer.unsigned(origin.operation);
}

function readOrigin(reader: ByteReader): Origin {
  return { interface: reader.unsigned(), operation: reader.unsigned() };
}

/** What stands before a request key: its form. */
const NO_REQUEST = 0;
const KEYED_REQUEST = 1;
const SESSION_REQUEST = 2;

const SESSION_BYTES = 16;

function writeRequest(writer: ByteWriter, request: RequestKey): void {
  if ('session' in request) {
    writer.byte(SESSION_REQUEST);
    writer.hexadecimal(request.session);
    writer.integer(request.id);
    writer.integer(request.digest);
  } else {
    writer.byte(KEYED_REQUEST);
    writer.string(request.key);
    writeDigest(writer, request.digest);
  }
}

function readRequest(reader: ByteReader): RequestKey | null {
  switch (reader.index('a form of request', 3)) {
    case NO_REQUEST:
      return null;
    case KEYED_REQUEST:
      return { key: reader.string(READ_LIMITS.keyBytesMax), digest: readDigest(reader) };
    default:
      return {
        session: Buffer.from(reader.raw(SESSION_BYTES)).toString('hex'),
        id: reader.integer(),
        digest: reader.integer(),
      };
  }
}

function writeDigest(writer: ByteWriter, digest: string): void {
  writer.hexadecimal(digest);
}

function readDigest(reader: ByteReader): string {
  return Buffer.from(reader.raw(32)).toString('hex');
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.unsigned(bytes.length);
  writer.raw(bytes);
}

function readBytes(reader: ByteReader): Uint8Array {
  return reader.raw(reader.count('bytes', READ_LIMITS.bytesMax));
}

function readList<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.count('items', READ_LIMITS.partsMax);
  return Array.from({ length: count }, read);
}
