import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  ByteWriter,
  type CallFrame,
  decodeClientFrame,
  FRAME_MAGIC,
  FRAME_VERSION,
  FrameSplitter,
  type HelloFrame,
  type MachineAnswerFrame,
  type MachineFrame,
  writeCode,
  writeError,
  writeGoodbye,
  writeMachineAnswer,
  writePong,
  writeReply,
  writeWelcome,
} from '@smc/protocol';
import { authorizeCall, keyOfCaller, sourceOf } from '../access/access.ts';
import type { Reply, ValueReply } from '../event.ts';
import type { NodeCaller } from '../item.ts';
import { problem, type Problem } from '../problem.ts';
import { GAVE_UP, Refused } from '../refused.ts';
import type { NodeState } from '../state.ts';
import type { Version } from '../version.ts';
import type { Holder } from './held.ts';
import { Patience } from './patience.ts';
import { NOT_WRITTEN } from './reply.ts';
import { Reading } from './reading.ts';
import type { Service } from './service.ts';

/** When to try again after `overloaded`. */
const RETRY_MILLIS = 100;

/** What is written at once, about: a batch of small replies is one write, a large one does not wait. */
const FLUSH_BYTES_MIN = 256 * 1024;

/** A buffer that grew beyond this is not kept. */
const WRITER_BYTES_MAX = 64 * 1024;

/** Has what was written on framed connections sent together, when a turn is over. */
export class FrameFlushes {
  #dirty: FrameConnection[] = [];

  /** Has a connection flushed after all that happens in this turn: replies of one batch are one write. */
  add(connection: FrameConnection): void {
    if (this.#dirty.push(connection) === 1) queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) connection.flush();
  };
}

/** A machine that a connection speaks to. */
interface SpokenMachine {
  readonly number: number;
  readonly name: string;
  readonly interfaces: readonly [string];
  /** What digests of requests start from. */
  readonly seed: number;
  /** What the client was told that runs. */
  announced: Version | null;
}

/**
 * A connection of the framed protocol; docs/frames.md has the protocol.
 *
 * Invariants: at most `frameInFlightMax` calls wait for a reply. While the peer does not take its
 * replies nothing is read, nor after there was no room for a request until another one is answered: to refuse
 * one after the other would leave no time for what waits; what waits for it is bounded, for each connection and for all.
 */
export class FrameConnection implements Holder {
  readonly #socket: Socket;
  readonly #service: Service;
  readonly #flushes: FrameFlushes;
  readonly #splitter: FrameSplitter;
  readonly #patience: Patience;
  readonly #reading = new Reading(() => this.#readGuarded());
  #caller: NodeCaller;
  #output = new ByteWriter();
  #isDirty = false;
  /** Bytes of the magic that came. */
  #magic = 0;
  #session: string | null = null;
  readonly #machines: SpokenMachine[] = [];
  /** What is not answered yet; of that questions about machines, which are as many as there are machines. */
  #inFlight = 0;
  #asked = 0;
  /** Places of requests that were answered, for those to come. */
  readonly #free: Place[] = [];
  /** The peer takes no more for now. */
  #blocked = false;
  /** There was no room for its last request, and others wait. */
  #isHeldBack = false;
  /** The peer sends no more. */
  #endOfInput = false;
  /** Nothing more is read: the connection ends when what is due was sent. */
  #ended = false;
  /** Held for the peer, as was said last. */
  #inputBytes = 0;
  #outputBytes = 0;

  /** `nowMillis` is by the same clock as that of `sweep`. */
  constructor(socket: Socket, service: Service, flushes: FrameFlushes, nowMillis: number) {
    this.#socket = socket;
    this.#service = service;
    this.#caller = service.host.caller(sourceOf('', socket.remoteAddress));
    this.#flushes = flushes;
    this.#splitter = new FrameSplitter(service.limits.frameBytesMax);
    this.#patience = new Patience(service.limits, nowMillis);
    this.#output.raw(FRAME_MAGIC);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('end', () => {
      this.#endOfInput = true;
      this.#readGuarded();
    });
    socket.on('drain', () => {
      this.#blocked = false;
      this.#account();
      this.#readGuarded();
    });
    socket.on('close', () => {
      this.#ended = true;
      // It comes back, and sends again what it has no reply to.
      this.#caller.isGone = true;
      this.#account();
    });
    // A broken connection is no event of the node: 'close' follows.
    socket.on('error', () => socket.destroy());
  }

  receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#patience.active();
    const rest = this.#magic < FRAME_MAGIC.length ? this.#takeMagic(chunk) : chunk;
    if (rest === null) return;
    this.#splitter.push(rest);
    this.#readGuarded();
  }

  /** Tells the peer that the node stops; what was taken is answered. */
  announceStop(): void {
    if (this.#ended || this.#session === null) return;
    writeGoodbye(this.#output);
    this.flush();
  }

  /** Reads no more, and ends when the replies that are due were sent. */
  finish(): void {
    this.#ended = true;
    this.#splitter.clear();
    this.#account();
    this.flush();
  }

  /** The same where the node stops: all replies have been handed on. */
  stop(): void {
    this.finish();
    if (this.#inFlight === 0) this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  giveUp(what: 'input' | 'output'): void {
    if (what === 'output') return this.destroy();
    this.#refuseAll('too much is on its way; try again later', 'overloaded');
  }

  /** Closes the connection where something is late: to be called now and then. */
  sweep(nowMillis: number): void {
    const late = this.#patience.late(nowMillis, {
      isBlocked: this.#blocked,
      isGreeted: this.#session !== null,
      isPartial: this.#splitter.heldBytes > 0 && !this.#isHeldBack && !this.#reading.isHeld,
      isIdle: this.#inFlight === 0,
    });
    if (late === 'blocked') return this.destroy();
    if (this.#ended || late === null) return;
    if (late === 'greeting') return this.#refuseAll('no hello came in time');
    if (late === 'partial') return this.#refuseAll('a frame did not come whole in time');
    writeGoodbye(this.#output);
    this.finish();
  }

  /** Gives what follows the magic; null where nothing does, or something else came. */
  #takeMagic(chunk: Buffer): Buffer | null {
    let at = 0;
    while (at < chunk.length && this.#magic < FRAME_MAGIC.length) {
      if (chunk[at++] !== FRAME_MAGIC[this.#magic++]) {
        this.#refuseAll('this is neither a line nor a frame');
        return null;
      }
    }
    return at < chunk.length ? chunk.subarray(at) : null;
  }

  /** A defect that one connection brings to light must not end the others. */
  #readGuarded(): void {
    try {
      this.#read();
    } catch (error) {
      this.#service.host.report(error);
      this.destroy();
    }
  }

  #read(): void {
    const splitter = this.#splitter;
    let isNew = this.#inputBytes === 0;
    while (!this.#ended && !this.#isPaused && splitter.next()) {
      isNew = true;
      this.#frame(splitter.bytes, splitter.start, splitter.end);
    }
    if (isNew) this.#patience.partial();
    if (splitter.malformed !== null && !this.#ended) this.#refuseAll(splitter.malformed);
    // A frame that was cut off is none.
    if (this.#endOfInput && !this.#isPaused && !this.#ended) this.finish();
    if (splitter.heldBytes !== this.#inputBytes) this.#account();
    if (this.#isPaused && !this.#ended) this.#socket.pause();
    else this.#socket.resume();
  }

  get #isPaused(): boolean {
    return this.#blocked || this.#isHeldBack || this.#reading.isHeld;
  }

  #frame(bytes: Uint8Array, start: number, end: number): void {
    const decoded = decodeClientFrame(bytes, start, end);
    if (!decoded.ok) {
      const { message, offset } = decoded.malformed;
      return this.#refuseAll(`a frame is malformed: ${message} (byte ${offset - start})`);
    }
    const frame = decoded.value;
    if (frame.kind === 'hello') return this.#hello(frame);
    if (this.#session === null) return this.#refuseAll('the first frame is no hello');
    switch (frame.kind) {
      case 'call':
        return this.#call(this.#session, frame, bytes);
      case 'machine':
        return this.#speak(frame);
      case 'ping':
        this.#service.reading.count(this.#reading);
        writePong(this.#output);
        return this.#touch();
    }
  }

  #hello({ version, session, token }: HelloFrame): void {
    if (this.#session !== null) return this.#refuseAll('a second hello');
    if (version !== FRAME_VERSION) {
      const message = `the node speaks version ${FRAME_VERSION} of the framed protocol, the client version ${version}`;
      return this.#refuseAll(message);
    }
    const authorized = authorizeCall(this.#service.access, token === '' ? null : token);
    if (!authorized.ok) {
      this.#service.refusals.add({ protocol: 'frames', from: this.#socket.remoteAddress });
      return this.#refuseAll(authorized.problem.message, 'unauthorized');
    }
    this.#caller = this.#service.host.caller(sourceOf(authorized.caller, this.#socket.remoteAddress));
    this.#session = sessionOfCaller(authorized.caller, session);
    const { frameInFlightMax: inFlightMax, frameBytesMax } = this.#service.limits;
    writeWelcome(this.#output, { version: FRAME_VERSION, inFlightMax, frameBytesMax });
    this.#touch();
  }

  /** The machine gets its number also where it is unknown: requests that follow are then refused, each. */
  #speak({ name, interface: fingerprint }: MachineFrame): void {
    const { frameMachinesMax } = this.#service.limits;
    const number = this.#machines.length;
    if (number >= frameMachinesMax) {
      return this.#refuseAll(`a connection speaks to at most ${frameMachinesMax} machines`);
    }
    const seed = digestOf(0, Buffer.from(fingerprint, 'latin1'), 0, fingerprint.length);
    this.#machines.push({ number, name, interfaces: [fingerprint], seed, announced: null });
    this.#inFlight++;
    this.#asked++;
    const seen = this.#service.host.look((node) => lookUp(node, name, fingerprint), this.#caller);
    seen.catch(overloaded).then(
      (answer) => {
        this.#asked--;
        this.#answered();
        writeMachineAnswer(this.#output, { number, ...answer });
        this.#touch();
      },
      () => this.destroy(),
    );
  }

  #call(session: string, frame: CallFrame, bytes: Uint8Array): void {
    const { id, start, end, deadlineMillis } = frame;
    const machine = this.#machines[frame.machine];
    if (machine === undefined) return this.#refuseAll(`no machine has the number ${frame.machine}`);
    if (this.#inFlight - this.#asked >= this.#service.limits.frameInFlightMax) {
      this.#service.reading.count(this.#reading);
      return this.#refuse(id, GREEDY);
    }
    const place = this.#free.pop() ?? new Place(this);
    place.id = id;
    place.machine = machine;
    this.#inFlight++;
    this.#service.host.call(
      {
        machine: machine.name,
        key: null,
        interfaces: machine.interfaces,
        body: { form: 'binary', bytes, start, end },
        request: { session, id, digest: digestOf(machine.seed, bytes, start, end) },
        readOnly: false,
      },
      place.settle,
      deadlineMillis === 0 ? { caller: this.#caller } : { caller: this.#caller, deadlineMillis },
    );
    const isRefused = place.machine === null;
    if (isRefused) this.#service.reading.count(this.#reading);
    if (isRefused && this.#inFlight > 0) this.#isHeldBack = true;
  }

  /** Something that was on its way is answered: there is room to read on. */
  #answered(): void {
    this.#inFlight--;
    if (!this.#isHeldBack) return;
    this.#isHeldBack = false;
    queueMicrotask(() => this.#readGuarded());
  }

  /** Answers the request of a place, which is free then. */
  settle(place: Place, reply: Reply): void {
    const { id, machine } = place;
    place.machine = null;
    this.#answered();
    this.#free.push(place);
    if (this.#socket.destroyed || machine === null) return;
    // Without an answer the client sends it again, to the node that runs then.
    if (reply === GAVE_UP) return this.destroy();
    if (reply.kind === 'value') this.#reply(id, machine, reply);
    else if (reply.kind === 'refused') this.#tell(id, reply.problem);
    else throw new Error(`a call was answered with ${reply.kind}`);
  }

  #reply(id: number, machine: SpokenMachine, { version, types, type, value }: ValueReply): void {
    const output = this.#output;
    if (version !== machine.announced) {
      machine.announced = version;
      writeCode(output, machine.number, version.fingerprints.code);
    }
    const { length } = output;
    try {
      if (!writeReply(output, id, types, type, value)) return this.#tell(id, TOO_LARGE);
    } catch (error) {
      output.truncate(length);
      this.#service.host.report(error);
      return this.#tell(id, NOT_WRITTEN);
    }
    this.#touch();
  }

  /** Refuses what the host has not seen, which counts what it sees itself. */
  #refuse(id: number, refused: Problem): void {
    this.#service.host.metrics.refuse(refused.code);
    this.#tell(id, refused);
  }

  #tell(id: number, { code, message, path }: Problem): void {
    const retryMillis = code === 'overloaded' ? RETRY_MILLIS : 0;
    const place = path === undefined ? null : path.toWellFormed();
    writeError(this.#output, { id, code, message, path: place, retryMillis });
    this.#touch();
  }

  /** Ends the connection, and tells the peer why. */
  #refuseAll(message: string, code: 'bad-request' | 'overloaded' | 'unauthorized' = 'bad-request'): void {
    if (this.#ended) return;
    this.#refuse(0, problem(code, message));
    this.finish();
  }

  /** What was written is sent, at the end of the turn where it is small. */
  #touch(): void {
    if (this.#output.length >= FLUSH_BYTES_MIN) return this.flush();
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#flushes.add(this);
  }

  flush(): void {
    this.#isDirty = false;
    const output = this.#output;
    const { length } = output;
    const socket = this.#socket;
    if (length > 0 && !socket.destroyed && socket.writable) {
      const bytes = Buffer.allocUnsafe(length);
      bytes.set(output.view(0, length));
      const isTaken = socket.write(bytes);
      if (!isTaken && !this.#blocked) {
        this.#blocked = true;
        this.#patience.blocked();
        socket.pause();
      }
      if (!isTaken || this.#outputBytes > 0) this.#account();
    }
    if (length > WRITER_BYTES_MAX) this.#output = new ByteWriter();
    else output.clear();
    if (this.#ended && this.#inFlight === 0) this.#end();
  }

  #end(): void {
    const socket = this.#socket;
    if (socket.writableEnded || socket.destroyed) return;
    socket.end();
    // What the peer still sends is read and forgotten, so that it gets its replies; not for ever.
    socket.resume();
    const force = setTimeout(() => this.destroy(), this.#service.limits.closeMillisMax);
    socket.once('close', () => clearTimeout(force));
  }

  /** Says what is held for the peer. */
  #account(): void {
    const { destroyed, writableLength } = this.#socket;
    this.#inputBytes = destroyed ? 0 : this.#splitter.heldBytes;
    this.#outputBytes = destroyed ? 0 : writableLength;
    this.#service.held.set(this, this.#inputBytes, this.#outputBytes);
  }
}

/** A request that waits for its reply. It is used again for others: nothing is made anew for each. */
class Place {
  readonly #connection: FrameConnection;
  id = 0;
  machine: SpokenMachine | null = null;

  constructor(connection: FrameConnection) {
    this.#connection = connection;
  }

  readonly settle = (reply: Reply): void => this.#connection.settle(this, reply);
}

const GREEDY = problem('overloaded', 'too many requests of this connection wait for their reply');
const TOO_LARGE = problem('too-large', 'the input was carried out, but its reply is too large');

/** A session as it is kept: of one caller. */
function sessionOfCaller(caller: string, session: string): string {
  if (caller === '') return session;
  return createHash('sha256').update(keyOfCaller(caller, session)).digest('hex').slice(0, session.length);
}

/** What is said of a machine to whoever speaks an interface of it. */
type Spoken = Omit<MachineAnswerFrame, 'kind' | 'number'>;

/** Nothing is said of it now; what it is asked for is carried out all the same. */
function overloaded(error: unknown): Spoken {
  if (!(error instanceof Refused) || error.problem.code !== 'overloaded') throw error;
  return { running: null, refused: error.problem };
}

function lookUp({ machines }: NodeState, name: string, fingerprint: string): Spoken {
  const machine = machines.get(name);
  if (machine === undefined) {
    const message = `there is no machine ${JSON.stringify(name)}`;
    return { running: null, refused: problem('unknown-machine', message) };
  }
  const running = {
    code: machine.version.fingerprints.code,
    interface: machine.interfaces.current.fingerprint,
  };
  if (machine.interfaces.find(fingerprint) !== null) return { running, refused: null };
  const message = `${name} serves no interface ${fingerprint}; the running one is ${running.interface}`;
  return { running, refused: problem('unknown-interface', message) };
}

/** FNV-1a, of 32 bits: tells requests apart, where a client gave two of them one id by mistake. */
function digestOf(seed: number, bytes: Uint8Array, start: number, end: number): number {
  let digest = seed ^ 0x811c9dc5;
  for (let i = start; i < end; i++) digest = Math.imul(digest ^ bytes[i], 0x01000193);
  return digest | 0;
}
