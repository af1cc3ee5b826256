import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RouteGenericInterface,
} from 'fastify';
import type { Access } from '../access/access.ts';
import type { Reply } from '../event.ts';
import type { Host } from '../host.ts';
import { sha256 } from '../journal/blobs.ts';
import type { HeaderRequestKey } from '../journal/entry.ts';
import type { NodeLimits } from '../limits.ts';
import type { Log } from '../ports.ts';
import { problem, type Problem } from '../problem.ts';
import { isOver } from './connections.ts';
import { refusalOf } from './errors.ts';
import type { Guarded } from './guard.ts';
import { readParameters } from './parameters.ts';
import { isBrokenOff, JSON_TYPE, NOT_JSON, sendProblem } from './reply.ts';
import { readRequestKey } from './request-key.ts';

/** The address of all machines, which takes bundles. */
const DEPLOYMENTS = '/_smc/machines';
export const BUNDLE_TYPE = 'application/vnd.smc.bundle';
const BUNDLE_TYPES = ['application/octet-stream', BUNDLE_TYPE];

/** About a body that is sent as another thing. */
const NO_BUNDLE = problem(
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

/**
 * The addresses that change what runs. Who asked for it, and what came of it, is in the log of the operator, whoever
 * refused it after the guard had let it pass.
 */
export function addDeployments(app: FastifyInstance, host: Host, service: Deployments): void {
  const { guarded, limits, access, log } = service;
  app.addContentTypeParser(BUNDLE_TYPES, { parseAs: 'buffer' }, ({ raw }, body, done) => {
    if (!isOver(raw)) done(null, body);
  });
  const tell = (request: FastifyRequest, answer: Reply): void => {
    if (answer.isRepeated === true) return;
    const dryRun = isRehearsal(request);
    if (!dryRun) host.metrics.deployed(answer);
    tellDeployment(log, answer, dryRun, callerOf(request));
  };
  app.put(
    DEPLOYMENTS,
    {
      ...guarded,
      bodyLimit: limits.bundleBytesMax,
      errorHandler: refusing(host, NO_BUNDLE, tell),
    },
    async (request, reply) => {
      const read = readDeployment(request, access);
      const answer = read.ok
        ? await host.deploy(read.bundle, read.mode, read.dryRun, read.key)
        : refusedFor(read.problem);
      tell(request, answer);
      return answer.kind === 'deployed'
        ? reply.type(JSON_TYPE).send(JSON.stringify(answer.report))
        : refuse(reply, answer);
    },
  );
  app.delete<MachineRoute>(
    `${DEPLOYMENTS}/:machine`,
    {
      ...guarded,
      errorHandler: refusing(host, NOT_JSON, (request, answer) => tellRemoval(log, request, answer)),
    },
    async (request, reply) => {
      const read = readRemoval(request);
      const answer = read.ok ? await host.remove(request.params.machine, read.key) : refusedFor(read.problem);
      tellRemoval(log, request, answer);
      return answer.kind === 'removed' ? reply.type(JSON_TYPE).send('null') : refuse(reply, answer);
    },
  );
}

type MachineRoute = { Params: { machine: string } };

/** Answers a request of which the body could not be read, or what serves it failed, and tells of it: not where it only broke off. */
function refusing<Route extends RouteGenericInterface>(
  host: Host,
  wrongType: Problem,
  tell: (request: FastifyRequest<Route>, answer: Reply) => void,
) {
  return (error: FastifyError, request: FastifyRequest<Route>, reply: FastifyReply): void => {
    const { problem: why, status } = refusalOf(host, error, reply, wrongType);
    if (!isBrokenOff(request)) tell(request, refusedFor(why));
    sendProblem(reply, why, null, status);
  };
}

const refusedFor = (why: Problem): Reply => ({ kind: 'refused', problem: why, version: null });

function tellDeployment(log: Log, answer: Reply, dryRun: boolean, caller: Named): void {
  if (answer.kind === 'refused') {
    const { code, message } = answer.problem;
    const facts = { code, reason: message, ...caller };
    return dryRun ? log.info(facts, 'deployment would be refused') : log.warn(facts, 'deployment refused');
  }
  if (answer.kind !== 'deployed') throw new Error(`a bundle was answered with ${answer.kind}`);
  for (const { name, result, from, code } of answer.report.machines) {
    log.info({ machine: name, from, to: code, ...caller }, dryRun ? `would be ${result}` : result);
  }
}

function tellRemoval(log: Log, request: FastifyRequest<MachineRoute>, answer: Reply): void {
  if (answer.isRepeated === true) return;
  const { machine } = request.params;
  const caller = callerOf(request);
  if (answer.kind !== 'refused') return log.info({ machine, ...caller }, 'removed');
  const { code, message } = answer.problem;
  log.warn({ machine, code, reason: message, ...caller }, 'removal refused');
}

function refuse(reply: FastifyReply, answer: Reply): FastifyReply {
  if (answer.kind !== 'refused') throw new Error(`a change was answered with ${answer.kind}`);
  sendProblem(reply, answer.problem, answer.version);
  return reply;
}

/** The name of whoever sent a request, where the token has one. */
interface Named {
  readonly caller?: string;
}

function callerOf({ caller }: Pick<FastifyRequest, 'caller'>): Named {
  return caller === '' ? {} : { caller };
}

/** Whether it changes nothing, also where it is refused: what is tried out is no deployment that somebody should look after. */
function isRehearsal(request: FastifyRequest): boolean {
  return (request.query as Record<string, unknown>)['dry-run'] === '1';
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

/** That a machine is to be removed, once for a key. */
function readRemoval(
  request: FastifyRequest<MachineRoute>,
):
  | { readonly ok: true; readonly key: HeaderRequestKey | null }
  | { readonly ok: false; readonly problem: Problem } {
  const read = readParameters(request);
  if (!read.ok) return read;
  return readRequestKey(request, () => sha256(JSON.stringify(['remove', request.params.machine])));
}

const wrong = (message: string): Read => ({ ok: false, problem: problem('bad-request', message) });
