import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { METHODS, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type onRequestHookHandler,
} from 'fastify';
import { authorizeCall, isLoopback, type Place } from '../access/access.ts';
import type { Reply, WrittenBody } from '../event.ts';
import type { Host } from '../host.ts';
import { HEADER_BYTES_MAX, type NodeLimits } from '../limits.ts';
import type { Listener } from '../ports.ts';
import { problem, type Problem } from '../problem.ts';
import { addAdministration, OTHERS, PROBES } from './administration.ts';
import { hasBody, HttpConnections, isOver } from './connections.ts';
import { BodyError, EncodedError, refusalOf } from './errors.ts';
import { guard, type Guarded } from './guard.ts';
import { trackHandshakes } from './handshakes.ts';
import { isEncoded, NOT_ENCODED } from './parameters.ts';
import { answerClientError, answerConnect, type RawService, refusePartial } from './raw.ts';
import { headerOf, readRequestKey } from './request-key.ts';
import {
  isText,
  JSON_TYPE,
  NOT_JSON,
  NOT_WRITTEN,
  refuseRequest,
  sendProblem,
  TEXT_TYPE,
  writeReply,
} from './reply.ts';
import type { Service } from './service.ts';

/** Calls of machines, what is below `/_smc/`, or both. */
export type Served = 'calls' | 'administration' | 'all';

/** How often connections are looked through for what is late. */
const SWEEP_MILLIS = 1_000;

/**
 * HTTP: operations as `POST /Counter/Incr` with a JSON object of the parameters, of a keyed
 * machine as `POST /Account/alice/Deposit` or `POST /Account/Deposit?key=alice`, and the
 * administration below `/_smc/`.
 *
 * On loopback it is for programs on this computer. A page in a browser must not reach it, whatever
 * name it was loaded under: `Host` must be local, an `Origin` that is not is refused, and a
 * body needs a content type that no form can send.
 */
export async function serveHttp(service: Service, place: Place, serves: Served): Promise<Listener> {
  const { host, access, limits } = service;
  const { metrics } = host;
  const answerError = (error: FastifyError, reply: FastifyReply): void => {
    const { problem: why, status } = refusalOf(host, error, reply, NOT_JSON);
    refuseRequest(metrics, reply, why, status);
  };
  const app: FastifyInstance = Fastify({
    http: parserOptions(limits),
    ...(place.tls === null
      ? {}
      : { https: { ...parserOptions(limits), ...place.tls, handshakeTimeout: limits.handshakeMillisMax } }),
    bodyLimit: limits.jsonBytesMax,
    requestTimeout: limits.requestMillisMax,
    keepAliveTimeout: 72_000,
    return503OnClosing: false,
    forceCloseConnections: false,
    // A key of 512 bytes, each written as three characters; what is too long for one is told by `readKey`.
    routerOptions: { maxParamLength: 8 * 1024, caseSensitive: true },
    frameworkErrors: (error, _request, reply) => answerError(error, reply),
    clientErrorHandler: (error, socket) => {
      // An answer now would be taken for that of a request which is being answered, or for a second one of one that was.
      if (connections.endWhenAnswered(socket)) return;
      answerClientError({ metrics, limits }, error, socket, connections.partialOf(socket));
    },
  });
  // Fastify knows some of them: with any other, what is below `/_smc/` would come to no route.
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  // Node's would end those too of which the reply is on its way: `endIdle` waits for it.
  app.server.closeIdleConnections = () => {};
  // Who sends a request and then no more gets its reply. It is a property of the server that its types do not have.
  Object.assign(app.server, { httpAllowHalfOpen: true });
  const handshakes = place.tls === null ? null : trackHandshakes(app.server);
  const connections = new HttpConnections(app, service, place.tls !== null);
  readBodies(app);
  refuseOthers(app, place, { metrics, limits, connections });
  app.decorateRequest('caller', '');
  app.setErrorHandler<FastifyError>((error, _request, reply) => answerError(error, reply));
  app.setNotFoundHandler((request, reply) =>
    refuseRequest(metrics, reply, serves === 'administration' ? NO_CALLS : unknownAddress(request)),
  );
  if (serves !== 'administration') {
    const guarded = { onRequest: guard((token) => authorizeCall(access, token), service) };
    addOperations(app, { host, connections }, guarded);
    if (serves === 'calls') addApart(app, guarded);
  }
  // Where it is not served, it is not there: nothing below `/_smc/` is the name of a machine.
  if (serves !== 'calls') addAdministration(app, service);
  await app.listen({ port: place.port, host: place.address });
  const sweeps = setInterval(() => connections.sweep(performance.now()), SWEEP_MILLIS);
  sweeps.unref();
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : place.port,
    announceStop: () => connections.announceStop(),
    close: async () => {
      handshakes?.destroy();
      connections.endIdle((socket, partial) => refusePartial({ metrics, limits }, socket, partial));
      const force = setTimeout(() => app.server.closeAllConnections(), limits.closeMillisMax);
      await app.close();
      clearTimeout(force);
      clearInterval(sweeps);
    },
  };
}

/** Reads bodies that are text, as they are. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ['application/json', TEXT_TYPE],
    { parseAs: 'buffer' },
    ({ headers, raw }, body: Buffer, done) => {
      if (isOver(raw)) return;
      if (isUtf8(body) && saysUtf8(headers['content-type'])) done(null, body.toString('utf8'));
      else done(new BodyError('a body is UTF-8, and so is the charset of its content type'));
    },
  );
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const encoding = request.headers['content-encoding'] ?? '';
    done(/^(?:identity)?$/i.test(encoding) || !hasBody(request) ? null : new EncodedError());
  });
}

/** Of the server of Node, encrypted or not: it leaves all refusals to us. */
function parserOptions(limits: NodeLimits): ServerOptions {
  return {
    headersTimeout: limits.headersMillisMax,
    maxHeaderSize: HEADER_BYTES_MAX,
    connectionsCheckingInterval: Math.min(SWEEP_MILLIS, limits.headersMillisMax / 4),
    requireHostHeader: false,
  };
}

/** Refuses requests, whatever they ask for, that HTTP does not allow, or that come from elsewhere where only this computer is served. */
function refuseOthers(
  app: FastifyInstance,
  { address }: Place,
  { connections, ...service }: RawService & { readonly connections: HttpConnections },
): void {
  const isLocal = isLoopback(address);
  app.addHook('onRequest', (request, reply, done) => {
    const unmet = unmetOf(request);
    if (unmet !== null) return refuseRequest(service.metrics, reply, unmet.problem, unmet.status);
    const refused = isLocal ? checkLocal(request) : null;
    if (refused !== null) return refuseRequest(service.metrics, reply, refused);
    done();
  });
  // Without this the server answers those by itself.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.on('connect', (_request, socket: Socket) => {
    // It is read and watched by nobody any more.
    socket.on('error', () => socket.destroy()).resume();
    if (!connections.endWhenAnswered(socket)) answerConnect(service, socket);
  });
}

/** What each request must be: of others a proxy before the node may have another idea than the node. */
const REQUIREMENTS: readonly {
  readonly isMet: (request: FastifyRequest) => boolean;
  readonly status: number;
  readonly message: string;
}[] = [
  {
    isMet: ({ raw }) => raw.httpVersionMajor === 1,
    status: 505,
    message: 'the node speaks HTTP/1.1',
  },
  {
    // One of HTTP/1.0 needs none.
    isMet: ({ raw }) => {
      const count = countHosts(raw.rawHeaders);
      return count === 1 || (count === 0 && raw.httpVersion === '1.0');
    },
    status: 400,
    message: 'a request has one Host header',
  },
  {
    isMet: ({ headers: { 'transfer-encoding': encoding } }) =>
      encoding === undefined || encoding.toLowerCase() === 'chunked',
    status: 400,
    message: 'nothing but chunked can be the transfer encoding',
  },
  {
    // What the server has answered already.
    isMet: ({ headers }) =>
      headers.expect === undefined || /(?:^|\W)100-continue(?:$|\W)/i.test(headers.expect),
    status: 417,
    message: 'nothing but 100-continue can be expected',
  },
];

/** `headers` has the first of them alone. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}

function unmetOf(request: FastifyRequest): { readonly problem: Problem; readonly status: number } | null {
  const unmet = REQUIREMENTS.find(({ isMet }) => !isMet(request));
  return unmet === undefined
    ? null
    : { problem: problem('bad-request', unmet.message), status: unmet.status };
}

/** Whether a content type names no character set, or that of all bodies. */
function saysUtf8(type = ''): boolean {
  const named = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(type)?.[1];
  return named === undefined || /^utf-?8$/i.test(named);
}

const LOCAL = String.raw`(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?`;
const LOCAL_HOST = new RegExp(`^${LOCAL}$`, 'i');
const LOCAL_ORIGIN = new RegExp(`^https?://${LOCAL}$`, 'i');

function checkLocal({ headers }: FastifyRequest): Problem | null {
  if (headers.host === undefined || !LOCAL_HOST.test(headers.host)) {
    return problem('bad-request', 'the host of the request is not this computer');
  }
  if (headers.origin !== undefined && !LOCAL_ORIGIN.test(headers.origin)) {
    return problem('bad-request', `requests from ${headers.origin} are not taken`);
  }
  return null;
}

/** Not `unknown-machine`: for whoever removes a machine, that would be as if it were gone. */
const APART = problem(
  'unknown-operation',
  'administration is not served here: it has a listener of its own, as the first line of smc node says',
);

const NO_CALLS = problem(
  'unknown-operation',
  'machines are not called here: this listener serves administration alone',
);

/** Nothing below `/_smc/` is looked at here, no body and no type of one. */
function addApart(app: FastifyInstance, { onRequest }: Guarded): void {
  const refuseAll: onRequestHookHandler = (_request, reply) => sendProblem(reply, APART);
  const guarded = { onRequest: [onRequest, refuseAll] };
  // What watches over a node has no token, and looks for one in vain.
  for (const address of PROBES) app.get(address, (_request, reply) => sendProblem(reply, APART));
  app.all(OTHERS, guarded, () => {
    throw new Error('administration where it is not served');
  });
}

function unknownAddress(request: FastifyRequest): Problem {
  const { method } = request;
  const address = request.url.split('?')[0];
  const parts = address.split('/').slice(1);
  if (parts.length === 0 || parts.length > 3 || parts.includes('')) {
    return problem(
      'unknown-machine',
      `there is no ${address}; call POST /MACHINE/OPERATION or POST /MACHINE/KEY/OPERATION`,
    );
  }
  if (parts.length === 3) return problem('bad-request', `call POST /MACHINE/KEY/OPERATION, not ${method}`);
  return problem('unknown-operation', `call POST /${parts[0]}/OPERATION, not ${method} ${address}`);
}

interface OperationRoute {
  Params: { machine: string; key?: string; operation: string };
  Querystring: Record<string, string | string[]>;
  Body: string | Uint8Array | undefined;
}

type OperationRequest = FastifyRequest<OperationRoute>;

/** What an address says beside machine and operation, or why it is refused. */
type Addressed =
  | { readonly ok: true; readonly key: string | null; readonly body: WrittenBody }
  | { readonly ok: false; readonly problem: Problem };

/** What calls need. */
interface Calls {
  readonly host: Host;
  readonly connections: HttpConnections;
}

function addOperations(app: FastifyInstance, calls: Calls, guarded: Guarded): void {
  for (const address of ['/:machine/:operation', '/:machine/:key/:operation']) {
    app.post<OperationRoute>(address, guarded, (request, reply) => {
      const addressed = readPost(request);
      // Nothing is returned: fastify would wait for a reply that is given back as for a promise, which costs as much as a step.
      if (!addressed.ok) return refuseRequest(calls.host.metrics, reply, addressed.problem);
      callMachine(calls, request, reply, { ...addressed, readOnly: false });
    });
    app.get<OperationRoute>(address, guarded, (request, reply) => {
      const addressed = readGet(request);
      if (!addressed.ok) return refuseRequest(calls.host.metrics, reply, addressed.problem);
      callMachine(calls, request, reply, { ...addressed, readOnly: true });
    });
  }
}

function readPost(request: OperationRequest): Addressed {
  const { operation } = request.params;
  const { key = null, ...others } = request.query;
  if (Object.keys(others).length > 0) {
    return refuse('the parameters of a POST are in its body, not in the address');
  }
  const keys = [request.params.key ?? [], key ?? []].flat();
  if (keys.length > 1) return refuse('the address gives more than one key');
  if (!isEncoded(request)) return { ok: false, problem: NOT_ENCODED };
  const text = request.body ?? '';
  if (typeof text !== 'string') return { ok: false, problem: NOT_JSON };
  const isInput = isText(request.headers['content-type']);
  const named = isInput ? /^\s*(\w+)/.exec(text)?.[1] : undefined;
  if (named !== undefined && named !== operation) {
    return refuse(`the address names the operation ${operation}, and the input ${named}`);
  }
  const body: WrittenBody = isInput ? { form: 'text', text, start: 0 } : { form: 'json', operation, text };
  return { ok: true, key: keys[0] ?? null, body };
}

/** A `key` in the query is that of a keyed machine, or a parameter: whoever knows the machine tells. */
function readGet(request: OperationRequest): Addressed {
  if (!isEncoded(request)) return { ok: false, problem: NOT_ENCODED };
  const pairs = Object.entries(request.query).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value] as const),
  );
  const { operation, key = null } = request.params;
  return { ok: true, key, body: { form: 'query', operation, pairs } };
}

const refuse = (message: string): Addressed & { ok: false } => ({
  ok: false,
  problem: problem('bad-request', message),
});

function callMachine(
  { host, connections }: Calls,
  request: OperationRequest,
  reply: FastifyReply,
  { key, body, readOnly }: { key: string | null; body: WrittenBody; readOnly: boolean },
): void {
  const once = readRequestKey(request, () => digestOf(request.params.operation, key, body));
  if (!once.ok) return refuseRequest(host.metrics, reply, once.problem);
  const spoken = headerOf(request, 'smc-interface');
  host.call(
    {
      machine: request.params.machine,
      key,
      interfaces: spoken === null ? null : [spoken],
      body,
      request: once.key,
      readOnly,
    },
    (answer) => {
      // To write a reply is work: not for a peer that is gone.
      if (request.raw.socket.destroyed) return;
      try {
        sendReply(request, reply, answer);
      } catch (error) {
        host.report(error);
        sendProblem(reply, NOT_WRITTEN);
      }
    },
    { caller: connections.callerOf(request) },
  );
}

/** What makes two requests the same: the instance, the operation, and the body as it was sent. */
function digestOf(operation: string, key: string | null, body: WrittenBody): string {
  const argument = body.form === 'query' ? JSON.stringify(body.pairs) : body.text;
  const address = JSON.stringify([key, operation, body.form]);
  return createHash('sha256').update(`${address}\n${argument}`).digest('hex');
}

function sendReply(request: FastifyRequest, reply: FastifyReply, answer: Reply): void {
  if (answer.kind === 'refused') return sendProblem(reply, answer.problem, answer.version);
  if (answer.kind !== 'value') throw new Error(`a call was answered with ${answer.kind}`);
  const form = isText(request.headers.accept) ? 'text' : 'json';
  const written = writeReply(answer, form);
  if (!written.ok) return sendProblem(reply, written.problem, answer.version);
  reply.header('smc-code', answer.version.fingerprints.code);
  void reply.type(form === 'text' ? TEXT_TYPE : JSON_TYPE).send(written.text);
}
