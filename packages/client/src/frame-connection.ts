import type { Socket } from 'node:net';
import {
  ByteWriter,
  decodeNodeFrame,
  type ErrorFrame,
  FRAME_LIMITS,
  FRAME_MAGIC,
  FRAME_VERSION,
  FrameSplitter,
  type NodeFrame,
  writeCall,
  writeHello,
  writeMachine,
  writePing,
} from '@smc/protocol';
import { tlsFailure } from './tls.ts';

/** A machine as a client speaks to it, by one interface. */
export interface SpokenMachine {
  readonly name: string;
  /** 64 hex digits. */
  readonly interface: string;
  /** Fingerprint of the code that runs, as last told; empty where it was not yet. */
  code: string;
}

/** What would be no better the next time: the node refused, or is none; or it is not reached, as its certificate is not taken. */
export type FinalFailure = Pick<ErrorFrame, 'code' | 'message'> | { readonly unreachable: string };

/** What a connection tells its client. */
export interface ConnectionEvents {
  /** The node took the hello. */
  welcome(): void;
  /** The value of a reply is in the bytes `[start, end)`, which hold until this returns. */
  reply(id: number, bytes: Uint8Array, start: number, end: number): void;
  /** `id` is that of a request. */
  refused(error: ErrorFrame): void;
  /** The node takes no more requests on this connection. */
  goodbye(): void;
  /** Once, at the end. */
  closed(end: ConnectionEnd): void;
}

/** Why a connection ended, and what that says of the next one. */
export interface ConnectionEnd {
  readonly reason: string;
  /** Null where the next one may fare better. */
  readonly final: FinalFailure | null;
  /** The node wants none before so many milliseconds have passed. */
  readonly retryMillis: number;
}

const UNANSWERED =
  'the connection was closed before anything came; a node that encrypts wants the option tls';

/** For what was written last, and the end of the other side, which says nothing where its host is gone. */
const END_MILLIS_MAX = 5_000;
/** What a node takes before it said how much: every node takes as much. */
const FRAME_BYTES_BEFORE = 1024 * 1024;

/**
 * One connection of the framed protocol, from its hello to its end. What is written in one turn is sent at
 * once. Requests may be written before the node has welcomed us.
 */
export class FrameConnection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #splitter = new FrameSplitter(FRAME_LIMITS.replyBytesMax);
  #output = new ByteWriter();
  #isDirty = false;
  #isClosed = false;
  #magic = 0;
  /** Their numbers on this connection are the places. */
  readonly #machines: SpokenMachine[] = [];
  readonly #numbers = new Map<SpokenMachine, number>();
  #reason: string | null = null;
  #final: FinalFailure | null = null;
  #retryMillis = 0;
  isWelcome = false;
  isLeaving = false;
  /** Since when something was waited for, and nothing has come; null where something has, or nothing is. */
  silentSince: number | null = null;
  inFlightMax = Number.POSITIVE_INFINITY;
  frameBytesMax = FRAME_BYTES_BEFORE;

  constructor(socket: Socket, session: string, token: string, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => socket.end());
    socket.on('close', () => this.#close());
    this.#output.raw(FRAME_MAGIC);
    writeHello(this.#output, session, token);
    this.#touch();
  }

  call(machine: SpokenMachine, id: number, deadlineMillis: number, body: Uint8Array): void {
    let number = this.#numbers.get(machine);
    if (number === undefined) {
      number = this.#machines.push(machine) - 1;
      this.#numbers.set(machine, number);
      writeMachine(this.#output, machine);
    }
    writeCall(this.#output, { id, deadlineMillis, machine: number, body });
    this.#touch();
  }

  ping(): void {
    writePing(this.#output);
    this.#touch();
  }

  /** Sends what was written, and no more; nothing that comes is taken, and nobody has to wait for it. */
  end(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#socket.end();
    this.#socket.setTimeout(END_MILLIS_MAX, () => this.#socket.destroy());
    this.#close();
  }

  destroy(reason: string): void {
    this.#giveUp(reason);
  }

  #take(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.silentSince = null;
    let at = 0;
    while (this.#magic < FRAME_MAGIC.length && at < chunk.length) {
      if (chunk[at++] !== FRAME_MAGIC[this.#magic++])
        return this.#refuseNode('what answers does not speak frames');
    }
    if (at === chunk.length) return;
    const splitter = this.#splitter;
    splitter.push(at === 0 ? chunk : chunk.subarray(at));
    while (!this.#isClosed && splitter.next()) {
      const decoded = decodeNodeFrame(splitter.bytes, splitter.start, splitter.end);
      if (!decoded.ok)
        return this.#refuseNode(`a frame that is not understood: ${decoded.malformed.message}`);
      this.#frame(decoded.value, splitter.bytes);
    }
    if (splitter.malformed !== null) this.#refuseNode(splitter.malformed);
  }

  #frame(frame: NodeFrame, bytes: Uint8Array): void {
    switch (frame.kind) {
      case 'reply':
        return this.#events.reply(frame.id, bytes, frame.start, frame.end);
      case 'error':
        if (frame.id !== 0) return this.#events.refused(frame);
        // What was wrong with a hello is wrong with the next one too.
        this.#final = this.isWelcome || frame.retryMillis > 0 ? null : frame;
        this.#retryMillis = frame.retryMillis;
        return this.#giveUp(frame.message);
      case 'code': {
        const machine = this.#machines[frame.machine];
        if (machine === undefined) return this.#refuseNode(`no machine has the number ${frame.machine}`);
        machine.code = frame.code;
        return;
      }
      case 'welcome':
        if (frame.version !== FRAME_VERSION) return this.#refuseNode(`frames of version ${frame.version}`);
        this.isWelcome = true;
        this.inFlightMax = frame.inFlightMax;
        this.frameBytesMax = frame.frameBytesMax;
        return this.#events.welcome();
      case 'machine':
        if (frame.running !== null) {
          const machine = this.#machines[frame.number];
          if (machine !== undefined) machine.code = frame.running.code;
        }
        return;
      case 'goodbye':
        this.isLeaving = true;
        return this.#events.goodbye();
      case 'pong':
        return;
    }
  }

  /** It is no node, or one of another time. */
  #refuseNode(message: string): void {
    this.#final = { code: 'unexpected', message };
    this.#giveUp(message);
  }

  #touch(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isDirty = false;
    if (this.#output.length === 0 || this.#isClosed || !this.#socket.writable) return;
    this.#socket.write(this.#output.bytes());
    this.#output = new ByteWriter();
  }

  #fail(error: NodeJS.ErrnoException): void {
    const failure = tlsFailure(error);
    if (failure?.isFinal === true) this.#final = { unreachable: failure.message };
    if (error.code === 'ECONNREFUSED') return this.#giveUp('nothing listens there');
    if (error.code === 'ECONNRESET' && this.#isUnanswered) return this.#giveUp(UNANSWERED);
    this.#giveUp(failure?.message ?? (error.message || String(error.code)));
  }

  /** Whether a connection that is not encrypted has ended without a word: a node that encrypts ends one so. */
  get #isUnanswered(): boolean {
    return this.#magic === 0 && !('encrypted' in this.#socket);
  }

  #giveUp(reason: string): void {
    if (this.#isClosed) return;
    this.#reason = reason;
    this.#socket.destroy();
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const reason = this.#reason ?? (this.#isUnanswered ? UNANSWERED : 'the connection was closed');
    this.#events.closed({ reason, final: this.#final, retryMillis: this.#retryMillis });
  }
}
