import { encodeBundle } from '@smc/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Access, authorizeAdministration } from '../access/access.ts';
import type { Signers } from '../access/signers.ts';
import type { Host } from '../host.ts';
import { readKey } from '../instances.ts';
import type { NodeLimits } from '../limits.ts';
import { problem, type Problem } from '../problem.ts';
import type { NodeState } from '../state.ts';
import { readDebug, type Version } from '../version.ts';
import { guard } from './guard.ts';
import { metricsRegistry } from './prometheus.ts';
import { isText, JSON_TYPE, sendProblem, TEXT_TYPE, TOO_LONG } from './reply.ts';
import { viewHistory, viewMachine, viewMachines, viewState } from './views.ts';

const BUNDLE_TYPE = 'application/vnd.smc.bundle';
const BUNDLE_TYPES = ['application/octet-stream', BUNDLE_TYPE];

/** What a view answers with. */
type Seen =
  | {
      readonly ok: true;
      readonly type: string;
      readonly body: string | Uint8Array;
      readonly version: Version | null;
      /** Of a list that goes on: the address of the rest. */
      readonly next?: string;
    }
  | { readonly ok: false; readonly problem: Problem };

type Query = Record<string, string | string[]>;

/** A parameter that is not taken is refused, and not passed over: the answer would be to another question. */
function checkParameters(query: Query): Problem | null {
  const [name] = Object.keys(query);
  if (name === undefined) return null;
  return problem('bad-request', `there is no parameter ${JSON.stringify(name)} here`);
}

const notOnce = (name: string): Problem => problem('bad-request', `the parameter "${name}" is there twice`);

type MachineRoute = { Params: { machine: string } };

/**
 * The addresses below `/_smc/`: look at what runs, and change it. Whether the node is well may be asked by
 * anybody, for what watches over it has no token.
 */
export async function addAdministration(
  app: FastifyInstance,
  host: Host,
  access: Access,
  limits: NodeLimits,
): Promise<void> {
  app.get('/_smc/health', (_request, reply) => reply.type(JSON_TYPE).send('{"status":"ok"}'));
  app.get('/_smc/ready', (_request, reply) => {
    if (host.ready) return reply.type(JSON_TYPE).send('{"status":"ready"}');
    return sendProblem(reply, problem('stopping', 'the node takes no requests'));
  });
  await app.register(async (scope) => {
    scope.addHook(
      'onRequest',
      guard((token) => authorizeAdministration(access, token)),
    );
    addMachines(scope, host, access, limits);
  });
}

function addMachines(app: FastifyInstance, host: Host, { signers }: Access, limits: NodeLimits): void {
  app.addContentTypeParser(BUNDLE_TYPES, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const registry = metricsRegistry(host);
  app.get('/_smc/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
  app.get('/_smc/machines', (request, reply) => {
    const { after = '', ...others } = request.query as Query;
    const refused = typeof after === 'string' ? checkParameters(others) : notOnce('after');
    if (refused !== null) return refuse(reply, refused);
    return look(host, reply, (node) => seeMachines(node, String(after)));
  });
  app.get<MachineRoute>('/_smc/machines/:machine', (request, reply) =>
    look(host, reply, (node) => seeMachine(node, request.params.machine)),
  );
  app.get<MachineRoute>('/_smc/machines/:machine/state', (request, reply) => {
    const form = isText(request.headers.accept) ? 'text' : 'json';
    const { key = null, ...others } = request.query as Query;
    const refused = Array.isArray(key) ? notOnce('key') : checkParameters(others);
    if (refused !== null) return refuse(reply, refused);
    return look(host, reply, (node) => seeState(node, request.params.machine, key as string | null, form));
  });
  app.get<MachineRoute>('/_smc/machines/:machine/history', (request, reply) =>
    look(host, reply, (node) => seeHistory(node, request.params.machine)),
  );
  app.get<MachineRoute>('/_smc/machines/:machine/image', (request, reply) =>
    look(host, reply, (node) =>
      request.headers.accept === BUNDLE_TYPE
        ? seeBundle(node, request.params.machine)
        : seeImage(node, request.params.machine),
    ),
  );
  app.put('/_smc/machines', { bodyLimit: limits.bundleBytesMax }, (request, reply) =>
    deploy(host, signers, request, reply),
  );
  app.delete<MachineRoute>('/_smc/machines/:machine', async (request, reply) => {
    const answer = await host.remove(request.params.machine);
    if (answer.kind === 'refused') return sendProblem(reply, answer.problem, answer.version);
    return reply.type(JSON_TYPE).send('null');
  });
  // Without this, what is not here would be taken for an operation of a machine.
  app.all('/_smc/*', (request, reply) =>
    sendProblem(
      reply,
      problem('unknown-operation', `there is no ${request.method} ${request.url.split('?')[0]}`),
    ),
  );
}

async function look(host: Host, reply: FastifyReply, view: (node: NodeState) => Seen): Promise<FastifyReply> {
  const seen = await host.look(view);
  if (seen.ok) {
    if (seen.version !== null) void reply.header('smc-code', seen.version.fingerprints.code);
    if (seen.next !== undefined) void reply.header('link', `<${seen.next}>; rel="next"`);
    return reply.type(seen.type).send(seen.body);
  }
  sendProblem(reply, seen.problem);
  return reply;
}

function json(data: unknown, version: Version | null): Seen {
  return { ok: true, type: JSON_TYPE, body: JSON.stringify(data), version };
}

function unknownMachine(name: string): Seen {
  return { ok: false, problem: problem('unknown-machine', `there is no machine ${JSON.stringify(name)}`) };
}

function seeMachines(node: NodeState, after: string): Seen {
  const { json: body, last } = viewMachines(node, after);
  const next = last === null ? {} : { next: `/_smc/machines?after=${encodeURIComponent(last)}` };
  return { ok: true, type: JSON_TYPE, body, version: null, ...next };
}

function seeMachine(node: NodeState, name: string): Seen {
  const machine = node.machines.get(name);
  return machine === undefined ? unknownMachine(name) : json(viewMachine(machine), machine.version);
}

function seeState(node: NodeState, name: string, text: string | null, form: 'json' | 'text'): Seen {
  const machine = node.machines.get(name);
  if (machine === undefined) return unknownMachine(name);
  const key = readKey(machine.version.image, text);
  if (!key.ok) return key;
  const body = viewState(machine, key.key, form);
  if (body === null) {
    return { ok: false, problem: problem('too-large', `the state of ${name} is too large: ${TOO_LONG}`) };
  }
  return { ok: true, type: form === 'json' ? JSON_TYPE : TEXT_TYPE, body, version: machine.version };
}

function seeHistory(node: NodeState, name: string): Seen {
  const history = node.histories.get(name);
  if (history === undefined) return unknownMachine(name);
  return json(viewHistory(history), node.machines.get(name)?.version ?? null);
}

function seeImage(node: NodeState, name: string): Seen {
  const machine = node.machines.get(name);
  if (machine === undefined) return unknownMachine(name);
  const { bytes } = machine.version;
  // A copy: what is sent may be changed by the one who sends it.
  return { ok: true, type: 'application/octet-stream', body: Buffer.from(bytes), version: machine.version };
}

/** The image with its debug data, for tools; as large as what was sent, at most. */
function seeBundle(node: NodeState, name: string): Seen {
  const machine = node.machines.get(name);
  if (machine === undefined) return unknownMachine(name);
  const { version } = machine;
  const debug = readDebug(version.debugBytes);
  const body = encodeBundle({ images: [version.image], debug: [debug], upgrades: [] });
  return { ok: true, type: BUNDLE_TYPE, body: Buffer.from(body), version };
}

async function deploy(
  host: Host,
  signers: Signers | null,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const options = readOptions(request.query as Query);
  if (!options.ok) return refuse(reply, problem('bad-request', options.message));
  const { body } = request;
  if (!(body instanceof Uint8Array)) {
    return refuse(reply, problem('bad-request', `a bundle is sent as ${BUNDLE_TYPES.join(' or ')}`));
  }
  const unsigned = signers?.check(body) ?? null;
  if (unsigned !== null) return refuse(reply, unsigned);
  const answer = await host.deploy(body, options.mode, options.dryRun);
  if (answer.kind === 'refused') return refuse(reply, answer.problem);
  if (answer.kind !== 'deployed') throw new Error(`a bundle was answered with ${answer.kind}`);
  return reply.type(JSON_TYPE).send(JSON.stringify(answer.report));
}

function refuse(reply: FastifyReply, refused: Problem): FastifyReply {
  sendProblem(reply, refused);
  return reply;
}

type DeployOptions =
  | { readonly ok: true; readonly mode: 'deploy' | 'upgrade'; readonly dryRun: boolean }
  | { readonly ok: false; readonly message: string };

function readOptions(query: Query): DeployOptions {
  let mode: 'deploy' | 'upgrade' = 'deploy';
  let dryRun = false;
  for (const [name, value] of Object.entries(query)) {
    if (name === 'mode' && (value === 'deploy' || value === 'upgrade')) mode = value;
    else if (name === 'dry-run' && (value === '0' || value === '1')) dryRun = value === '1';
    else if (name === 'mode') return { ok: false, message: 'mode is deploy or upgrade' };
    else if (name === 'dry-run') return { ok: false, message: 'dry-run is 0 or 1' };
    else return { ok: false, message: `the option ${name} is not supported yet` };
  }
  return { ok: true, mode, dryRun };
}
