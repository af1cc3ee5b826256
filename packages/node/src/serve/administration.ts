import { encodeBundle } from '@smc/protocol';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { authorizeAdministration } from '../access/access.ts';
import type { Host } from '../host.ts';
import { readKey } from '../instances.ts';
import { problem, type Problem } from '../problem.ts';
import type { NodeState } from '../state.ts';
import { readDebug, type Version } from '../version.ts';
import { addDeployments, BUNDLE_TYPE } from './deployments.ts';
import { guard, type Guarded } from './guard.ts';
import { Exposition } from './prometheus.ts';
import { isText, JSON_TYPE, sendProblem, TEXT_TYPE, TOO_LONG } from './reply.ts';
import type { Service } from './service.ts';
import { viewHistory, viewMachine, viewMachines, viewState } from './views.ts';

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
export function addAdministration(app: FastifyInstance, service: Service): void {
  const { host, access, limits, log, refusals } = service;
  app.get('/_smc/health', (_request, reply) => reply.type(JSON_TYPE).send('{"status":"ok"}'));
  app.get('/_smc/ready', (_request, reply) => {
    const { unready } = host;
    if (unready === null) return reply.type(JSON_TYPE).send('{"status":"ready"}');
    return sendProblem(reply, unready);
  });
  const guarded = { onRequest: guard((token) => authorizeAdministration(access, token), refusals) };
  addViews(app, service, guarded);
  addDeployments(app, host, { access, limits, log, guarded });
  // Without this, what is not here would be taken for an operation of a machine.
  app.all('/_smc/*', guarded, (request, reply) =>
    sendProblem(
      reply,
      problem('unknown-operation', `there is no ${request.method} ${request.url.split('?')[0]}`),
    ),
  );
}

function addViews(app: FastifyInstance, { host, refusals }: Service, guarded: Guarded): void {
  const exposition = new Exposition(host, refusals);
  app.get('/_smc/metrics', guarded, async (_request, reply) =>
    reply.type(exposition.contentType).send(await exposition.text()),
  );
  app.get('/_smc/machines', guarded, (request, reply) => {
    const { after = '', ...others } = request.query as Query;
    const refused = typeof after === 'string' ? checkParameters(others) : notOnce('after');
    if (refused !== null) return refuse(reply, refused);
    return look(host, reply, (node) => seeMachines(node, String(after)));
  });
  app.get<MachineRoute>('/_smc/machines/:machine', guarded, (request, reply) =>
    look(host, reply, (node) => seeMachine(node, request.params.machine)),
  );
  app.get<MachineRoute>('/_smc/machines/:machine/state', guarded, (request, reply) => {
    const form = isText(request.headers.accept) ? 'text' : 'json';
    const { key = null, ...others } = request.query as Query;
    const refused = Array.isArray(key) ? notOnce('key') : checkParameters(others);
    if (refused !== null) return refuse(reply, refused);
    return look(host, reply, (node) => seeState(node, request.params.machine, key as string | null, form));
  });
  app.get<MachineRoute>('/_smc/machines/:machine/history', guarded, (request, reply) =>
    look(host, reply, (node) => seeHistory(node, request.params.machine)),
  );
  app.get<MachineRoute>('/_smc/machines/:machine/image', guarded, (request, reply) =>
    look(host, reply, (node) =>
      request.headers.accept === BUNDLE_TYPE
        ? seeBundle(node, request.params.machine)
        : seeImage(node, request.params.machine),
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

function refuse(reply: FastifyReply, refused: Problem): FastifyReply {
  sendProblem(reply, refused);
  return reply;
}
