import { type Image, type Part, printString, sizeOf, UnitReads, type Value } from '@smc/protocol';
import type { Failure } from '@smc/vm';
import { type ChangedKeys, type InstanceKey, Instances } from '../instances.ts';
import { STEP_LIMITS } from '../limits.ts';
import { problem, type Problem, shorten } from '../problem.ts';
import type { Machine } from '../state.ts';
import type { Version } from '../version.ts';
import { writeValue } from '../written.ts';
import type { LoadedUpgrade } from './load.ts';

/** UTF-16 units of a counterexample in a message; and of a state that is written to be cut to that. */
const COUNTEREXAMPLE_LENGTH_MAX = 400;
const SHOWN_STATE_LENGTH_MAX = 1024 * 1024;

/** Instances that a refusal names; then no others are looked at. */
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
 * The migration of a machine, beside it: all of its instances as the new version has them, with
 * its invariants checked. The machine is not touched, and goes on: what its inputs change
 * meanwhile is migrated again, until `isDone` is asked with nothing left.
 *
 * What is not stored is in its initial state, and is migrated like any other: the result is the
 * state that instances which nobody ever wrote have from then on, whatever the initial state of
 * the new version is.
 */
export class Preparation {
  readonly machine: Machine;
  /** What the swap puts in the place of the machine's. */
  readonly migrated: Instances;
  readonly #upgrade: LoadedUpgrade;
  readonly version: Version;
  readonly #fuel: FuelShare;
  readonly #failed: Counterexample[] = [];
  readonly #broken: Counterexample[] = [];
  /** What is left of the round: all keys at first, then those that were changed in the one before. */
  #round: Iterator<InstanceKey>;
  #next: IteratorResult<InstanceKey>;
  /** What inputs change meanwhile. */
  readonly #changed: ChangedKeys;
  #rounds = 0;

  constructor(machine: Machine, upgrade: LoadedUpgrade, version: Version, fuel: FuelShare) {
    this.machine = machine;
    this.#upgrade = upgrade;
    this.version = version;
    this.#fuel = fuel;
    const { instances } = machine;
    const initial = instances.isKeyed ? this.#migrateUnstored(instances.initial) : version.program.initial;
    this.migrated = new Instances(instances.keyKind, initial);
    this.#round = keysOf(instances);
    this.#next = this.#round.next();
    this.#changed = instances.watch();
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
   * Migrates until `isTimeUp`, one instance at the least. Whether all are, as of now. Of a machine that is
   * not keyed that is the one state, as it is now: to be asked for in the turn of the swap alone.
   */
  work(isTimeUp: () => boolean): boolean {
    if (!this.machine.instances.isKeyed) {
      this.#migrate(null);
      return true;
    }
    for (let isFirst = true; !this.#isRefused; isFirst = false) {
      if (this.#next.done === true) {
        const changed = this.#changed.take();
        if (changed.size === 0) return true;
        this.#round = changed.values();
        this.#next = this.#round.next();
        this.#rounds++;
      }
      if (!isFirst && this.#rounds < ROUNDS_MAX && isTimeUp()) return false;
      this.#migrate(this.#next.value);
      this.#next = this.#round.next();
    }
    return true;
  }

  /** Ends it: nothing is watched any more. */
  end(): void {
    this.#changed.end();
  }

  /** Why it cannot be: `migration-failed` or `invariant`; null where all were migrated. */
  problem(code: 'migration-failed' | 'invariant'): Problem | null {
    const [first, ...others] = code === 'invariant' ? this.#broken : this.#failed;
    if (first === undefined) return null;
    const also =
      others.length === 0 ? '' : `; so it is for ${others.map(({ key }) => showKey(key)).join(', ')}`;
    const more = others.length + 1 < COUNTEREXAMPLES_MAX ? '' : ', and perhaps for others';
    return problem(code, `${first.message}${also}${more}`);
  }

  get #isRefused(): boolean {
    return Math.max(this.#failed.length, this.#broken.length) >= COUNTEREXAMPLES_MAX;
  }

  #migrate(key: InstanceKey): void {
    const state = this.machine.instances.get(key);
    const migrated = this.#run(key, state);
    if (migrated === null) return;
    this.#check(key, migrated.value);
    this.migrated.put(key, migrated.value);
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
    const given = kind === 'exhausted' ? ` (it had ${fuel} units of fuel)` : '';
    const shown = printState(this.machine.version, state);
    const message = `the migration of ${this.#name(key)} fails: ${why}${given}; the state is ${shown}`;
    this.#failed.push({ key, message });
    return null;
  }

  #check(key: Counterexample['key'], state: Value): void {
    const { program, image } = this.version;
    const fuel = Math.floor(this.#fuelFor(state) / Math.max(1, image.invariants.length));
    const broken = program.brokenInvariant(state, key === UNSTORED ? anyKey(image.key) : key, fuel);
    if (broken === null) return;
    const shown = printState(this.version, state);
    const message = `${showInvariant(this.version, broken.index)} of ${this.#name(key)} ${whyBroken(broken)} for the migrated state, ${shown}`;
    this.#broken.push({ key, message });
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

function* keysOf(instances: Instances): Generator<InstanceKey> {
  for (const [key] of instances.entries()) yield key;
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
  const written = writeValue(image.unit.types, image.state, state, options);
  return written === null ? 'too large to be shown' : shorten(written, COUNTEREXAMPLE_LENGTH_MAX);
}
