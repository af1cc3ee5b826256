import {
  equal,
  matchFingerprint,
  type OperationWay,
  type Product,
  type TypeId,
  type TypeTable,
  type Value,
} from '@smc/protocol';
import type { LoadedUnit, RunResult } from '@smc/vm';
import { STEP_LIMITS } from './limits.ts';
import { samplesOf } from './samples.ts';
import type { Version } from './version.ts';

/**
 * The interfaces that a machine serves: the one of its running version, and every older one
 * that an unbroken chain of adapters leads to it from.
 *
 * A chain is kept by operation, as what is left to do: identities disappear when an upgrade is
 * taken, so the running interface costs nothing, and neither does an older one that differs
 * elsewhere. Where a machine returns to an interface that it had, the chain starts anew: an upgrade by
 * which the same request would mean another thing is refused before (`returned`).
 */
export interface ServedInterface {
  /** Its number: the place in `Interfaces.known`. */
  readonly number: number;
  readonly fingerprint: string;
  /** The first version that had it: its image has the names and types of its operations. */
  readonly version: Version;
  /** For each of its operations, by index. */
  readonly ways: readonly Way[];
}

export type Way =
  /** On to an operation of the running version, by index; the adapters in the order of requests. */
  | { readonly kind: 'open'; readonly operation: number; readonly chain: readonly Adapter[] }
  /** Dropped on the way, or further away than adapters lead. */
  | { readonly kind: 'gone'; readonly why: 'dropped' | 'too far' };

/** Two functions of a unit, by index: a request forward, the reply to it backward. */
export interface Adapter {
  readonly functions: LoadedUnit;
  readonly request: number;
  readonly reply: number;
}

/** An interface that a machine has had, whether or not it is served still. */
export interface KnownInterface {
  readonly fingerprint: string;
  readonly version: Version;
}

/** What comes of an upgrade to an interface that is served already. */
export interface InterfaceReturn {
  readonly fingerprint: string;
  /** Operations that an adapter, or another operation, has served since: now they would mean another thing. */
  readonly changed: readonly string[];
  /** Operations that were dropped since, or a part of what they take or give, and that are whole again. */
  readonly again: readonly string[];
}

/** What an upgrade takes from clients of an interface that is served. */
export interface InterfaceLoss {
  readonly fingerprint: string;
  /** Names of operations that are served no more. */
  readonly dropped: readonly string[];
  readonly tooFar: readonly string[];
  /** Nothing of it is served any more, as others were current since. */
  readonly isForgotten: boolean;
}

export class Interfaces {
  /** In the order in which they first ran; entries of the log name them by place. */
  readonly known: KnownInterface[] = [];
  /** By fingerprint, in the order in which they were current last. */
  readonly #served = new Map<string, ServedInterface>();
  #current: ServedInterface;

  /** Of a machine that is new: one interface. */
  constructor(version: Version) {
    this.#current = this.#makeCurrent(version);
  }

  get current(): ServedInterface {
    return this.#current;
  }

  /** All that are served, the current one last. */
  served(): Iterable<ServedInterface> {
    return this.#served.values();
  }

  /** The interface with this fingerprint, or with this unique prefix of it; null where none is served. */
  find(fingerprint: string): ServedInterface | null {
    const exact = this.#served.get(fingerprint);
    if (exact !== undefined) return exact;
    const match = matchFingerprint(fingerprint, this.#served.keys());
    return match.kind === 'one' ? this.#served.get(match.fingerprint)! : null;
  }

  /**
   * Goes on to a new version. `ways` has one for each operation of the version before it, and
   * the names of operations in it were judged to be there.
   */
  advance(version: Version, ways: readonly OperationWay[], functions: LoadedUnit): void {
    const stepAt = this.#stepsTo(version, ways, functions);
    for (const [fingerprint, served] of this.#served) {
      const followed = served.ways.map((way) => follow(way, stepAt));
      this.#served.set(fingerprint, { ...served, ways: followed });
    }
    this.#current = this.#makeCurrent(version);
    for (const fingerprint of this.#served.keys()) {
      if (this.#served.size <= STEP_LIMITS.interfacesMax) break;
      this.#served.delete(fingerprint);
    }
  }

  /** What `advance` with the same would take, by interface; it changes nothing. */
  losses(version: Version, ways: readonly OperationWay[], functions: LoadedUnit): InterfaceLoss[] {
    const stepAt = this.#stepsTo(version, ways, functions);
    // The chain of the interface that is the new one starts anew.
    const others = [...this.#served.values()].filter(
      ({ fingerprint }) => fingerprint !== version.fingerprints.interface,
    );
    const forgotten = others.length + 1 - STEP_LIMITS.interfacesMax;
    return others.map(({ fingerprint, version: { image }, ways: before }, place) => {
      const lost = before.map((way) => {
        const after = follow(way, stepAt);
        return way.kind === 'open' && after.kind === 'gone' ? after.why : null;
      });
      const names = (why: 'dropped' | 'too far'): string[] =>
        image.operations.filter((_, operation) => lost[operation] === why).map(({ name }) => name);
      return {
        fingerprint,
        dropped: names('dropped'),
        tooFar: names('too far'),
        isForgotten: place < forgotten,
      };
    });
  }

  /**
   * What `advance` with the same would do to an older interface that is the new one, too: its clients
   * could not be told from those of the new version. Null where there is none.
   */
  returned(version: Version, ways: readonly OperationWay[], functions: LoadedUnit): InterfaceReturn | null {
    const fingerprint = version.fingerprints.interface;
    const served = this.#served.get(fingerprint);
    if (served === undefined) return null;
    const stepAt = this.#stepsTo(version, ways, functions);
    const { operations } = served.version.image;
    const followed = served.ways.map((way) => follow(way, stepAt));
    const effects = followed.map((way, i): Effect => {
      if (way.kind === 'gone') return way.why === 'dropped' ? 'lost' : 'changed';
      const isItself = version.image.operations[way.operation].name === operations[i].name;
      return isItself ? effectOf(way, served) : 'changed';
    });
    const named = (effect: Effect): string[] =>
      operations.flatMap(({ name }, i) => (effects[i] === effect ? [name] : []));
    return { fingerprint, changed: named('changed'), again: named('lost') };
  }

  /** For each operation of the running version, by index. */
  #stepsTo(version: Version, ways: readonly OperationWay[], functions: LoadedUnit): Way[] {
    const steps = new Map(ways.map((way) => [way.name, stepOf(way, version, functions)]));
    return this.#current.version.image.operations.map(({ name }) => {
      const step = steps.get(name);
      if (step === undefined) throw new Error(`the upgrade says nothing of the operation ${name}`);
      return step;
    });
  }

  #makeCurrent(version: Version): ServedInterface {
    const fingerprint = version.fingerprints.interface;
    let number = this.known.findIndex((known) => known.fingerprint === fingerprint);
    if (number < 0) number = this.known.push({ fingerprint, version }) - 1;
    const ways = version.image.operations.map((_, operation): Way => ({
      kind: 'open',
      operation,
      chain: [],
    }));
    const current = { number, fingerprint, version, ways };
    // Taken out first, so that it stands last.
    this.#served.delete(fingerprint);
    this.#served.set(fingerprint, current);
    return current;
  }
}

/** What becomes of a request or a reply: it is as it was, is given up in part, or means another thing. */
type Effect = 'kept' | 'lost' | 'changed';

/**
 * What a chain does to requests and replies of an operation of this interface, which leads to one of
 * the same name and types: found by samples, on which an adapter that computes shows.
 */
function effectOf(
  { chain, operation }: Way & { readonly kind: 'open' },
  { version }: ServedInterface,
): Effect {
  if (chain.length === 0) return 'kept';
  const { image, program } = version;
  const { types } = image.unit;
  const share = Math.floor(STEP_LIMITS.adapterFuel / (2 * chain.length));
  const effect = (type: TypeId, translate: typeof translateRequest): Effect => {
    const samples = samplesOf(types, type);
    const pairs = samples.flatMap((sample): (readonly [Value, Value])[] => {
      const result = translate(chain, sample, share);
      return result.ok ? [[sample, result.value]] : [];
    });
    if (pairs.length === 0) return 'changed';
    const found = effectOn(types, type, pairs);
    return found === 'kept' && pairs.length < samples.length ? 'lost' : found;
  };
  return worst([
    effect(program.operations[operation].input, translateRequest),
    effect(image.operations[operation].reply, translateReply),
  ]);
}

/** Of values, each with what came of it; a part that is always the same was given up, and not changed. */
function effectOn(
  types: TypeTable,
  type: TypeId,
  pairs: readonly (readonly [before: Value, after: Value])[],
): Effect {
  if (pairs.every(([before, after]) => equal(before, after))) return 'kept';
  const [, first] = pairs[0];
  if (pairs.length > 1 && pairs.every(([, after]) => equal(after, first))) return 'lost';
  const node = types.node(type);
  const parts =
    node.kind === 'record' ? node.fields.map((field) => field.type) : node.kind === 'tuple' ? node.items : [];
  if (parts.length === 0) return 'changed';
  const at = (value: Value, i: number): Value => (value as Product)[i];
  return worst(
    parts.map((part, i) =>
      effectOn(
        types,
        part,
        pairs.map(([before, after]) => [at(before, i), at(after, i)]),
      ),
    ),
  );
}

const worst = (effects: readonly Effect[]): Effect =>
  effects.includes('changed') ? 'changed' : effects.includes('lost') ? 'lost' : 'kept';

const DROPPED: Way = { kind: 'gone', why: 'dropped' };
const TOO_FAR: Way = { kind: 'gone', why: 'too far' };

function stepOf(way: OperationWay, version: Version, functions: LoadedUnit): Way {
  if (way.kind === 'dropped') return DROPPED;
  const name = way.kind === 'identity' ? way.name : way.to;
  const operation = version.operationIndex.get(name);
  if (operation === undefined) throw new Error(`${way.name} leads to ${name}, which is no operation`);
  const chain = way.kind === 'identity' ? [] : [{ functions, request: way.request, reply: way.reply }];
  return { kind: 'open', operation, chain };
}

function follow(way: Way, stepAt: readonly Way[]): Way {
  if (way.kind === 'gone') return way;
  const step = stepAt[way.operation];
  if (step.kind === 'gone') return step;
  const chain = step.chain.length === 0 ? way.chain : [...way.chain, ...step.chain];
  return chain.length > STEP_LIMITS.chainLengthMax
    ? TOO_FAR
    : { kind: 'open', operation: step.operation, chain };
}

/** Takes an input forward through a chain; a failure is that of the adapter. `fuel` is for each function. */
export function translateRequest(chain: readonly Adapter[], input: Value, fuel: number): RunResult {
  let value = input;
  for (const adapter of chain) {
    const result = adapter.functions.run(adapter.request, value, fuel);
    if (!result.ok) return result;
    value = result.value;
  }
  return { ok: true, value };
}

/** Takes a reply backward through a chain; `fuel` is for each function. */
export function translateReply(chain: readonly Adapter[], reply: Value, fuel: number): RunResult {
  let value = reply;
  for (let i = chain.length - 1; i >= 0; i--) {
    const result = chain[i].functions.run(chain[i].reply, value, fuel);
    if (!result.ok) return result;
    value = result.value;
  }
  return { ok: true, value };
}
