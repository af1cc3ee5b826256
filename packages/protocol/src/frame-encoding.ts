import { type ByteReader, ByteWriter, type Decoded, decoding } from './bytes.ts';
import { FINGERPRINT_BYTES } from './format.ts';
import {
  type ClientFrame,
  type ErrorFrame,
  FRAME_LIMITS,
  FRAME_VERSION,
  type MachineAnswerFrame,
  type MachineFrame,
  type NodeFrame,
  type WelcomeFrame,
} from './frame.ts';
import { toHex } from './hexadecimal.ts';
import { type Image, KEY_BYTES_MAX } from './image.ts';
import type { ErrorCode } from './message.ts';
import type { TypeId, TypeTable } from './type.ts';
import type { Value } from './value.ts';
import { takeValue, writeValue } from './value-encoding.ts';

/**
 * How frames are written: the number of the bytes that follow in four bytes, most significant first;
 * a byte for the kind; then the fields in order, in the primitive forms (`bytes.ts`). A reader refuses
 * everything else, with the place.
 */

/** Numbers of kinds are never used again for another meaning. Those of a node have the highest bit. */
const KIND = {
  hello: 0x01,
  machine: 0x02,
  call: 0x03,
  ping: 0x04,
  welcome: 0x81,
  machineAnswer: 0x82,
  reply: 0x83,
  pong: 0x84,
  error: 0x85,
  code: 0x86,
  goodbye: 0x87,
} as const;

/** Begins a frame; gives what `endFrame` wants. */
function beginFrame(writer: ByteWriter, kind: number): number {
  const start = writer.length;
  writer.fixed(0);
  writer.byte(kind);
  return start;
}

function endFrame(writer: ByteWriter, start: number): void {
  writer.fixed(writer.length - start - 4, start);
}

// What a client writes.

/** `session` has 32 hex digits. */
export function writeHello(writer: ByteWriter, session: string, token: string): void {
  const start = beginFrame(writer, KIND.hello);
  writer.byte(FRAME_VERSION);
  writer.hexadecimal(session);
  writer.string(token);
  endFrame(writer, start);
}

export function writeMachine(
  writer: ByteWriter,
  { name, interface: spoken }: Omit<MachineFrame, 'kind'>,
): void {
  const start = beginFrame(writer, KIND.machine);
  writer.string(name);
  writer.hexadecimal(spoken);
  endFrame(writer, start);
}

/** `body` is what `encodeCall` gave. */
export function writeCall(
  writer: ByteWriter,
  {
    id,
    deadlineMillis,
    machine,
    body,
  }: { id: number; deadlineMillis: number; machine: number; body: Uint8Array },
): void {
  const start = beginFrame(writer, KIND.call);
  writer.integer(id);
  writer.unsigned(deadlineMillis);
  writer.unsigned(machine);
  writer.raw(body);
  endFrame(writer, start);
}

export function writePing(writer: ByteWriter): void {
  endFrame(writer, beginFrame(writer, KIND.ping));
}

/** What a call says to a machine: the instance, the operation by its index, and its input. */
export interface CallBody {
  /** As the machine is keyed: null, a String or an Int. */
  readonly key: string | number | null;
  readonly operation: number;
  readonly input: Value;
}

/** The bytes of a call, by the interface spoken: the key, if there is one, the operation, the input of type `input`. */
export function encodeCall(types: TypeTable, input: TypeId, body: CallBody): Uint8Array {
  const writer = new ByteWriter();
  if (typeof body.key === 'string') writer.string(body.key);
  else if (body.key !== null) writer.integer(body.key);
  writer.unsigned(body.operation);
  writeValue(writer, types, input, body.input);
  return writer.bytes();
}

/** What `decodeCall` needs of an interface: `types` has those of the inputs. */
export interface CallInterface {
  readonly key: Image['key'];
  readonly types: TypeTable;
  readonly operations: readonly { readonly input: TypeId }[];
}

/** The mirror of `encodeCall`, from the bytes in `[start, end)`. */
export function decodeCall(
  spoken: CallInterface,
  bytes: Uint8Array,
  start: number,
  end: number,
): Decoded<CallBody> {
  return decoding(bytes, takeCall, start, end, spoken);
}

function takeCall(reader: ByteReader, { key: kind, types, operations }: CallInterface): CallBody {
  const start = reader.offset;
  const key =
    kind === 'none' ? null : kind === 'int' ? reader.integer() : reader.string(KEY_BYTES_MAX, 'a key');
  if (key === '') reader.fail('a key has at least one byte', start);
  const operation = reader.index('operation', operations.length);
  return { key, operation, input: takeValue(reader, types, operations[operation].input) };
}

/** The frame in `[start, end)`, which begins with its kind. */
export function decodeClientFrame(bytes: Uint8Array, start: number, end: number): Decoded<ClientFrame> {
  return decoding(bytes, takeClientFrame, start, end);
}

function takeClientFrame(reader: ByteReader): ClientFrame {
  const kind = reader.byte();
  switch (kind) {
    case KIND.call: {
      const id = takeId(reader, 1);
      const deadlineMillis = reader.unsigned();
      const machine = reader.unsigned();
      const start = reader.offset;
      reader.skip(reader.remaining);
      return { kind: 'call', id, deadlineMillis, machine, start, end: reader.offset };
    }
    case KIND.hello: {
      const version = reader.byte();
      // What follows is that of another version; whoever looks at the version need not know it.
      if (version !== FRAME_VERSION) {
        reader.skip(reader.remaining);
        return { kind: 'hello', version, session: '', token: '' };
      }
      const session = toHex(reader.raw(FRAME_LIMITS.sessionBytes));
      return { kind: 'hello', version, session, token: reader.string(FRAME_LIMITS.tokenBytesMax, 'a token') };
    }
    case KIND.machine:
      return {
        kind: 'machine',
        name: reader.string(FRAME_LIMITS.nameBytesMax, 'a name'),
        interface: takeFingerprint(reader),
      };
    case KIND.ping:
      return { kind: 'ping' };
    default:
      return reader.fail(`a client sends no frame of kind ${kind}`, reader.offset - 1);
  }
}

// What a node writes.

export function writeWelcome(
  writer: ByteWriter,
  { version, inFlightMax, frameBytesMax }: Omit<WelcomeFrame, 'kind'>,
): void {
  const start = beginFrame(writer, KIND.welcome);
  writer.byte(version);
  writer.unsigned(inFlightMax);
  writer.unsigned(frameBytesMax);
  endFrame(writer, start);
}

export function writeMachineAnswer(writer: ByteWriter, answer: Omit<MachineAnswerFrame, 'kind'>): void {
  const { number, running, refused } = answer;
  const start = beginFrame(writer, KIND.machineAnswer);
  writer.unsigned(number);
  writer.byte(running === null ? 0 : 1);
  if (running !== null) {
    writer.hexadecimal(running.code);
    writer.hexadecimal(running.interface);
  }
  writer.byte(refused === null ? 0 : 1);
  if (refused !== null) {
    writer.string(refused.code);
    writer.string(refused.message);
  }
  endFrame(writer, start);
}

/**
 * The value of a reply. Gives false, and has written nothing, where its frame would be larger than
 * `FRAME_LIMITS` allows.
 */
export function writeReply(
  writer: ByteWriter,
  id: number,
  types: TypeTable,
  type: TypeId,
  value: Value,
): boolean {
  const start = beginFrame(writer, KIND.reply);
  writer.integer(id);
  writeValue(writer, types, type, value);
  if (writer.length - start - 4 > FRAME_LIMITS.replyBytesMax) {
    writer.truncate(start);
    return false;
  }
  endFrame(writer, start);
  return true;
}

export function writeError(writer: ByteWriter, error: Omit<ErrorFrame, 'kind'>): void {
  const start = beginFrame(writer, KIND.error);
  writer.integer(error.id);
  writer.string(error.code);
  writer.string(error.message);
  writer.byte(error.path === null ? 0 : 1);
  if (error.path !== null) writer.string(error.path);
  writer.unsigned(error.retryMillis);
  endFrame(writer, start);
}

export function writeCode(writer: ByteWriter, machine: number, code: string): void {
  const start = beginFrame(writer, KIND.code);
  writer.unsigned(machine);
  writer.hexadecimal(code);
  endFrame(writer, start);
}

export function writePong(writer: ByteWriter): void {
  endFrame(writer, beginFrame(writer, KIND.pong));
}

export function writeGoodbye(writer: ByteWriter): void {
  endFrame(writer, beginFrame(writer, KIND.goodbye));
}

/** The frame in `[start, end)`, which begins with its kind. */
export function decodeNodeFrame(bytes: Uint8Array, start: number, end: number): Decoded<NodeFrame> {
  return decoding(bytes, takeNodeFrame, start, end);
}

function takeNodeFrame(reader: ByteReader): NodeFrame {
  const kind = reader.byte();
  switch (kind) {
    case KIND.reply: {
      const id = takeId(reader, 1);
      const start = reader.offset;
      reader.raw(reader.remaining);
      return { kind: 'reply', id, start, end: reader.offset };
    }
    case KIND.error:
      return {
        kind: 'error',
        id: takeId(reader, 0),
        code: reader.string(FRAME_LIMITS.codeBytesMax, 'a code'),
        message: reader.string(FRAME_LIMITS.messageBytesMax, 'a message'),
        path: takeFlag(reader) ? reader.string(FRAME_LIMITS.messageBytesMax, 'a path') : null,
        retryMillis: reader.unsigned(),
      };
    case KIND.code:
      return { kind: 'code', machine: reader.unsigned(), code: takeFingerprint(reader) };
    case KIND.welcome:
      return {
        kind: 'welcome',
        version: reader.byte(),
        inFlightMax: reader.unsigned(),
        frameBytesMax: reader.unsigned(),
      };
    case KIND.machineAnswer:
      return takeMachineAnswer(reader);
    case KIND.pong:
      return { kind: 'pong' };
    case KIND.goodbye:
      return { kind: 'goodbye' };
    default:
      return reader.fail(`a node sends no frame of kind ${kind}`, reader.offset - 1);
  }
}

function takeMachineAnswer(reader: ByteReader): MachineAnswerFrame {
  const number = reader.unsigned();
  const running = takeFlag(reader)
    ? { code: takeFingerprint(reader), interface: takeFingerprint(reader) }
    : null;
  const refused = takeFlag(reader)
    ? {
        // A client need not know all codes.
        code: reader.string(FRAME_LIMITS.codeBytesMax, 'a code') as ErrorCode,
        message: reader.string(FRAME_LIMITS.messageBytesMax, 'a message'),
      }
    : null;
  return { kind: 'machine', number, running, refused };
}

function takeId(reader: ByteReader, least: number): number {
  const start = reader.offset;
  const id = reader.integer();
  if (id < least) reader.fail(`the id ${id}`, start);
  return id;
}

function takeFlag(reader: ByteReader): boolean {
  return reader.index('a flag', 2) === 1;
}

function takeFingerprint(reader: ByteReader): string {
  return toHex(reader.raw(FINGERPRINT_BYTES));
}
