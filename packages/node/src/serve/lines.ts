import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import { printLineReply, readRequestLine } from '@smc/protocol';
import { authorizeCall, sourceOf } from '../access/access.ts';
import type { Reply } from '../event.ts';
import type { NodeCaller } from '../item.ts';
import { problem, type Problem } from '../problem.ts';
import { Refused } from '../refused.ts';
import type { Holder } from './held.ts';
import { Patience } from './patience.ts';
import { Reading } from './reading.ts';
import { NOT_WRITTEN, writeReply } from './reply.ts';
import type { Service } from './service.ts';

/** What follows the machine in a request: an operation, with arguments or without. */
const INPUT = /^[ \t]*[A-Z]\w*[ \t]*(?:\(|$)/;

/** Interfaces that one connection may name: one for each machine that it speaks to, and older ones of these. */
const INTERFACES_MAX = 64;

/** Stands for all that is no fingerprint, however long, in messages too: no machine serves it. */
const MALFORMED = 'of that name';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The line protocol: one request a line, one reply a line, in order.
 *
 * ```
 * Counter Incr(by: 1)      ok ()
 * Account/alice Deposit(5) ok 5       an instance of a keyed machine; other keys as a string literal
 * Counter Dance            error unknown-operation Counter has no operation "Dance"; …
 * auth TOKEN               ok ()      where the node wants a token: before everything else
 * interface 9f2c66d1…      ok ()      what follows speaks this interface, of the machines that have it;
 *                                    of a machine that has several of those named, the one named last
 * ```
 *
 * Blank lines are skipped. A connection whose first line is no request is closed, and so is one
 * with a line that is too long or not UTF-8, whoever is there speaks something else, and one with a wrong token. One on
 * which something is late is closed as those for frames are.
 *
 * Invariants: at most `linePendingMax` requests wait for a reply, and while that many do, or the
 * peer does not take its replies, nothing is read; what waits for it is bounded, for each connection and for all. `#replies` has a place for each request that
 * was read, in order; a reply is written when all before it are there.
 */
export class LineConnection implements Holder {
  readonly #socket: Socket;
  readonly #service: Service;
  readonly #patience: Patience;
  readonly #reading = new Reading(() => this.#readGuarded());
  /** Whose lines are handled also when it has left: it may have sent them and hung up, as `nc` does. */
  #caller: NodeCaller;
  #isAuthorized: boolean;
  /** What was received and not handled; starts at the start of a line. */
  #received: Buffer = Buffer.alloc(0);
  /** Null where the reply is not known yet. */
  readonly #replies: { text: string | null }[] = [];
  /** UTF-16 units of those that are known. */
  #repliesLength = 0;
  #output = '';
  #flushing = false;
  /** The peer takes no more for now. */
  #blocked = false;
  /** Those named, the last first; null where none was. */
  #interfaces: readonly string[] | null = null;
  #isFirst = true;
  /** The peer sends no more. */
  #endOfInput = false;
  /** Nothing more is read: the connection ends when what is due was sent. */
  #ended = false;

  /** `nowMillis` is by the same clock as that of `sweep`. */
  constructor(socket: Socket, service: Service, nowMillis: number) {
    this.#socket = socket;
    this.#service = service;
    this.#caller = service.host.caller(sourceOf('', socket.remoteAddress));
    this.#patience = new Patience(service.limits, nowMillis);
    this.#isAuthorized = authorizeCall(service.access, null).ok;
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('end', () => {
      this.#endOfInput = true;
      this.#readGuarded();
    });
    socket.on('drain', () => {
      this.#blocked = false;
      this.#readGuarded();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#received = NOTHING;
      this.#account();
    });
    // A broken connection is no event of the node: 'close' follows.
    socket.on('error', () => socket.destroy());
  }

  receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#patience.active();
    if (this.#received.length === 0) this.#patience.partial();
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#readGuarded();
  }

  /** Reads no more, and ends when the replies that are due were sent. */
  finish(): void {
    this.#ended = true;
    this.#received = NOTHING;
    this.#flush();
    this.#account();
  }

  /** The same where the node stops: then a connection on which nothing is due is closed at once. */
  stop(): void {
    this.finish();
    // All replies have been handed on: `destroySoon` waits for what the system has not taken yet.
    if (this.#replies.length === 0) this.#socket.destroySoon();
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  giveUp(what: 'input' | 'output'): void {
    if (what === 'output') return this.destroy();
    if (!this.#ended) this.#close(problem('overloaded', 'too much is on its way; try again later'));
  }

  /** Closes the connection where something is late: to be called now and then. */
  sweep(nowMillis: number): void {
    const late = this.#patience.late(nowMillis, {
      isBlocked: this.#blocked,
      isGreeted: this.#isAuthorized,
      isPartial: this.#received.length > 0 && !this.#isFull && !this.#reading.isHeld,
      isIdle: this.#replies.length === 0,
    });
    if (late === 'blocked') return this.destroy();
    if (this.#ended || late === null) return;
    if (late === 'greeting') return this.#close(problem('unauthorized', 'no token came in time'));
    if (late === 'partial') return this.#close(problem('bad-request', 'a line did not come whole in time'));
    this.finish();
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

  /** As many requests wait as may. */
  get #isFull(): boolean {
    return this.#replies.length >= this.#service.limits.linePendingMax;
  }

  get #isPaused(): boolean {
    return this.#blocked || this.#isFull || this.#reading.isHeld;
  }

  #read(): void {
    let at = 0;
    while (!this.#ended && !this.#isPaused) {
      const end = this.#received.indexOf(NEWLINE, at);
      const length = (end < 0 ? this.#received.length : end) - at;
      if (length > this.#service.limits.lineBytesMax) {
        this.#close(problem('too-large', `a line has at most ${this.#service.limits.lineBytesMax} bytes`));
      } else if (end >= 0) {
        const from = at;
        at = end + 1;
        const waiting = this.#replies.length;
        this.#line(
          this.#received.subarray(
            from,
            this.#received[end - 1] === CARRIAGE_RETURN && end > from ? end - 1 : end,
          ),
        );
        // What waits for a reply has its turns elsewhere.
        const isWaiting = this.#replies.length > waiting && this.#replies.at(-1)!.text === null;
        if (!isWaiting) this.#service.reading.count(this.#reading);
      } else {
        break;
      }
    }
    if (at > 0) this.#patience.partial();
    this.#received = this.#ended ? NOTHING : restOf(this.#received, at);
    this.#checkEnd();
    this.#account();
    if (this.#isPaused && !this.#ended) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Says what is held for the peer. */
  #account(): void {
    const { destroyed, writableLength } = this.#socket;
    if (destroyed) return this.#service.held.set(this, 0, 0);
    this.#service.held.set(this, this.#received.length, writableLength + 2 * this.#repliesLength);
  }

  #checkEnd(): void {
    if (!this.#endOfInput || this.#ended) return;
    if (this.#received.indexOf(NEWLINE) >= 0) return;
    // A request that was cut off may be another one than was meant.
    if (this.#received.length > 0) this.#close(problem('bad-request', 'the last line has no end'));
    else this.finish();
  }

  #line(bytes: Buffer): void {
    if (!isUtf8(bytes) || bytes.includes(0)) {
      return this.#close(problem('bad-request', 'a line is text in UTF-8'));
    }
    const line = bytes.toString('utf8');
    const read = readRequestLine(line);
    if (read.ok && read.value.kind === 'nothing') return;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (!read.ok) return this.#refuseLine(isFirst, read.error.message);
    const request = read.value;
    if (!this.#isAuthorized && request.kind !== 'authenticate') {
      return this.#turnAway(problem('unauthorized', 'this needs a token: auth TOKEN comes first'));
    }
    switch (request.kind) {
      case 'nothing':
        return;
      case 'authenticate':
        return this.#authenticate(request.token);
      case 'interface':
        return this.#speak(request.fingerprint);
      case 'call': {
        const { machine, key, start } = request;
        // Many protocols have lines that start with a name: what follows tells.
        if (!INPUT.test(line.slice(start))) return this.#refuseLine(isFirst, 'expected an operation');
        return this.#call(machine, key, line, start);
      }
    }
  }

  #refuseLine(isFirst: boolean, message: string): void {
    const refused = problem('bad-request', `${message}; a request is MACHINE OPERATION(ARGUMENTS)`);
    return isFirst ? this.#close(refused) : this.#refuse(refused);
  }

  #call(machine: string, key: string | null, text: string, start: number): void {
    const place = this.#place();
    const body = { form: 'text', text, start } as const;
    this.#service.host.call(
      { machine, key, interfaces: this.#interfaces, body, request: null, readOnly: false },
      (reply) => {
        // To write a reply is work: not for a peer that is gone.
        if (!this.#socket.destroyed) this.#settle(place, this.#print(reply));
      },
      { caller: this.#caller },
    );
  }

  #authenticate(token: string): void {
    const authorized = authorizeCall(this.#service.access, token);
    if (!authorized.ok) return this.#turnAway(authorized.problem);
    // Not again: what it sent before would wait beside what follows.
    if (!this.#isAuthorized) {
      this.#isAuthorized = true;
      this.#caller = this.#service.host.caller(sourceOf(authorized.caller, this.#socket.remoteAddress));
    }
    this.#settle(this.#place(), 'ok ()');
  }

  #turnAway(refused: Problem): void {
    this.#service.refusals.add({ protocol: 'lines', from: this.#socket.remoteAddress });
    this.#close(refused);
  }

  #speak(text: string): void {
    const fingerprint = /^[0-9a-f]{8,64}$/i.test(text) ? text.toLowerCase() : MALFORMED;
    const others = (this.#interfaces ?? []).filter((known) => known !== fingerprint);
    if (others.length >= INTERFACES_MAX) {
      return this.#refuse(problem('too-large', `a connection names at most ${INTERFACES_MAX} interfaces`));
    }
    // Taken also where it is unknown: a request that follows must not pass for one without.
    this.#interfaces = [fingerprint, ...others];
    const place = this.#place();
    const view = this.#service.host.look(
      (node) => [...node.machines.values()].some((machine) => machine.interfaces.find(fingerprint) !== null),
      this.#caller,
    );
    const unknown = problem(
      'unknown-interface',
      fingerprint === MALFORMED
        ? 'an interface is named by 8 to 64 digits of its fingerprint'
        : `no machine serves the interface ${fingerprint}`,
    );
    view.then(
      (served) => (served ? this.#settle(place, 'ok ()') : this.#refuse(unknown, place)),
      (error: unknown) => {
        if (!(error instanceof Refused)) return this.destroy();
        this.#refuse(error.problem, place);
      },
    );
  }

  #print(reply: Reply): string {
    try {
      return printReply(reply);
    } catch (error) {
      this.#service.host.report(error);
      return printProblem(NOT_WRITTEN);
    }
  }

  #place(): { text: string | null } {
    const place = { text: null };
    this.#replies.push(place);
    return place;
  }

  /** Refuses what is no call that the host has seen, which counts those itself. */
  #refuse(refused: Problem, place = this.#place()): void {
    this.#service.host.metrics.refuse(refused.code);
    this.#settle(place, printProblem(refused));
  }

  #close(refused: Problem): void {
    this.#refuse(refused);
    this.finish();
  }

  #settle(place: { text: string | null }, text: string): void {
    place.text = text;
    this.#repliesLength += text.length;
    if (this.#flushing) return;
    // Replies of one batch are written at once.
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#socket.destroyed) return;
      this.#flush();
      if (!this.#ended) this.#readGuarded();
    });
  }

  #flush(): void {
    let count = 0;
    for (const { text } of this.#replies) {
      if (text === null) break;
      this.#repliesLength -= text.length;
      this.#output += `${text}\n`;
      count++;
    }
    this.#replies.splice(0, count);
    if (this.#output !== '' && !this.#socket.destroyed) {
      const isTaken = this.#socket.write(this.#output);
      this.#output = '';
      if (!isTaken) {
        if (!this.#blocked) this.#patience.blocked();
        this.#blocked = true;
        this.#account();
      }
    }
    if (this.#ended && this.#replies.length === 0 && !this.#socket.writableEnded) {
      this.#socket.end();
      // What the peer still sends is read and forgotten, so that it gets its replies; not for ever.
      this.#socket.resume();
      const force = setTimeout(() => this.destroy(), this.#service.limits.closeMillisMax);
      this.#socket.once('close', () => clearTimeout(force));
    }
  }
}

const NOTHING = Buffer.alloc(0);

/** What follows in a buffer; a copy, where it would keep much of it in memory that nobody needs. */
function restOf(bytes: Buffer, at: number): Buffer {
  const rest = bytes.subarray(at);
  return 2 * rest.length < bytes.length ? Buffer.from(rest) : rest;
}

function printReply(reply: Reply): string {
  if (reply.kind === 'refused') return printProblem(reply.problem);
  if (reply.kind !== 'value') throw new Error(`a call was answered with ${reply.kind}`);
  const written = writeReply(reply, 'text');
  return written.ok ? printLineReply(written) : printProblem(written.problem);
}

function printProblem({ code, message }: Problem): string {
  return printLineReply({ ok: false, code, message });
}
