import type { CallBody, Value } from '@smc/protocol';
import { type Failure, FAILED } from '@smc/vm';
import { readBinaryBody, readBody } from './body.ts';
import type { BinaryBody, CallEvent, Reply, WrittenBody } from './event.ts';
import { type InstanceKey, printKey, readKey } from './instances.ts';
import { type ServedInterface, translateReply, translateRequest, type Way } from './interfaces.ts';
import type { Outcome, RequestKey } from './journal/entry.ts';
import type { LogWriter } from './journal/writer.ts';
import type { FirstOutcome } from './kept.ts';
import { STEP_LIMITS } from './limits.ts';
import { problem, type Problem, shorten } from './problem.ts';
import type { Machine, NodeState } from './state.ts';

/**
 * A step of a machine: the request is read by the interface that the caller speaks, taken
 * forward through the adapters, run, and its reply taken backward. What fails on the way
 * leaves the state as it was.
 *
 * A step that could change the state is an entry of the log, also when it faulted. So is a
 * request with an `Idempotency-Key`, whatever it did, since it must give the same reply for ever.
 */
export function call(node: NodeState, event: CallEvent, log: LogWriter): Reply {
  const machine = node.machines.get(event.machine);
  if (machine === undefined) {
    return refuse(null, problem('unknown-machine', `there is no machine ${JSON.stringify(event.machine)}`));
  }
  return event.body.form === 'binary'
    ? callBinary(node, machine, event, event.body, log)
    : callWritten(node, machine, event, event.body, log);
}

function callWritten(
  node: NodeState,
  machine: Machine,
  event: CallEvent,
  body: WrittenBody,
  log: LogWriter,
): Reply {
  const addressed = addressOf(machine, event.key, body);
  if (addressed === null) {
    return refuse(machine, problem('bad-request', 'the address gives more than one key'));
  }
  const key = readKey(machine.version.image, addressed.key);
  if (!key.ok) return refuse(machine, key.problem);
  const first = firstReply(machine, event.request);
  if (first !== null) return first;
  const spoken = findInterface(machine, event.interfaces);
  if (spoken === null) return refuse(machine, unknownInterface(machine, event.interfaces!));
  const read = readBody(addressed.body, spoken.version);
  if (!read.ok) return refuse(machine, read.problem);
  return callOperation(node, machine, event, spoken, { key: key.key, ...read.value }, log);
}

function callBinary(
  node: NodeState,
  machine: Machine,
  event: CallEvent,
  body: BinaryBody,
  log: LogWriter,
): Reply {
  const first = firstReply(machine, event.request);
  if (first !== null) return first;
  const spoken = findInterface(machine, event.interfaces);
  if (spoken === null) return refuse(machine, unknownInterface(machine, event.interfaces!));
  const read = readBinaryBody(body, spoken.version);
  if (!read.ok) return refuse(machine, read.problem);
  return callOperation(node, machine, event, spoken, read.value, log);
}

/** The reply that this request got before; null where it is new, or has no key. */
function firstReply(machine: Machine, request: RequestKey | null): Reply | null {
  if (request === null) return null;
  const kept = machine.kept.find(request);
  switch (kept.kind) {
    case 'new':
      return null;
    case 'known':
      return replyOf(machine, kept.outcome);
    case 'forgotten': {
      const message = 'this request is too old: its reply is not kept any more, if it was carried out';
      return refuse(machine, problem('gone', message));
    }
    case 'other': {
      const named = 'session' in request ? `id ${request.id}` : `key ${JSON.stringify(request.key)}`;
      const message = `the ${named} was used for another request before`;
      return refuse(machine, problem('idempotency-mismatch', message));
    }
  }
}

function callOperation(
  node: NodeState,
  machine: Machine,
  event: CallEvent,
  spoken: ServedInterface,
  { key, operation, input }: CallBody,
  log: LogWriter,
): Reply {
  const way = spoken.ways[operation];
  const { name } = spoken.version.image.operations[operation];
  if (way.kind === 'gone') {
    const why =
      way.why === 'dropped' ? 'an upgrade dropped it' : 'too many upgrades changed it since this interface';
    const message = `${machine.name} has no ${name} any more: ${why}`;
    return refuse(machine, problem('gone', message));
  }
  const { readOnly } = machine.version.program.operations[way.operation];
  if (event.readOnly && !readOnly) {
    return refuse(machine, problem('bad-request', `${name} can change the state: use POST`));
  }
  return step(node, machine, { event, key, spoken, operation, way, readOnly }, input, log);
}

/**
 * The instance and the input that are meant: a query to a keyed machine may have the key among its
 * parameters. Null where it has more than one.
 */
function addressOf(
  { version }: Machine,
  key: string | null,
  body: WrittenBody,
): { readonly key: string | null; readonly body: WrittenBody } | null {
  if (key !== null || body.form !== 'query' || version.image.key === 'none') return { key, body };
  const keys = body.pairs.filter(([name]) => name === 'key');
  if (keys.length > 1) return null;
  if (keys.length === 0) return { key, body };
  return { key: keys[0][1], body: { ...body, pairs: body.pairs.filter(([name]) => name !== 'key') } };
}

interface Request {
  readonly event: CallEvent;
  readonly key: InstanceKey;
  readonly spoken: ServedInterface;
  /** An operation of the interface spoken. */
  readonly operation: number;
  readonly way: Way & { readonly kind: 'open' };
  readonly readOnly: boolean;
}

function step(node: NodeState, machine: Machine, request: Request, input: Value, log: LogWriter): Reply {
  const { event, spoken, way } = request;
  const time = Math.max(node.time, event.time);
  node.time = time;
  const run = runThroughChain(machine, request, input, time);
  const origin = { interface: spoken.number, operation: request.operation };
  const outcome = run.ok ? ({ kind: 'ok', origin, value: run.value } as const) : failureOutcome(run.failure);
  if (outcome.kind === 'crash') return crashed(machine, outcome.message);
  const reply = replyOf(machine, outcome);
  if (request.readOnly && !isForEver(event.request)) return reply;
  const state = run.ok ? run.state : UNCHANGED;
  const noRoom = state === UNCHANGED ? null : checkRoom(node, machine, request.key, state);
  if (noRoom !== null) return refuse(machine, noRoom);
  // Before anything else changes: with what breaks off from here on the node can not go on.
  node.position++;
  if (state !== UNCHANGED) machine.instances.put(request.key, state);
  if (event.request !== null) machine.kept.add(event.request, outcome);
  machine.inputs++;
  if (outcome.kind !== 'ok') machine.faults++;
  const { program } = machine.version;
  const { operation } = way;
  log.input(
    node.position,
    time,
    {
      machine: machine.number,
      instance: printKey(request.key),
      request: event.request,
      origin,
      operation,
      outcome: outcome.kind === 'ok' ? OK : outcome,
    },
    run.translated === NOT_TRANSLATED
      ? null
      : { types: program.types, type: program.operations[operation].input, value: run.translated },
  );
  return reply;
}

/**
 * Whether the reply must be the same also where nothing was changed: not in frames, where every request has
 * an id, also one that reads.
 */
function isForEver(request: RequestKey | null): boolean {
  return request !== null && !('session' in request);
}

const OK: Outcome = { kind: 'ok' };
const NOT_TRANSLATED = Symbol('no adapter gave an input');

const UNCHANGED = Symbol('the state is the old one');

type ChainRun =
  | {
      readonly ok: true;
      readonly value: Value;
      readonly translated: Value;
      readonly state: Value | typeof UNCHANGED;
    }
  | { readonly ok: false; readonly failure: Failure; readonly translated: Value | typeof NOT_TRANSLATED };

/** Changes nothing. */
function runThroughChain(machine: Machine, { way, key }: Request, input: Value, time: number): ChainRun {
  const { chain, operation } = way;
  const { adapterFuel, stepFuel } = STEP_LIMITS;
  // In equal shares, so that a chain costs no more than one adapter, and each step the same in any order.
  const share = Math.floor(adapterFuel / Math.max(1, 2 * chain.length));
  let translated = input;
  // Nearly none has an adapter.
  if (chain.length > 0) {
    const forward = translateRequest(chain, input, share);
    if (!forward.ok) return { ok: false, failure: forward.failure, translated: NOT_TRANSLATED };
    translated = forward.value;
  }
  const { program } = machine.version;
  const before = machine.instances.get(key);
  const instance = program.instance(before, key);
  const value = program.step(instance, operation, translated, time, stepFuel);
  if (value === FAILED) return { ok: false, failure: program.failure, translated };
  const state = instance.state === before ? UNCHANGED : instance.state;
  if (chain.length === 0) return { ok: true, value, translated, state };
  const backward = translateReply(chain, value, share);
  if (backward.ok) return { ok: true, value: backward.value, translated, state };
  return { ok: false, failure: backward.failure, translated };
}

function failureOutcome({ kind, message }: Failure): Failure {
  return { kind, message: shorten(message, STEP_LIMITS.messageLengthMax) } as Failure;
}

/** A defect of ours and not of the program: nothing changed, and nothing is recorded. */
function crashed(machine: Machine, message: string): Reply {
  return refuse(
    machine,
    problem(
      'internal',
      `the machine crashed, which is a defect of the node, and nothing was changed: ${message}`,
    ),
  );
}

/** Why the node takes no such state of a keyed machine; null where it does. */
function checkRoom(
  { limits, memory }: NodeState,
  machine: Machine,
  key: InstanceKey,
  state: Value,
): Problem | null {
  const { keyed } = machine.instances;
  if (keyed === null || key === null) return null;
  const { count, dirtyBytes } = keyed.growth(key, state);
  if (count > 0 && keyed.count >= limits.instancesMax) {
    const message = `${machine.name} has ${keyed.count} instances, and the node takes no more: nothing was changed`;
    return problem('too-large', message);
  }
  switch (memory.roomFor(dirtyBytes)) {
    case 'now':
      return null;
    case 'later':
      return problem(
        'overloaded',
        'too many states wait to be written to disk; try again later: nothing was changed',
      );
    case 'never':
      return problem(
        'too-large',
        `states of ${memory.bytesMax} bytes are all that the node takes (--memory-limit): nothing was changed`,
      );
  }
}

/** The reply to a request by its first outcome. */
function replyOf(machine: Machine, outcome: FirstOutcome): Reply {
  if (outcome.kind !== 'ok') {
    return { kind: 'refused', problem: problem('fault', outcome.message), version: machine.version };
  }
  const { version } = machine.interfaces.known[outcome.origin.interface];
  return {
    kind: 'value',
    types: version.image.unit.types,
    type: version.image.operations[outcome.origin.operation].reply,
    value: outcome.value,
    fieldOrder: version.fieldOrder,
    version: machine.version,
  };
}

function findInterface(machine: Machine, fingerprints: readonly string[] | null): ServedInterface | null {
  if (fingerprints === null) return machine.interfaces.current;
  for (const fingerprint of fingerprints) {
    const served = machine.interfaces.find(fingerprint);
    if (served !== null) return served;
  }
  return null;
}

function unknownInterface(machine: Machine, fingerprints: readonly string[]): Problem {
  const running = machine.interfaces.current.fingerprint;
  const message = `${machine.name} serves no interface ${fingerprints.join(' or ')}; the running one is ${running}`;
  return problem('unknown-interface', message);
}

function refuse(machine: Machine | null, problem: Problem): Reply {
  return { kind: 'refused', problem, version: machine?.version ?? null };
}
