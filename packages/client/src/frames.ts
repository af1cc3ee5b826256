import { randomBytes as systemRandomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { CALL_HEAD_BYTES_MAX, ERROR_STATUS, type ErrorFrame, FRAME_LIMITS } from '@smc/protocol';
import { type ClientClock, systemClock, TIMER_MILLIS_MAX } from './clock.ts';
import {
  type ConnectionEnd,
  type ConnectionEvents,
  type FinalFailure,
  FrameConnection,
  type SpokenMachine,
} from './frame-connection.ts';
import { MachineClient, type MachineSource, type Operations, spokenWays } from './machine-client.ts';
import { checkNumbers, isNumber } from './numbers.ts';
import type { CallLimits, RawResult, RequestOptions } from './requester.ts';
import { type ClientError, leavesOpen, maybeDone, type Refused, type Result } from './result.ts';
import { type ClientTls, dialTls } from './tls.ts';

export interface FrameOptions {
  /** Where the node wants one. */
  readonly token?: string;
  /** How long one request may take, in milliseconds, all attempts together: 30,000 if nothing is said. */
  readonly deadlineMillis?: number;
  /** Requests on their way at once: 256 if nothing is said, and no more than the node allows. The others wait. */
  readonly inFlightMax?: number;
  /** Requests that wait: 65,536 if nothing is said. One more is refused as `overloaded`. */
  readonly waitingMax?: number;
  /** How long the node may be silent while it owes replies, in milliseconds: 10,000 if nothing is said. */
  readonly silenceMillisMax?: number;
  /** Between attempts to connect, in milliseconds: twice as long after each that failed. 20 and 2,000. */
  readonly backoffMillisMin?: number;
  readonly backoffMillisMax?: number;
  /** Connections are encrypted; `{}` trusts the authorities of Node.js, and the host of the address. */
  readonly tls?: ClientTls;
  /** How a connection is made, as a socket that connects: by `tls`, if nothing is said. */
  readonly dial?: (host: string, port: number) => Socket;
  readonly clock?: ClientClock;
  /** For what must not be the same for all clients: from 0 to 1, and bytes that nobody can guess. */
  readonly random?: () => number;
  readonly randomBytes?: (length: number) => Uint8Array;
}

/** The numbers among them, and the least of each. */
const LEAST = {
  deadlineMillis: 0,
  inFlightMax: 1,
  waitingMax: 1,
  silenceMillisMax: 1,
  backoffMillisMin: 0,
  backoffMillisMax: 0,
} as const;
const PORT_MAX = 65_535;

/**
 * The node at an address, `127.0.0.1:4041`. Nothing is sent before the first request. An address that is none, and a number
 * among the options that can not be meant, are broken preconditions.
 */
export function connectFrames(address: string, options: FrameOptions = {}): FrameClient {
  const split = /^(?:\[([0-9a-f:.]+)\]|([^:]+)):(\d{1,5})$/i.exec(address);
  const port = Number(split?.[3]);
  if (split === null || port < 1 || port > PORT_MAX)
    throw new Error(`an address is HOST:PORT, as 127.0.0.1:4041, and not ${JSON.stringify(address)}`);
  return new FrameClient(split[1] ?? split[2], port, options);
}

/** A request from when it is made until it is answered. */
interface Pending {
  /** The same each time it is sent: the node carries it out once. */
  readonly id: number;
  readonly machine: SpokenMachine;
  readonly body: Uint8Array;
  readonly deadlineAt: number;
  readonly settle: (result: RawResult) => void;
  isAnswered: boolean;
  /** Whether it was on its way when a connection broke: then it may have been carried out. */
  wasLost: boolean;
}

const DEADLINE_MILLIS = 30_000;
/** Requests that were answered, by their deadline say, and are not taken out of those that wait. */
const ANSWERED_WAITING_MAX = 1_024;

/**
 * A client of the framed protocol: many requests at once over one connection, which is made anew
 * where it breaks. What was on its way then is sent again with the same ids, so that the node carries it
 * out once, whether or not it got it before. A request that the node puts off (`overloaded`,
 * `stopping`) is sent again when the time has come.
 *
 * Invariants: a request is in exactly one of `#new`, `#waiting`, `#sent` and `#delayed` until it is
 * answered, which it is by its deadline. Those that were answered while they waited are passed over later.
 */
export class FrameClient {
  readonly #host: string;
  readonly #port: number;
  readonly #options: FrameOptions;
  readonly #clock: ClientClock;
  readonly #random: () => number;
  readonly #session: string;
  /** By interface and name, each once, however often it is asked for: a connection has numbers for so many. */
  readonly #machines = new Map<string, SpokenMachine>();
  #id = 0;
  #connection: FrameConnection | null = null;
  /** How many are not answered. */
  #open = 0;
  /** To be sent, the next at the end: those that come back are pushed again. Then those in `#new`, from its start. */
  #waiting: Pending[] = [];
  #new: Pending[] = [];
  /** How many of these were answered, at most. */
  #answeredWaiting = 0;
  readonly #sent = new Map<number, Pending>();
  /** Put off by the node; with what calls off their timer. */
  readonly #delayed = new Map<Pending, () => void>();
  /** To connect, since a request was last answered: a node that takes connections may still answer nothing. */
  #attempts = 0;
  /** Calls off the next attempt to connect. */
  #backoff: (() => void) | null = null;
  #lastFailure = 'no answer came';
  #deadlineTimer: { readonly at: number; readonly cancel: () => void } | null = null;
  #silenceTimer: (() => void) | null = null;
  #isClosed = false;

  constructor(host: string, port: number, options: FrameOptions) {
    checkNumbers(options, LEAST);
    this.#host = host;
    this.#port = port;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    const bytes = (options.randomBytes ?? systemRandomBytes)(FRAME_LIMITS.sessionBytes);
    this.#session = Buffer.from(bytes).toString('hex');
  }

  /**
   * A machine, spoken to by the interface of its image. With the upgrade that leads to it, a node that
   * was not upgraded yet is spoken to as well, where it has the way back.
   */
  machine<O extends Operations = Operations>(source: MachineSource): MachineClient<O> {
    const ways = spokenWays(source, (name, fingerprint) => this.#machineBy(name, fingerprint));
    return new MachineClient<O>(this, source.image, ways);
  }

  #machineBy(name: string, fingerprint: string): SpokenMachine {
    const key = `${fingerprint} ${name}`;
    const known = this.#machines.get(key);
    if (known !== undefined) return known;
    const machine = { name, interface: fingerprint, code: '' };
    this.#machines.set(key, machine);
    return machine;
  }

  begin({ deadlineMillis, signal }: RequestOptions): Result<CallLimits> {
    const allowed = deadlineMillis ?? this.#options.deadlineMillis ?? DEADLINE_MILLIS;
    if (!isNumber(allowed)) {
      return refused('bad-request', `deadlineMillis is a number, and not ${String(allowed)}`);
    }
    const deadlineAt = this.#clock.now() + Math.min(TIMER_MILLIS_MAX, allowed);
    return { ok: true, value: signal === undefined ? { deadlineAt } : { deadlineAt, signal } };
  }

  /** Sends the bytes of a call (`encodeCall`) to a machine. */
  request(machine: SpokenMachine, body: Uint8Array, { deadlineAt, signal }: CallLimits): Promise<RawResult> {
    if (this.#isClosed) return Promise.resolve(unreachable('the client was closed', false));
    if (signal?.aborted === true)
      return Promise.resolve(unreachable('the request was given up before it was sent', false));
    if (deadlineAt <= this.#clock.now())
      return Promise.resolve(unreachable('the deadline had passed before the request was sent', true));
    const { waitingMax = 65_536 } = this.#options;
    if (this.#open - this.#sent.size >= waitingMax) {
      return Promise.resolve(refused('overloaded', `${waitingMax} requests of this client wait already`));
    }
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#giveUp(pending, 'the request was given up');
        // Another has its place.
        this.#send();
      };
      const settle = (result: RawResult): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve(result);
      };
      const pending: Pending = {
        id: ++this.#id,
        machine,
        body,
        deadlineAt,
        settle,
        isAnswered: false,
        wasLost: false,
      };
      this.#open++;
      signal?.addEventListener('abort', giveUp);
      this.#new.push(pending);
      this.#watchDeadline(deadlineAt);
      this.#send();
    });
  }

  /** Gives up what is not answered, and ends the connection. */
  close(): void {
    this.#isClosed = true;
    this.#backoff?.();
    this.#backoff = null;
    for (const pending of this.#all()) this.#giveUp(pending, 'the client was closed');
    const connection = this.#connection;
    if (connection?.isWelcome === true) connection.end();
    else connection?.destroy('the client was closed');
  }

  /** Whether nothing waits for a reply. */
  get idle(): boolean {
    return this.#open === 0;
  }

  #all(): Pending[] {
    this.#dropAnswered();
    return [...this.#sent.values(), ...this.#waiting, ...this.#new, ...this.#delayed.keys()];
  }

  #dropAnswered(): void {
    const isOpen = ({ isAnswered }: Pending): boolean => !isAnswered;
    this.#waiting = this.#waiting.filter(isOpen);
    this.#new = this.#new.filter(isOpen);
    this.#answeredWaiting = 0;
  }

  /** Sends what waits, as much as may be on its way; connects first where there is no connection. */
  #send(): void {
    const connection = this.#connection;
    if (connection === null) return this.#connect();
    if (!connection.isWelcome || connection.isLeaving) return this.#watchSilence();
    const inFlightMax = Math.min(this.#options.inFlightMax ?? 256, connection.inFlightMax);
    while (this.#sent.size < inFlightMax) {
      if (this.#waiting.length === 0) {
        if (this.#new.length === 0) break;
        this.#waiting = this.#new.reverse();
        this.#new = [];
      }
      const pending = this.#waiting.pop()!;
      if (pending.isAnswered) continue;
      const { id, machine, body, deadlineAt } = pending;
      const millis = deadlineAt - this.#clock.now();
      if (millis <= 0) {
        this.#expire(pending);
        continue;
      }
      if (body.length + CALL_HEAD_BYTES_MAX > connection.frameBytesMax) {
        this.#refuse(pending, refused('too-large', `a request of ${body.length} bytes`));
        continue;
      }
      this.#sent.set(id, pending);
      connection.call(machine, id, Math.ceil(millis), body);
    }
    if (this.#sent.size > 0) this.#watchSilence();
  }

  #connect(): void {
    if (this.#backoff !== null || this.#isClosed || this.idle) return;
    const { tls } = this.#options;
    const dialDefault =
      tls === undefined ? dialTcp : (host: string, port: number) => dialTls(host, port, tls);
    const dial = this.#options.dial ?? dialDefault;
    const events: ConnectionEvents = {
      welcome: () => {
        this.#lastFailure = 'no answer came';
        this.#send();
      },
      reply: (id, bytes, start, end) => {
        this.#attempts = 0;
        const pending = this.#sent.get(id);
        // Answered already: it was given up, or its deadline passed.
        if (pending === undefined) return;
        const { code } = pending.machine;
        this.#answer(pending, { ok: true, value: { bytes: bytes.slice(start, end), code } });
        this.#send();
      },
      refused: (error) => this.#refused(error),
      goodbye: () => {
        if (this.#sent.size === 0) connection.end();
      },
      closed: (end) => this.#disconnected(end),
    };
    const connection = new FrameConnection(
      dial(this.#host, this.#port),
      this.#session,
      this.#options.token ?? '',
      events,
    );
    this.#connection = connection;
    // Also where the other side takes the connection and says nothing.
    this.#watchSilence();
  }

  #refused(error: ErrorFrame): void {
    const pending = this.#sent.get(error.id);
    if (pending === undefined) return;
    const millis = error.code === 'stopping' ? this.#backoffMillis() : error.retryMillis;
    const isLater = millis > 0 && this.#clock.now() + millis < pending.deadlineAt;
    if (!isLater) {
      if (millis === 0) this.#attempts = 0;
      this.#refuse(pending, refused(error.code, error.message, error.path));
    } else {
      this.#sent.delete(error.id);
      const cancel = this.#clock.after(millis, () => {
        this.#delayed.delete(pending);
        this.#putBack([pending]);
        this.#send();
      });
      this.#delayed.set(pending, cancel);
    }
    const connection = this.#connection;
    if (connection?.isLeaving === true && this.#sent.size === 0) connection.end();
    this.#send();
  }

  /** What was on its way is sent again, before all else. */
  #disconnected(end: ConnectionEnd): void {
    this.#connection = null;
    this.#lastFailure = end.reason;
    this.#silenceTimer?.();
    this.#silenceTimer = null;
    const sent = [...this.#sent.values()];
    for (const pending of sent) pending.wasLost = true;
    const final = finalError(end.final);
    if (final !== null) {
      for (const pending of this.#all())
        this.#answer(pending, pending.wasLost ? maybeDone(final) : { ok: false, error: final });
      return;
    }
    this.#sent.clear();
    this.#putBack(sent);
    if (this.#isClosed || this.idle) return;
    const millis = Math.max(end.retryMillis, this.#backoffMillis());
    this.#attempts++;
    this.#backoff = this.#clock.after(millis, () => {
      this.#backoff = null;
      this.#send();
    });
  }

  /** Twice as long after each attempt that failed; not the same for all clients, which lost their node at once. */
  #backoffMillis(): number {
    const { backoffMillisMin = 20, backoffMillisMax = 2_000 } = this.#options;
    const most = Math.min(backoffMillisMax, backoffMillisMin * 2 ** Math.min(this.#attempts, 30));
    return Math.max(1, Math.round(most * (0.5 + this.#random() / 2)));
  }

  /** In front of those that wait, the first of them first. */
  #putBack(pending: Pending[]): void {
    this.#waiting.push(...pending.reverse());
  }

  #answer(pending: Pending, result: RawResult): void {
    if (pending.isAnswered) return;
    pending.isAnswered = true;
    this.#open--;
    if (!this.#sent.delete(pending.id) && ++this.#answeredWaiting > ANSWERED_WAITING_MAX)
      this.#dropAnswered();
    this.#delayed.get(pending)?.();
    this.#delayed.delete(pending);
    pending.settle(result);
    if (this.idle) {
      this.#deadlineTimer?.cancel();
      this.#deadlineTimer = null;
      this.#silenceTimer?.();
      this.#silenceTimer = null;
      this.#backoff?.();
      this.#backoff = null;
    }
    const connection = this.#connection;
    if (connection?.isLeaving === true && this.#sent.size === 0) connection.end();
  }

  /** Says too whether it may be done all the same, as it was sent before. */
  #refuse(pending: Pending, { error }: Failed<Refused>): void {
    this.#answer(pending, leavesOpen(error, pending.wasLost) ? maybeDone(error) : { ok: false, error });
  }

  #giveUp(pending: Pending, message: string): void {
    const { error } = unreachable(message, true);
    const wentOut = pending.wasLost || this.#sent.has(pending.id);
    this.#answer(pending, wentOut ? maybeDone(error) : { ok: false, error });
  }

  #expire(pending: Pending): void {
    this.#giveUp(pending, `no answer from ${this.#host}:${this.#port} in time: ${this.#lastFailure}`);
  }

  /** One timer for all: set to the first deadline. */
  #watchDeadline(at: number): void {
    if (this.#deadlineTimer !== null) {
      if (this.#deadlineTimer.at <= at) return;
      this.#deadlineTimer.cancel();
    }
    const millis = Math.max(0, Math.ceil(at - this.#clock.now()));
    this.#deadlineTimer = { at, cancel: this.#clock.after(millis, () => this.#checkDeadlines()) };
  }

  #checkDeadlines(): void {
    this.#deadlineTimer = null;
    const now = this.#clock.now();
    let first = Number.POSITIVE_INFINITY;
    for (const pending of this.#all()) {
      if (pending.deadlineAt <= now) this.#expire(pending);
      else first = Math.min(first, pending.deadlineAt);
    }
    if (first < Number.POSITIVE_INFINITY) this.#watchDeadline(first);
    this.#send();
  }

  /**
   * Looks twice in the time that is allowed: asks first, then gives the connection up. What was waited for may have been
   * given up meanwhile: a connection is silent all the same.
   */
  #watchSilence(): void {
    const connection = this.#connection;
    if (this.#silenceTimer !== null || connection === null) return;
    const { silenceMillisMax = 10_000 } = this.#options;
    const now = this.#clock.now();
    connection.silentSince ??= now;
    const silentMillis = now - connection.silentSince;
    if (silentMillis >= silenceMillisMax)
      return connection.destroy(`the node was silent for ${silenceMillisMax} ms`);
    const half = silenceMillisMax / 2;
    const millis = Math.ceil(silentMillis < half ? half - silentMillis : silenceMillisMax - silentMillis);
    this.#silenceTimer = this.#clock.after(millis, () => {
      this.#silenceTimer = null;
      if (connection !== this.#connection) return;
      if (connection.isWelcome && this.#sent.size === 0) return;
      if (connection.silentSince !== null && connection.isWelcome) connection.ping();
      this.#watchSilence();
    });
  }
}

/** What is answered to all requests where a next attempt would be no better; null where it may be. */
function finalError(final: FinalFailure | null): ClientError | null {
  if (final === null) return null;
  const failed =
    'unreachable' in final ? unreachable(final.unreachable, false) : refused(final.code, final.message);
  return failed.error;
}

interface Failed<E = ClientError> {
  readonly ok: false;
  readonly error: E;
}

function dialTcp(host: string, port: number): Socket {
  return createConnection({ host, port, noDelay: true, keepAlive: true });
}

function unreachable(message: string, timedOut: boolean): Failed {
  return { ok: false, error: { kind: 'unreachable', message, timedOut } };
}

function refused(code: string, message: string, path: string | null = null): Failed<Refused> {
  const status = Object.hasOwn(ERROR_STATUS, code) ? ERROR_STATUS[code as keyof typeof ERROR_STATUS] : 500;
  const error: Refused = { kind: 'refused', code, message, status };
  return { ok: false, error: path === null ? error : { ...error, path } };
}
