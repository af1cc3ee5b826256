import { type ByteReader, ByteWriter, type Decoded, decoding, type DeployedMachine } from '@smc/protocol';
import { type BlobStore, type NamedBlob, sha256 } from './blobs.ts';
import type {
  ChangeEntry,
  ChangePart,
  ChangeRequest,
  Entry,
  HeaderRequestKey,
  InputEntry,
  KeptEntry,
  Origin,
  Outcome,
  RefusalEntry,
  RemovalEntry,
  RequestKey,
} from './entry.ts';
import type { LogGroup } from './group.ts';
import type { FirstOutcome, ForgottenSession } from '../kept.ts';

/**
 * How entries are written: a byte for the kind, then by how many milliseconds it is later than the entry
 * before it in its group, then the fields in order, in the primitive forms of the protocol (`ByteWriter`). The position
 * of an entry is not written: it is that of the group and the entries before it.
 *
 * Images, upgrades and debug data are not written into entries, which name them by SHA-256. The group in
 * which one first occurs, or occurs again when no machine had it any more, carries its bytes: so writer and reader of a log each keep a `BlobStore`, and entries
 * are written and read in order.
 */

/** Codes are never used again for another meaning. Of a keyed one the request comes first, then what it has without. */
const KIND = { change: 2, removal: 4, input: 16, refusal: 19, keyedChange: 20, keyedRemoval: 21 } as const;
const KEYED = { change: KIND.keyedChange, removal: KIND.keyedRemoval } as const;

/** What became of a machine that was sent. */
const RESULTS = ['deployed', 'upgraded', 'unchanged'] as const;

const OUTCOMES = ['ok', 'fault', 'exhausted'] as const;

/** In place of an outcome, where a checkpoint has a request without its reply. */
const NO_REPLY = 3;

/** What an input has beside its machine, instance, operation and value. */
const HAS_REQUEST = 1;
const HAS_FAILED = 2;

/** The forms of a request key. */
const OF_HEADER = 0;
const OF_SESSION = 1;
const SESSION_BYTES = 16;

/** Bounds of what a reader takes; a writer stays far below them. */
const READ_LIMITS = {
  partsMax: 65_536,
  /** Versions before this one bounded them for each machine alone: 100 of each of 10,000. */
  refusalsMax: 1_000_000,
  nameBytesMax: 1_024,
  messageBytesMax: 65_536,
  keyBytesMax: 4_096,
  bytesMax: 1024 * 1024 * 1024,
} as const;

/**
 * The limit of the size of a value that is read from a journal. It was measured when it came about; were it measured
 * again, what a node has written could be such that no node starts with it.
 */
export const ANY_SIZE = Number.POSITIVE_INFINITY;

/** Whether an entry stays in the log for ever. */
export function isStructural({ kind }: Entry): boolean {
  return kind === 'change' || kind === 'removal';
}

/** An input without its place, and without its value, which a writer has in another form. */
export type InputFields = Omit<InputEntry, 'kind' | 'position' | 'time' | 'input'>;

/** Writes an input that is so many milliseconds later than the entry before it. */
export function writeInput(
  writer: ByteWriter,
  millis: number,
  { machine, instance, operation, origin, request, outcome }: InputFields,
  input: ByteWriter,
): void {
  writer.byte(KIND.input);
  writer.integer(millis);
  writer.unsigned(machine);
  writer.string(instance);
  writer.unsigned(operation);
  writeOrigin(writer, origin);
  writer.byte((request === null ? 0 : HAS_REQUEST) + (outcome.kind === 'ok' ? 0 : HAS_FAILED));
  if (request !== null) writeRequest(writer, request);
  if (outcome.kind !== 'ok') writeOutcome(writer, outcome);
  writer.unsigned(input.length);
  writer.written(input);
}

/** Writes another entry, and gives the blobs that it names and that were not there before. */
export function writeEntry(
  writer: ByteWriter,
  millis: number,
  entry: ChangeEntry | RemovalEntry | RefusalEntry,
  blobs: BlobStore,
): readonly NamedBlob[] {
  const request = entry.kind === 'refusal' ? null : entry.request;
  writer.byte(entry.kind === 'refusal' || request === null ? KIND[entry.kind] : KEYED[entry.kind]);
  writer.integer(millis);
  if (request !== null) writeChangeRequest(writer, request);
  switch (entry.kind) {
    case 'change':
      return writeChange(writer, entry, blobs);
    case 'removal':
      writer.string(entry.machine);
      return [];
    case 'refusal':
      writeRefusal(writer, entry);
      return [];
  }
}

/** The entries of a group, for tools; the blobs are those of the log up to here, and get those of the group. */
export function decodeGroup(
  { first, count, time, bytes, blobs: fresh }: LogGroup,
  blobs: BlobStore,
): Decoded<readonly Entry[]> {
  for (const { digest, bytes: blob } of fresh) blobs.add(digest, blob);
  return decoding(bytes, (reader) => {
    const entries: Entry[] = [];
    for (let i = 0; i < count; i++) {
      entries.push(readEntry(reader, first + i, entries.at(-1)?.time ?? time, blobs));
    }
    return entries;
  });
}

/** Those of the log up to an entry, which names one for a machine. */
interface KnownBlobs {
  get(digest: string, machine: string): Uint8Array | undefined;
}

/** Mirror of `writeInput` and `writeEntry`; the time of the entry before it is that of the group for the first. */
export function readEntry(
  reader: ByteReader,
  position: number,
  timeBefore: number,
  blobs: KnownBlobs,
): Entry {
  if (isInput(reader)) {
    const head = readInputHead(reader, timeBefore);
    return { kind: 'input', position, ...head, input: reader.raw(head.inputBytes) };
  }
  const start = reader.offset;
  const kind = reader.byte();
  const time = readTime(reader, timeBefore);
  switch (kind) {
    case KIND.change:
    case KIND.keyedChange: {
      const request = kind === KIND.keyedChange ? readChangeRequest(reader) : null;
      return { kind: 'change', position, time, request, parts: readParts(reader, blobs) };
    }
    case KIND.removal:
    case KIND.keyedRemoval: {
      const request = kind === KIND.keyedRemoval ? readChangeRequest(reader) : null;
      return { kind: 'removal', position, time, request, machine: reader.string(READ_LIMITS.nameBytesMax) };
    }
    case KIND.refusal:
      return { kind: 'refusal', position, time, ...readRefusal(reader) };
    default:
      return reader.fail(`no entry has the kind ${kind}`, start);
  }
}

/** Whether an input comes next. */
export function isInput(reader: ByteReader): boolean {
  return reader.peek() === KIND.input;
}

/** An input up to its value, of which the bytes follow: a replay decodes them where they are. */
export interface InputHead extends InputFields {
  readonly time: number;
  readonly inputBytes: number;
}

/** Reads the input that comes next; see `isInput`. */
export function readInputHead(reader: ByteReader, timeBefore: number): InputHead {
  reader.byte();
  const time = readTime(reader, timeBefore);
  const machine = reader.unsigned();
  const instance = reader.string(READ_LIMITS.keyBytesMax);
  const operation = reader.unsigned();
  const origin = readOrigin(reader);
  const flags = reader.index('flags', 4);
  const request = (flags & HAS_REQUEST) === 0 ? null : readRequest(reader);
  const outcome = (flags & HAS_FAILED) === 0 ? OK : readOutcome(reader);
  const inputBytes = reader.count('bytes', READ_LIMITS.bytesMax);
  return { time, machine, instance, operation, origin, request, outcome, inputBytes };
}

function readTime(reader: ByteReader, timeBefore: number): number {
  const start = reader.offset;
  const millis = reader.integer();
  const time = timeBefore + millis;
  if (millis < 0 || !Number.isSafeInteger(time)) reader.fail('time goes back', start);
  return time;
}

const OK: Outcome = { kind: 'ok' };

function writeChange(writer: ByteWriter, entry: ChangeEntry, blobs: BlobStore): readonly NamedBlob[] {
  const fresh: NamedBlob[] = [];
  const name = (bytes: Uint8Array, machine: string): void => {
    const digest = sha256(bytes);
    if (blobs.add(digest, bytes, machine)) fresh.push({ digest, bytes });
    writeDigest(writer, digest);
  };
  writer.unsigned(entry.parts.length);
  for (const { machine, image, debug, upgrade } of entry.parts) {
    writer.string(machine);
    writer.byte(upgrade === null ? 0 : 1);
    name(image, machine);
    name(debug, machine);
    if (upgrade !== null) name(upgrade, machine);
  }
  return fresh;
}

function readParts(reader: ByteReader, blobs: KnownBlobs): ChangePart[] {
  const known = (machine: string): Uint8Array => {
    const start = reader.offset;
    const digest = readDigest(reader);
    return blobs.get(digest, machine) ?? reader.fail(`the log has no image or upgrade ${digest}`, start);
  };
  return readList(reader, () => {
    const machine = reader.string(READ_LIMITS.nameBytesMax);
    const isUpgrade = readFlag(reader);
    const [image, debug] = [known(machine), known(machine)];
    return { machine, image, debug, upgrade: isUpgrade ? known(machine) : null };
  });
}

function writeChangeRequest(writer: ByteWriter, { machines, ...key }: ChangeRequest): void {
  writeHeaderKey(writer, key);
  writer.byte(machines === null ? 0 : 1);
  if (machines === null) return;
  writer.unsigned(machines.length);
  for (const { name, result, from, code, back, notes } of machines) {
    writer.string(name);
    writer.byte(RESULTS.indexOf(result));
    writer.byte(from === null ? 0 : 1);
    if (from !== null) writeDigest(writer, from);
    writeDigest(writer, code);
    writer.byte(back ? 1 : 0);
    writer.unsigned(notes.length);
    for (const note of notes) writer.string(note);
  }
}

function readChangeRequest(reader: ByteReader): ChangeRequest {
  const key = readHeaderKey(reader);
  if (!readFlag(reader)) return { ...key, machines: null };
  const machines = readList(reader, (): DeployedMachine => {
    return {
      name: reader.string(READ_LIMITS.nameBytesMax),
      result: RESULTS[reader.index('a result', RESULTS.length)],
      from: readFlag(reader) ? readDigest(reader) : null,
      code: readDigest(reader),
      back: readFlag(reader),
      notes: readList(reader, () => reader.string(READ_LIMITS.bytesMax)),
    };
  });
  return { ...key, machines };
}

type RefusalFields = Pick<RefusalEntry, 'code' | 'message' | 'machines'>;

function writeRefusal(writer: ByteWriter, { code, message, machines }: RefusalFields): void {
  writer.string(code);
  writer.string(message);
  writer.unsigned(machines.length);
  for (const { name, running } of machines) {
    writer.string(name);
    writeDigest(writer, running);
  }
}

function readRefusal(reader: ByteReader): RefusalFields {
  return {
    code: reader.string(READ_LIMITS.nameBytesMax),
    message: reader.string(READ_LIMITS.messageBytesMax),
    machines: readList(reader, () => ({
      name: reader.string(READ_LIMITS.nameBytesMax),
      running: readDigest(reader),
    })),
  };
}

/** The refusals that histories tell, for a checkpoint: each with its place. */
export function encodeRefusals(refusals: readonly RefusalEntry[]): Uint8Array {
  const writer = new ByteWriter();
  writer.unsigned(refusals.length);
  for (const refusal of refusals) {
    writer.integer(refusal.position);
    writer.integer(refusal.time);
    writeRefusal(writer, refusal);
  }
  return writer.bytes();
}

/** Mirror of `encodeRefusals`, in the context of `decoding`. */
export function readRefusals(reader: ByteReader): RefusalEntry[] {
  const read = (): RefusalEntry => {
    const place = { position: reader.integer(), time: reader.integer() };
    return { kind: 'refusal', ...place, ...readRefusal(reader) };
  };
  return readList(reader, read, READ_LIMITS.refusalsMax);
}

/** A request with a key as a checkpoint has it; the value of the reply, where there is one, was written to `value`. */
export function writeKept(
  writer: ByteWriter,
  request: RequestKey,
  outcome: FirstOutcome | null,
  value: ByteWriter,
): void {
  writeRequest(writer, request);
  if (outcome === null) return writer.byte(NO_REPLY);
  writeOutcome(writer, outcome);
  if (outcome.kind !== 'ok') return;
  writeOrigin(writer, outcome.origin);
  writer.unsigned(value.length);
  writer.written(value);
}

/** Mirror of `writeKept`. */
export function readKept(reader: ByteReader): KeptEntry {
  const request = readRequest(reader);
  if (reader.peek() === NO_REPLY) {
    reader.byte();
    return { request, reply: null };
  }
  const outcome = readOutcome(reader);
  if (outcome.kind !== 'ok') return { request, reply: outcome };
  const origin = readOrigin(reader);
  return { request, reply: { kind: 'ok', origin, value: readBytes(reader) } };
}

/** How far sessions were of which requests are not kept any more, for a checkpoint. */
export function encodeForgotten(sessions: readonly ForgottenSession[]): Uint8Array {
  const writer = new ByteWriter();
  writer.unsigned(sessions.length);
  for (const { session, id } of sessions) {
    writeSession(writer, session);
    writer.integer(id);
  }
  return writer.bytes();
}

/** Mirror of `encodeForgotten`, in the context of `decoding`. */
export function readForgotten(reader: ByteReader): ForgottenSession[] {
  return readList(reader, () => ({ session: readSession(reader), id: reader.integer() }));
}

function writeOutcome(writer: ByteWriter, outcome: Outcome): void {
  writer.byte(OUTCOMES.indexOf(outcome.kind));
  if (outcome.kind !== 'ok') writer.string(outcome.message);
}

function readOutcome(reader: ByteReader): Outcome {
  const kind = OUTCOMES[reader.index('an outcome', OUTCOMES.length)];
  return kind === 'ok' ? OK : { kind, message: reader.string(READ_LIMITS.messageBytesMax) };
}

function writeOrigin(writer: ByteWriter, origin: Origin): void {
  writer.unsigned(origin.interface);
  writer.unsigned(origin.operation);
}

function readOrigin(reader: ByteReader): Origin {
  return { interface: reader.unsigned(), operation: reader.unsigned() };
}

function writeRequest(writer: ByteWriter, request: RequestKey): void {
  if ('session' in request) {
    writer.byte(OF_SESSION);
    writeSession(writer, request.session);
    writer.integer(request.id);
    writer.integer(request.digest);
  } else {
    writer.byte(OF_HEADER);
    writeHeaderKey(writer, request);
  }
}

function readRequest(reader: ByteReader): RequestKey {
  if (reader.index('a form of request key', 2) === OF_SESSION) {
    return { session: readSession(reader), id: reader.integer(), digest: reader.integer() };
  }
  return readHeaderKey(reader);
}

function writeHeaderKey(writer: ByteWriter, { key, digest }: HeaderRequestKey): void {
  writer.string(key);
  writeDigest(writer, digest);
}

function readHeaderKey(reader: ByteReader): HeaderRequestKey {
  return { key: reader.string(READ_LIMITS.keyBytesMax), digest: readDigest(reader) };
}

/** Bytes of sessions that were written: their digits take longer than all else of an input. */
const written = new Map<string, Uint8Array>();
const WRITTEN_MAX = 1_024;

function writeSession(writer: ByteWriter, session: string): void {
  const known = written.get(session);
  if (known !== undefined) return writer.raw(known);
  const start = writer.length;
  writer.hexadecimal(session);
  if (written.size >= WRITTEN_MAX) written.clear();
  written.set(session, writer.view(start, writer.length).slice());
}

/** Sessions that were read, by two of their bytes, for the same reason. */
const read: ({ readonly bytes: Uint8Array; readonly session: string } | undefined)[] = [];
const READ_MASK = 0x3ff;

function readSession(reader: ByteReader): string {
  const place = (reader.peek() | (reader.peek(1) << 8)) & READ_MASK;
  const known = read[place];
  if (known !== undefined && reader.startsWith(known.bytes)) {
    reader.skip(SESSION_BYTES);
    return known.session;
  }
  const bytes = reader.raw(SESSION_BYTES).slice();
  const session = Buffer.from(bytes).toString('hex');
  read[place] = { bytes, session };
  return session;
}

function writeDigest(writer: ByteWriter, digest: string): void {
  writer.hexadecimal(digest);
}

function readDigest(reader: ByteReader): string {
  return Buffer.from(reader.raw(32)).toString('hex');
}

function readFlag(reader: ByteReader): boolean {
  return reader.index('a flag', 2) === 1;
}

function readBytes(reader: ByteReader): Uint8Array {
  return reader.raw(reader.count('bytes', READ_LIMITS.bytesMax));
}

function readList<T>(reader: ByteReader, read: () => T, itemsMax: number = READ_LIMITS.partsMax): T[] {
  const count = reader.count('items', itemsMax);
  return Array.from({ length: count }, read);
}
