import {
  compareStrings,
  type Image,
  type Part,
  printString,
  sizeOf,
  UnitReads,
  type Value,
  writtenValue,
} from '@smc/protocol';
import type { Failure } from '@smc/vm';
import type { ChangedKeys, InstanceKey, Instances } from '../instances.ts';
import { STEP_LIMITS } from '../limits.ts';
import { problem, type Problem, shorten } from '../problem.ts';
import type { Machine } from '../state.ts';
import type { Version } from '../version.ts';
import type { LoadedUpgrade } from './load.ts';

/** UTF-16 units of a counterexample in a message; and of a state that is written to be cut to that. */
const COUNTEREXAMPLE_LENGTH_MAX = 400;
const SHOWN_STATE_LENGTH_MAX = 1024 * 1024;

/** Instances that a refusal names: the first, in the order of their keys. */
const COUNTEREXAMPLES_MAX = 5;
/** Units of a key that it shows. */
const SHOWN_KEY_LENGTH_MAX = 100;

/** An instance that cannot be migrated, and why, as far as it is told. */
interface Counterexample {
  readonly key: InstanceKey | typeof UNSTORED;
  readonly message: string;
}

/** After so many rounds what was changed in the last is migrated at once: inputs come faster than that. */
const ROUNDS_MAX = 8;

/** What a machine has of the fuel of its bundle, for its state or for each instance. */
interface FuelShare {
  /** On top of which there is fuel for the size of a state. */
  readonly least: number;
  readonly most: number;
}

/** Stands for all the instances of a keyed machine that are not stored. */
const UNSTORED = Symbol('the instances in their initial state');

/**
 * The migration of a machine, beside it, to see that it can be: all of its instances are migrated, and the
 * invariants of the new version checked. The machine is not touched, and goes on: what its inputs change
 * meanwhile is migrated again, until `work` is asked with nothing left. Of a keyed machine nothing is kept of that:
 * there may be more instances than there is memory.
 *
 * What is not stored is in its initial state, and is migrated like any other: the result is the
 * state that instances which nobody ever wrote have from then on, whatever the initial state of
 * the new version is.
 */
export class Preparation {
  readonly machine: Machine;
  readonly #upgrade: LoadedUpgrade;
  readonly version: Version;
  readonly #fuel: FuelShare;
  readonly #failed = new Counterexamples();
  readonly #broken = new Counterexamples();
  #state: Value;
  /** What is left of the round: all instances at first, then those that were changed in the one before. */
  #round: Iterator<readonly [InstanceKey, Value] | null>;
  #next: IteratorResult<readonly [InstanceKey, Value] | null>;
  /** What inputs change meanwhile. */
  readonly #changed: ChangedKeys;
  #rounds = 0;

  constructor(machine: Machine, upgrade: LoadedUpgrade, version: Version, fuel: FuelShare) {
    this.machine = machine;
    this.#upgrade = upgrade;
    this.version = version;
    this.#fuel = fuel;
    const { instances } = machine;
    this.#state = instances.isKeyed ? this.#migrateUnstored(instances.initial) : version.program.initial;
    this.#changed = instances.watch();
    this.#round = instances.entries()[Symbol.iterator]();
    this.#next = this.#round.next();
  }

  /** What the swap needs: the one state, or of a keyed machine the initial one, migrated. */
  get state(): Value {
    return this.#state;
  }

  /** The first is to be worked on first: what all others wait for must not be done again meanwhile. */
  get rank(): 'instances' | 'changed instances' | 'one state' {
    if (!this.machine.instances.isKeyed) return 'one state';
    return this.#rounds === 0 ? 'instances' : 'changed instances';
  }

  /** How often what was changed meanwhile had to be migrated again. */
  get rounds(): number {
    return this.#rounds;
  }

  /**
   * Migrates until `isTimeUp`, and looks at one instance at the least. Whether all are, as of now. Of a machine that is
   * not keyed that is the one state, as it is now: to be asked for in the turn of the swap alone.
   */
  work(isTimeUp: () => boolean): boolean {
    const { instances } = this.machine;
    if (!instances.isKeyed) {
      const state = instances.get(null);
      this.#state = this.#migrate(null, state) ?? state;
      return true;
    }
    for (let isFirst = true; ; isFirst = false) {
      if (this.#next.done === true) {
        const changed = this.#changed.take();
        if (changed.size === 0) return true;
        this.#round = statesOf(instances, changed);
        this.#next = this.#round.next();
        this.#rounds++;
      }
      if (!isFirst && this.#rounds < ROUNDS_MAX && isTimeUp()) return false;
      if (this.#next.done !== true && this.#next.value !== null) this.#migrate(...this.#next.value);
      this.#next = this.#round.next();
    }
  }

  /** Ends it: nothing is watched any more. */
  end(): void {
    this.#changed.end();
  }

  /** Why it cannot be: `migration-failed` or `invariant`; null where all were migrated. */
  problem(code: 'migration-failed' | 'invariant'): Problem | null {
    const [first, ...others] = (code === 'invariant' ? this.#broken : this.#failed).all();
    if (first === undefined) return null;
    const also =
      others.length === 0 ? '' : `; so it is for ${others.map(({ key }) => showKey(key)).join(', ')}`;
    const more = others.length + 1 < COUNTEREXAMPLES_MAX ? '' : ', and perhaps for others';
    return problem(code, `${first.message}${also}${more}`);
  }

  /** Null where it can not be. */
  #migrate(key: InstanceKey, state: Value): Value | null {
    const migrated = this.#run(key, state);
    if (migrated === null) return null;
    this.#check(key, migrated.value);
    return migrated.value;
  }

  #migrateUnstored(initial: Value): Value {
    const migrated = this.#run(UNSTORED, initial);
    if (migrated === null) return initial;
    // The key is known of no such instance: what an invariant says of all of them can be checked.
    if (ignoreKey(this.version.image)) this.#check(UNSTORED, migrated.value);
    return migrated.value;
  }

  #run(key: Counterexample['key'], state: Value): { readonly value: Value } | null {
    const { upgrade, functions } = this.#upgrade;
    const fuel = this.#fuelFor(state);
    const result = functions.run(upgrade.migration, state, fuel);
    if (result.ok) return result;
    const { kind, message: why } = result.failure;
    const isFuel = kind === 'exhausted' && why === 'out of fuel';
    const given = isFuel ? ` (it had ${fuel} units of fuel)` : '';
    this.#failed.add(key, () => {
      const shown = printState(this.machine.version, state);
      return `the migration of ${this.#name(key)} fails: ${why}${given}; the state is ${shown}`;
    });
    return null;
  }

  #check(key: Counterexample['key'], state: Value): void {
    const { program, image } = this.version;
    const fuel = Math.floor(this.#fuelFor(state) / Math.max(1, image.invariants.length));
    const broken = program.brokenInvariant(state, key === UNSTORED ? anyKey(image.key) : key, fuel);
    if (broken === null) return;
    this.#broken.add(key, () => {
      const shown = printState(this.version, state);
      return `${showInvariant(this.version, broken.index)} of ${this.#name(key)} ${whyBroken(broken)} for the migrated state, ${shown}`;
    });
  }

  /** For the migration of a state, and as much again for all its invariants. */
  #fuelFor(state: Value): number {
    const { prepareFuelPerNode, instanceFuelMin } = STEP_LIMITS;
    const { least, most } = this.#fuel;
    const ofNodes = Math.ceil(sizeOf(state) / NODE_BYTES) * prepareFuelPerNode;
    if (!this.machine.instances.isKeyed) return Math.min(least + ofNodes, most);
    return Math.min(least, Math.max(instanceFuelMin, ofNodes));
  }

  #name(key: Counterexample['key']): string {
    return key === null ? this.machine.name : `${this.machine.name} ${showKey(key)}`;
  }
}

/** What a node of a state takes in memory, about. */
const NODE_BYTES = 32;

function* statesOf(
  instances: Instances,
  keys: ReadonlySet<InstanceKey>,
): Generator<readonly [InstanceKey, Value]> {
  for (const key of keys) yield [key, instances.get(key)];
}

/** Of those that are found the first, in the order of their keys: which are in memory, and are found first, is not told. */
class Counterexamples {
  readonly #byKey = new Map<Counterexample['key'], string>();

  add(key: Counterexample['key'], explain: () => string): void {
    if (this.#byKey.has(key)) return;
    const last = this.#keys().at(-1);
    if (last !== undefined && this.#byKey.size === COUNTEREXAMPLES_MAX) {
      if (compareKeys(last, key) <= 0) return;
      this.#byKey.delete(last);
    }
    this.#byKey.set(key, explain());
  }

  all(): Counterexample[] {
    return this.#keys().map((key) => ({ key, message: this.#byKey.get(key) ?? '' }));
  }

  #keys(): Counterexample['key'][] {
    return [...this.#byKey.keys()].sort(compareKeys);
  }
}

/** What is not stored comes first. */
function compareKeys(a: Counterexample['key'], b: Counterexample['key']): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  return (a === UNSTORED ? 0 : 1) - (b === UNSTORED ? 0 : 1);
}

const anyKey = (kind: Instances['keyKind']): InstanceKey => (kind === 'int' ? 0 : '-');

/**
 * Why a version can not be deployed in its initial state; null where it can, and where an invariant asks for
 * the key of an instance. `fuel` is for all invariants.
 */
export function brokenInitially(version: Version, fuel: number): Problem | null {
  const { program, image } = version;
  if (!ignoreKey(image)) return null;
  const share = Math.floor(fuel / Math.max(1, image.invariants.length));
  const broken = program.brokenInvariant(program.initial, anyKey(image.key), share);
  if (broken === null) return null;
  const shown = printState(version, program.initial);
  return problem(
    'invariant',
    `${showInvariant(version, broken.index)} of ${image.name} ${whyBroken(broken)} for the initial state, ${shown}`,
  );
}

/** By its place, where that is known. */
function showInvariant({ invariantPlaces }: Version, index: number): string {
  const place = invariantPlaces[index];
  return place === null ? `invariant ${index}` : `the invariant at ${place}`;
}

const whyBroken = ({ failure }: { readonly failure: Failure | null }): string =>
  failure === null ? 'does not hold' : `fails (${failure.message})`;

/** Whether the invariants of a machine say nothing of its key. */
function ignoreKey({ key, unit, invariants }: Image): boolean {
  if (key === 'none') return true;
  const reads = new UnitReads(unit);
  return invariants.every((body) => !readsKey(reads.of(body)));
}

/** Whether an invariant reads the first of its argument, (key, state); also where that is too much to tell. */
function readsKey(used: Part | null): boolean {
  const key = used?.parts.get(0);
  return used === null || used.whole || (key !== undefined && (key.whole || key.inspected));
}

function showKey(key: Counterexample['key']): string {
  if (key === UNSTORED) return 'in its initial state';
  return typeof key === 'string' ? printString(shorten(key, SHOWN_KEY_LENGTH_MAX)) : String(key);
}

/** A state as people see it, cut to a length. */
export function printState({ image, fieldOrder }: Version, state: Value): string {
  const options = { form: 'text', fieldOrder, lengthMax: SHOWN_STATE_LENGTH_MAX } as const;
  const written = writtenValue(image.unit.types, image.state, state, options);
  return written === null ? 'too large to be shown' : shorten(written, COUNTEREXAMPLE_LENGTH_MAX);
}
