import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import type { Reply } from '../event.ts';
import type { Host } from '../host.ts';
import { sha256 } from '../journal/blobs.ts';
import type { HeaderRequestKey } from '../journal/entry.ts';
import type { NodeLimits } from '../limits.ts';
import type { Log } from '../ports.ts';
import { problem, type Problem } from '../problem.ts';
import type { Guarded } from './guard.ts';
import { readParameters } from './parameters.ts';
import { JSON_TYPE, sendProblem } from './reply.ts';
import { readRequestKey } from './request-key.ts';

/** The address of all machines, which takes bundles. */
export const DEPLOYMENTS = '/_smc/machines';
export const BUNDLE_TYPE = 'application/vnd.smc.bundle';
const BUNDLE_TYPES = ['application/octet-stream', BUNDLE_TYPE];

/** About a body that is sent as another thing. */
export const NO_BUNDLE = problem(
  'bad-request',
  `a bundle needs the content type ${BUNDLE_TYPES.toReversed().join(' or ')}`,
);

/** What deployments need beside the host. */
export interface Deployments {
  readonly access: Access;
  readonly limits: NodeLimits;
  readonly log: Log;
  readonly guarded: Guarded;
}

/** The addresses that change what runs. Who did, and what came of it, is in the log of the operator. */
export function addDeployments(app: FastifyInstance, host: Host, service: Deployments): void {
  app.addContentTypeParser(BUNDLE_TYPES, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.put(
    DEPLOYMENTS,
    { ...service.guarded, bodyLimit: service.limits.bundleBytesMax },
    async (request, reply) => {
      const read = readDeployment(request, service.access);
      const answer = read.ok
        ? await host.deploy(read.bundle, read.mode, read.dryRun, read.key)
        : refused(host, read.problem);
      if (answer.isRepeated !== true) tell(service, request, answer);
      return answer.kind === 'deployed'
        ? reply.type(JSON_TYPE).send(JSON.stringify(answer.report))
        : refuse(reply, answer);
    },
  );
  app.delete<{ Params: { machine: string } }>(
    `${DEPLOYMENTS}/:machine`,
    service.guarded,
    async (request, reply) => {
      const { machine } = request.params;
      const read = readParameters(request);
      if (!read.ok) return refuse(reply, { kind: 'refused', problem: read.problem, version: null });
      const once = readRequestKey(request, () => sha256(JSON.stringify(['remove', machine])));
      if (!once.ok) return refuse(reply, { kind: 'refused', problem: once.problem, version: null });
      const answer = await host.remove(machine, once.key);
      if (answer.kind !== 'removed') return refuse(reply, answer);
      if (answer.isRepeated !== true) service.log.info({ machine, ...callerOf(request) }, 'removed');
      return reply.type(JSON_TYPE).send('null');
    },
  );
}

/** What the node has not even seen is counted as what it refuses. */
function refused(host: Host, why: Problem): Reply {
  const reply = { kind: 'refused', problem: why, version: null } as const;
  host.metrics.deployed(reply, null);
  return reply;
}

function tell(service: Deployments, request: FastifyRequest, answer: Reply): void {
  const caller = callerOf(request);
  if (answer.kind === 'refused') {
    const { code, message } = answer.problem;
    return service.log.warn({ code, reason: message, ...caller }, 'deployment refused');
  }
  if (answer.kind !== 'deployed') throw new Error(`a bundle was answered with ${answer.kind}`);
  const { dryRun, machines } = answer.report;
  for (const { name, result, from, code } of machines) {
    service.log.info({ machine: name, from, to: code, ...caller }, dryRun ? `would be ${result}` : result);
  }
}

function refuse(reply: FastifyReply, answer: Reply): FastifyReply {
  if (answer.kind !== 'refused') throw new Error(`a change was answered with ${answer.kind}`);
  sendProblem(reply, answer.problem, answer.version);
  return reply;
}

/** The name of whoever sent a request, where the token has one. */
function callerOf({ caller }: FastifyRequest): { readonly caller?: string } {
  return caller === '' ? {} : { caller };
}

type Read =
  | {
      readonly ok: true;
      readonly bundle: Uint8Array;
      readonly mode: 'deploy' | 'upgrade';
      readonly dryRun: boolean;
      readonly key: HeaderRequestKey | null;
    }
  | { readonly ok: false; readonly problem: Problem };

/** What a request wants deployed, and how; signed as this node wants it. */
function readDeployment(request: FastifyRequest, { signers }: Access): Read {
  const read = readParameters(request, 'mode', 'dry-run');
  if (!read.ok) return read;
  const { mode = 'deploy', 'dry-run': rehearsal = '0' } = read.values;
  if (mode !== 'deploy' && mode !== 'upgrade') return wrong('mode is deploy or upgrade');
  if (rehearsal !== '0' && rehearsal !== '1') return wrong('dry-run is 0 or 1');
  const dryRun = rehearsal === '1';
  const { body } = request;
  if (!(body instanceof Uint8Array)) return { ok: false, problem: NO_BUNDLE };
  const unsigned = signers?.check(body) ?? null;
  if (unsigned !== null) return { ok: false, problem: unsigned };
  const once = readRequestKey(request, () => sha256(JSON.stringify([mode, dryRun, sha256(body)])));
  return once.ok ? { ok: true, bundle: body, mode, dryRun, key: once.key } : once;
}

const wrong = (message: string): Read => ({ ok: false, problem: problem('bad-request', message) });
