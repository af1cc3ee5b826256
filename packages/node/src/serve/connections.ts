import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest, RequestPayload } from 'fastify';
import { sourceOf } from '../access/access.ts';
import type { Host } from '../host.ts';
import type { NodeCaller } from '../item.ts';
import type { NodeLimits } from '../limits.ts';
import { problem } from '../problem.ts';
import type { HeldBytes, Holder } from './held.ts';
import { refuseRequest } from './reply.ts';
import { Reading, type ReadingTurns } from './reading.ts';
import type { Service } from './service.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Counted in what its connection holds: of the body, once it has come whole, and of the reply. */
    bodyBytes: number;
    replyBytes: number;
  }
}

/** A connection for HTTP, from when it is there. */
class HttpConnection implements Holder {
  readonly socket: Socket;
  readonly reading: Reading;
  /** By the name of the token that a request shows. */
  readonly callers = new Map<string, NodeCaller>();
  /** Requests that were not answered yet. */
  pending = 0;
  /** The last one; null where it was answered. */
  last: FastifyRequest | null = null;
  /** To the request that came last, also where fastify refused it before any hook; null where it is not asked for any more. */
  response: ServerResponse | null = null;
  /** It ends when what came whole was answered: what follows is no request. */
  isOver = false;
  /** Of bodies that came whole and were not answered, and of the one that has not come whole. */
  bodyBytes = 0;
  partialBytes = 0;
  /** Of replies that the peer has not taken, and since when it took none. */
  replyBytes = 0;
  replySince = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    this.reading = new Reading(() => socket.resume());
    // Its server has it go on when a request is done.
    socket.on('resume', () => {
      if (this.reading.isHeld) socket.pause();
    });
  }

  /** How many came whole and were not answered: all but the last must have. */
  get waiting(): number {
    return this.last === null || this.last.raw.complete ? this.pending : this.pending - 1;
  }

  /** The last one was answered, and has not come whole. */
  get isAnsweredEarly(): boolean {
    return this.response !== null && this.response.writableEnded && !this.response.req.complete;
  }

  giveUp(): void {
    this.socket.destroy();
  }
}

/**
 * Bounds what connections for HTTP hold, however many there are and however slowly they send and take: requests that
 * wait for their reply, of each; of all together the bodies that came whole and wait, beyond which no other is read; and what
 * came of other bodies, and replies that peers do not take, where whoever has most ends (`HeldBytes`). What a peer only
 * says that it will send takes nothing from others.
 */
export class HttpConnections {
  readonly #host: Host;
  readonly #limits: NodeLimits;
  readonly #held: HeldBytes;
  readonly #reading: ReadingTurns;
  /** Of requests whose connection has ended. */
  readonly #gone: NodeCaller;
  readonly #bySocket = new Map<Socket, HttpConnection>();
  #bodyBytes = 0;
  #isStopping = false;
  #isEnding = false;

  /** To be made before anything is added to `app`: what is over its bounds is looked at no further. */
  constructor(app: FastifyInstance, { host, limits, held, reading }: Service, isEncrypted: boolean) {
    this.#host = host;
    this.#limits = limits;
    this.#held = held;
    this.#reading = reading;
    this.#gone = host.caller();
    this.#gone.isGone = true;
    app.server.maxConnections = limits.connectionsMax;
    app.server.on('connection', () => host.eventLoop.connected());
    app.server.on(isEncrypted ? 'secureConnection' : 'connection', (socket: Socket) => this.#open(socket));
    app.server.prependListener('request', ({ socket }, response) => {
      const connection = this.#bySocket.get(socket);
      if (connection !== undefined) connection.response = response;
    });
    app.decorateRequest('bodyBytes', 0);
    app.decorateRequest('replyBytes', 0);
    app.addHook('onRequest', (request, reply, done) => {
      if (this.#begin(request, reply)) done();
    });
    app.addHook('preParsing', (request, _reply, payload, done) => {
      this.#receive(request, payload);
      done();
    });
    app.addHook('onSend', (request, reply, payload, done) => {
      if (this.#isStopping) void reply.header('connection', 'close');
      this.#replied(request, bytesOf(payload));
      done();
    });
  }

  /** From now on a connection ends with the next reply: its peer sends no request that would find it closed. */
  announceStop(): void {
    this.#isStopping = true;
  }

  /** Ends connections whose peers take none of their replies: to be called now and then. */
  sweep(nowMillis: number): void {
    for (const { socket, replyBytes, replySince } of this.#bySocket.values()) {
      const isStalled = replyBytes > 0 && socket.writableLength > 0;
      if (isStalled && nowMillis - replySince > this.#limits.stalledMillisMax) socket.destroy();
    }
  }

  /**
   * Ends all connections without a request that is being answered, whether they wait for their next one or sent nothing
   * at all, and from then on each that is done. One of which a body has not come whole is to be ended by `refuse`.
   */
  endIdle(refuse: (socket: Socket, partial: FastifyRequest) => void): void {
    this.#isEnding = true;
    for (const { socket, waiting, last } of this.#bySocket.values()) {
      if (waiting > 0) continue;
      if (last === null) socket.destroySoon();
      else refuse(socket, last);
    }
  }

  /**
   * Ends a connection on which nothing more can be read, when what came whole on it is answered; false where that is so
   * already, and nobody has been told why it ends.
   */
  endWhenAnswered(socket: Socket): boolean {
    const connection = this.#bySocket.get(socket);
    if (connection === undefined) return false;
    if (connection.waiting > 0) connection.isOver = true;
    else if (connection.isAnsweredEarly) socket.destroySoon();
    else return false;
    return true;
  }

  /** What is not answered of a connection on which nothing else waits: it has not come whole. */
  partialOf(socket: Socket): FastifyRequest | null {
    return this.#bySocket.get(socket)?.last ?? null;
  }

  /** Who makes a request: its connection, for whoever has the token. */
  callerOf(request: FastifyRequest): NodeCaller {
    const connection = this.#of(request);
    if (connection === undefined) return this.#gone;
    const { callers, socket } = connection;
    let caller = callers.get(request.caller);
    if (caller === undefined) {
      caller = this.#host.caller(sourceOf(request.caller, socket.remoteAddress));
      callers.set(request.caller, caller);
    }
    return caller;
  }

  #of(request: FastifyRequest): HttpConnection | undefined {
    return this.#bySocket.get(request.raw.socket);
  }

  #open(socket: Socket): void {
    const connection = new HttpConnection(socket);
    this.#bySocket.set(socket, connection);
    socket.once('close', () => {
      this.#bySocket.delete(socket);
      for (const caller of connection.callers.values()) caller.isGone = true;
      this.#bodyBytes -= connection.bodyBytes;
      this.#held.set(connection, 0, 0);
    });
  }

  /** Whether it is read further. */
  #begin(request: FastifyRequest, reply: FastifyReply): boolean {
    const connection = this.#of(request);
    if (connection === undefined) return false;
    // That the one before has ended is told later than that this one begins.
    this.#whole(connection);
    this.#reading.count(connection.reading);
    if (connection.reading.isHeld) connection.socket.pause();
    connection.pending++;
    connection.last = request;
    // And not a hook for responses, with which fastify looks at more than their end.
    reply.raw.once('finish', () => this.#end(connection, request));
    if (connection.pending > this.#limits.httpPendingMax) {
      refuseRequest(this.#host.metrics, reply, GREEDY);
      return false;
    }
    if (hasBody(request) && this.#bodyBytes > this.#limits.bodyBytesMax) {
      refuseRequest(this.#host.metrics, reply, OVERLOADED);
      return false;
    }
    return true;
  }

  /** Counts the body of a request while it comes, until it is answered. */
  #receive(request: FastifyRequest, payload: RequestPayload): void {
    const connection = this.#of(request);
    if (connection === undefined || !hasBody(request)) return;
    payload.on('data', (chunk: Uint8Array) => {
      if (connection.last !== request) return;
      connection.partialBytes += chunk.length + CHUNK_BYTES;
      this.#account(connection);
    });
    payload.once('end', () => {
      if (connection.last === request) this.#whole(connection);
    });
  }

  /** The last request has come whole. */
  #whole(connection: HttpConnection): void {
    const { last, partialBytes } = connection;
    if (last === null || partialBytes === 0) return;
    last.bodyBytes = partialBytes;
    connection.bodyBytes += partialBytes;
    this.#bodyBytes += partialBytes;
    connection.partialBytes = 0;
    this.#account(connection);
  }

  #replied(request: FastifyRequest, bytes: number): void {
    const connection = this.#of(request);
    if (connection === undefined) return;
    request.replyBytes = bytes;
    if (connection.replyBytes === 0) connection.replySince = performance.now();
    connection.replyBytes += bytes;
    this.#account(connection);
  }

  /** The peer has taken the reply, as far as can be known. */
  #end(connection: HttpConnection, request: FastifyRequest): void {
    // Of one that was closed nothing is counted any more.
    if (!this.#bySocket.has(connection.socket)) return;
    const { bodyBytes, replyBytes } = request;
    connection.pending--;
    // A connection that waits for its next request keeps none.
    if (connection.response?.req.complete === true) connection.response = null;
    if (connection.last === request) {
      connection.last = null;
      connection.partialBytes = 0;
    }
    connection.bodyBytes -= bodyBytes;
    this.#bodyBytes -= bodyBytes;
    connection.replyBytes -= replyBytes;
    if (connection.replyBytes > 0) connection.replySince = performance.now();
    this.#account(connection);
    const isEnding = this.#isEnding || connection.isOver;
    if (isEnding && connection.waiting === 0) connection.socket.destroySoon();
  }

  #account(connection: HttpConnection): void {
    const { socket, partialBytes, replyBytes } = connection;
    if (socket.destroyed) return this.#held.set(connection, 0, 0);
    this.#held.set(connection, partialBytes, replyBytes > HELD_BYTES_MIN ? replyBytes : 0);
  }
}

/** Bytes of replies that are not counted as held: most are taken before anybody could ask. */
const HELD_BYTES_MIN = 16 * 1024;

/** What a part of a body takes beside its bytes, however short it is. */
const CHUNK_BYTES = 256;

const OVERLOADED = problem('overloaded', 'too many requests wait; try again later');
const GREEDY = problem('overloaded', 'too many requests of this connection wait for their reply');

/** Whether a body comes with it, as its headers say. */
export function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Whether a request was refused before all of its body came. */
export function isOver({ socket }: IncomingMessage): boolean {
  return socket.writableEnded;
}

/** What a reply takes, about. */
function bytesOf(payload: unknown): number {
  if (typeof payload === 'string') return 2 * payload.length;
  return payload instanceof Uint8Array ? payload.length : 0;
}
