import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import { printLineReply, readRequestLine } from '@smc/protocol';
import { type Access, authorizeCall } from '../access/access.ts';
import type { Reply } from '../event.ts';
import type { Host } from '../host.ts';
import type { NodeLimits } from '../limits.ts';
import { problem, type Problem } from '../problem.ts';
import { NOT_WRITTEN, writeReply } from './reply.ts';

/** What follows the machine in a request: an operation, with arguments or without. */
const INPUT = /^[ \t]*[A-Z]\w*[ \t]*(?:\(|$)/;

/** Interfaces that one connection may name: one for each machine that it speaks to, and older ones of these. */
const INTERFACES_MAX = 64;

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
 * with a line that is too long or not UTF-8, whoever is there speaks something else, and one with a wrong token.
 *
 * Invariants: at most `linePendingMax` requests wait for a reply, and while that many do, or the
 * peer does not take its replies, nothing is read. `#replies` has a place for each request that
 * was read, in order; a reply is written when all before it are there.
 */
export class LineConnection {
  readonly #socket: Socket;
  readonly #host: Host;
  readonly #limits: NodeLimits;
  readonly #access: Access;
  #isAuthorized: boolean;
  /** What was received and not handled; starts at the start of a line. */
  #received: Buffer = Buffer.alloc(0);
  /** Null where the reply is not known yet. */
  readonly #replies: { text: string | null }[] = [];
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

  constructor(socket: Socket, host: Host, access: Access, limits: NodeLimits) {
    this.#socket = socket;
    this.#host = host;
    this.#limits = limits;
    this.#access = access;
    this.#isAuthorized = authorizeCall(access, null).ok;
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('end', () => {
      this.#endOfInput = true;
      this.#readGuarded();
    });
    socket.on('drain', () => {
      this.#blocked = false;
      this.#readGuarded();
    });
    // A broken connection is no event of the node: 'close' follows.
    socket.on('error', () => socket.destroy());
  }

  receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#readGuarded();
  }

  /** Reads no more, and ends when the replies that are due were sent. */
  finish(): void {
    this.#ended = true;
    this.#flush();
  }

  /** The same where the node stops: then a connection on which nothing is due is closed at once. */
  stop(): void {
    this.finish();
    // All replies have been handed on: `destroySoon` waits for what the system has not taken yet.
    if (this.#replies.length === 0) this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** A defect that one connection brings to light must not end the others. */
  #readGuarded(): void {
    try {
      this.#read();
    } catch (error) {
      this.#host.report(error);
      this.destroy();
    }
  }

  #read(): void {
    let at = 0;
    while (!this.#ended && !this.#blocked && this.#replies.length < this.#limits.linePendingMax) {
      const end = this.#received.indexOf(NEWLINE, at);
      const length = (end < 0 ? this.#received.length : end) - at;
      if (length > this.#limits.lineBytesMax) {
        this.#close(problem('too-large', `a line has at most ${this.#limits.lineBytesMax} bytes`));
      } else if (end >= 0) {
        const from = at;
        at = end + 1;
        this.#line(
          this.#received.subarray(
            from,
            this.#received[end - 1] === CARRIAGE_RETURN && end > from ? end - 1 : end,
          ),
        );
      } else {
        break;
      }
    }
    this.#received = this.#ended ? NOTHING : this.#received.subarray(at);
    this.#checkEnd();
    const full = this.#blocked || this.#replies.length >= this.#limits.linePendingMax;
    if (full && !this.#ended) this.#socket.pause();
    else this.#socket.resume();
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
      return this.#close(problem('unauthorized', 'this needs a token: auth TOKEN comes first'));
    }
    switch (request.kind) {
      case 'nothing':
        return;
      case 'authenticate':
        return this.#authenticate(request.token);
      case 'interface':
        return this.#speak(isFirst, request.fingerprint);
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
    this.#host.call(
      { machine, key, interfaces: this.#interfaces, body, request: null, readOnly: false },
      (reply) => this.#settle(place, this.#print(reply)),
    );
  }

  #authenticate(token: string): void {
    const authorized = authorizeCall(this.#access, token);
    if (!authorized.ok) return this.#close(authorized.problem);
    this.#isAuthorized = true;
    this.#settle(this.#place(), 'ok ()');
  }

  #speak(isFirst: boolean, text: string): void {
    const fingerprint = text.toLowerCase();
    if (!/^[0-9a-f]{8,64}$/.test(fingerprint)) {
      return this.#refuseLine(isFirst, 'expected 8 to 64 digits of a fingerprint');
    }
    const others = (this.#interfaces ?? []).filter((known) => known !== fingerprint);
    if (others.length >= INTERFACES_MAX) {
      return this.#refuse(problem('too-large', `a connection names at most ${INTERFACES_MAX} interfaces`));
    }
    // Taken also where it is unknown: a request that follows must not pass for one without.
    this.#interfaces = [fingerprint, ...others];
    const place = this.#place();
    const view = this.#host.look((node) =>
      [...node.machines.values()].some((machine) => machine.interfaces.find(fingerprint) !== null),
    );
    view.then(
      (served) => {
        const unknown = problem('unknown-interface', `no machine serves the interface ${fingerprint}`);
        this.#settle(place, served ? 'ok ()' : printProblem(unknown));
      },
      () => this.destroy(),
    );
  }

  #print(reply: Reply): string {
    try {
      return printReply(reply);
    } catch (error) {
      this.#host.report(error);
      return printProblem(NOT_WRITTEN);
    }
  }

  #place(): { text: string | null } {
    const place = { text: null };
    this.#replies.push(place);
    return place;
  }

  #refuse(refused: Problem): void {
    this.#settle(this.#place(), printProblem(refused));
  }

  #close(refused: Problem): void {
    this.#refuse(refused);
    this.finish();
  }

  #settle(place: { text: string | null }, text: string): void {
    place.text = text;
    if (this.#flushing) return;
    // Replies of one batch are written at once.
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
      if (!this.#ended) this.#readGuarded();
    });
  }

  #flush(): void {
    let count = 0;
    for (const { text } of this.#replies) {
      if (text === null) break;
      this.#output += `${text}\n`;
      count++;
    }
    this.#replies.splice(0, count);
    if (this.#output !== '' && !this.#socket.destroyed) {
      this.#blocked = !this.#socket.write(this.#output);
      this.#output = '';
    }
    if (this.#ended && this.#replies.length === 0 && !this.#socket.writableEnded) {
      this.#socket.end();
      // What the peer still sends is read and forgotten, so that it gets its replies; not for ever.
      this.#socket.resume();
      const force = setTimeout(() => this.destroy(), this.#limits.closeMillisMax);
      this.#socket.once('close', () => clearTimeout(force));
    }
  }
}

const NOTHING = Buffer.alloc(0);

function printReply(reply: Reply): string {
  if (reply.kind === 'refused') return printProblem(reply.problem);
  if (reply.kind !== 'value') throw new Error(`a call was answered with ${reply.kind}`);
  const written = writeReply(reply, 'text');
  return written.ok ? printLineReply(written) : printProblem(written.problem);
}

function printProblem({ code, message }: Problem): string {
  return printLineReply({ ok: false, code, message });
}
