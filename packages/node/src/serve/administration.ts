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
import { readParameters } from './parameters.ts';
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

/** Those that take no token. */
export const PROBES = ['/_smc/health', '/_smc/ready'];

/** Addresses of administration that nothing else is at, `/_smc` too: no machine has a name that begins so. */
export const OTHERS = '/_smc*';

type MachineRoute = { Params: { machine: string } };

/**
 * The addresses below `/_smc/`: look at what runs, and change it. Whether the node is well may be asked by
 * anybody, for what watches over it has no token.
 */
export function addAdministration(app: FastifyInstance, service: Service): void {
  const { host, access, limits, log } = service;
  app.get('/_smc/health', (request, reply) => {
    const read = readParameters(request);
    return read.ok ? reply.type(JSON_TYPE).send('{"status":"ok"}') : sendProblem(reply, read.problem);
  });
  app.get('/_smc/ready', (request, reply) => {
    const read = readParameters(request);
    const refused = read.ok ? host.unready : read.problem;
    return refused === null ? reply.type(JSON_TYPE).send('{"status":"ready"}') : sendProblem(reply, refused);
  });
  const guarded = { onRequest: guard((token) => authorizeAdministration(access, token), service) };
  addViews(app, service, guarded);
  addDeployments(app, host, { access, limits, log, guarded });
  // Without this, what is not here would be taken for an operation of a machine.
  app.all(OTHERS, guarded, (request, reply) =>
    sendProblem(
      reply,
      problem('unknown-operation', `there is no ${request.method} ${request.url.split('?')[0]}`),
    ),
  );
}

function addViews(app: FastifyInstance, { host, refusals }: Service, guarded: Guarded): void {
  const exposition = new Exposition(host, refusals);
  app.get('/_smc/metrics', guarded, async (request, reply) => {
    const read = readParameters(request);
    if (!read.ok) return refuse(reply, read.problem);
    return reply.type(exposition.contentType).send(await exposition.text());
  });
  app.get('/_smc/machines', guarded, (request, reply) => {
    const read = readParameters(request, 'after');
    if (!read.ok) return refuse(reply, read.problem);
    return look(host, reply, (node) => seeMachines(node, read.values.after ?? ''));
  });
  const addView = <Name extends string>(
    address: string,
    parameters: readonly Name[],
    see: (node: NodeState, machine: string, asked: Asked<Name>) => Seen,
  ): void => {
    app.get<MachineRoute>(`/_smc/machines/:machine${address}`, guarded, (request, reply) => {
      const read = readParameters(request, ...parameters);
      if (!read.ok) return refuse(reply, read.problem);
      const asked = { accept: request.headers.accept, values: read.values };
      return look(host, reply, (node) => see(node, request.params.machine, asked));
    });
  };
  addView('', [], seeMachine);
  addView('/state', ['key'], (node, machine, { accept, values }) =>
    seeState(node, machine, values.key ?? null, isText(accept) ? 'text' : 'json'),
  );
  addView('/history', [], seeHistory);
  addView('/image', [], (node, machine, { accept }) =>
    accept === BUNDLE_TYPE ? seeBundle(node, machine) : seeImage(node, machine),
  );
}

/** What a request says beside its address. */
interface Asked<Name extends string> {
  readonly accept: string | undefined;
  readonly values: Readonly<Partial<Record<Name, string>>>;
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
