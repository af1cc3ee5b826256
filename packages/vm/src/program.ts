import type { Image, OperationParameter, TypeId, TypeTable, Unit, Value } from '@smc/protocol';
import { FAILED, type Failure, type Invalid } from './failure.ts';
import { instanceClass, type Instance, type InstanceClass } from './instance.ts';
import { STEP_FUEL, compiledStepOf, stepOf, type Step } from './jit/dispatch.ts';
import { lower, type LoweringLimits } from './lower/lower.ts';
import { Tiers, type JitMode, type Tier } from './tiers.ts';
import { verifyImage, verifyUnit, type VerifiedImage } from './verify-image.ts';
import type { Verified } from './verify.ts';

/** How a machine is loaded. */
export interface LoadOptions {
  /**
   * Whether operations are compiled to JavaScript: those that have run for about a millisecond
   * (`auto`, where nothing is said), none, or all of them at once. Where the host forbids it
   * none is. What a step gives, and its fuel, do not depend on it.
   */
  readonly jit?: JitMode;
  /** Fuel that an operation uses in the interpreter before `auto` compiles it. For tests. */
  readonly warmFuel?: number;
  /** How much code is made beyond what is written; with less it is slower, and does the same. For tests. */
  readonly lowering?: LoweringLimits;
}

/** An operation of a loaded machine. */
export interface ProgramOperation {
  readonly name: string;
  /** Whether no PUT can be reached from it: it never changes the state. */
  readonly readOnly: boolean;
  readonly parameters: readonly OperationParameter[];
  /** What a step takes: the type of no input (unit), of the one parameter, or of the tuple of all. */
  readonly input: TypeId;
  readonly reply: TypeId;
}

/** A verified machine that can be stepped. It holds nothing of an instance between steps. */
export class Program {
  /** The state of a new instance. */
  readonly initial: Value;
  /** In the order of the image's: by name. */
  readonly operations: readonly ProgramOperation[];
  /** Types of the image under the same indices, and derived ones such as an operation's `input`. */
  readonly types: TypeTable;
  /**
   * Feeds an instance, which must be of this program, one input of an operation, which must be a
   * value of its `input` type within the limits; `now` is in milliseconds since the epoch, `fuel`
   * is `STEP_FUEL` where it is not given. Gives the reply, and the instance has its new state; or
   * `FAILED`, and the instance has its old state and the program the `failure`.
   *
   * It is a property, and changes when an operation is compiled: so the host knows at each place
   * that calls it which program it is of.
   */
  step: Step;
  readonly #invariants: number;
  readonly #isKeyed: boolean;
  readonly #tiers: Tiers;
  readonly #Instance: InstanceClass;
  readonly #indices: ReadonlyMap<string, number>;

  /** `verified` is what `verifyImage` gave for the image. */
  constructor(image: Image, verified: VerifiedImage, { jit = 'auto', warmFuel, lowering }: LoadOptions = {}) {
    const { types } = verified;
    const isKeyed = image.key !== 'none';
    const machine = { state: image.state, isKeyed, operations: image.operations };
    const lowered = lower(image.unit, verified, machine, image.invariants, lowering);
    const roots = [...lowered.steps, ...image.invariants.map((index) => lowered.functions[index])];
    this.types = types;
    this.initial = image.unit.constants[image.initial].value;
    this.operations = image.operations.map(({ name, parameters, reply }, index) => ({
      name,
      parameters,
      reply,
      ...verified.operations[index],
    }));
    this.#isKeyed = isKeyed;
    this.#invariants = image.invariants.length;
    this.#indices = new Map(this.operations.map(({ name }, index) => [name, index]));
    this.#Instance = instanceClass(lowered.state);
    this.#tiers = new Tiers(lowered, roots, jit, () => this.#useCompiled(), warmFuel);
    this.step = stepOf(this.#tiers.entries, this.#tiers.crash);
    if (jit === 'always') this.#useCompiled();
  }

  /** The index of an operation by its name; -1 where there is none. */
  index(name: string): number {
    return this.#indices.get(name) ?? -1;
  }

  /** Why the last step or invariant that failed did; reading it before there was one is a mistake. */
  get failure(): Failure {
    return this.#tiers.failure;
  }

  /** What runs an operation now. */
  tier(operation: number): Tier {
    return this.#tiers.tier(operation);
  }

  /** An instance in a state, which must be a value of its type within the limits. */
  instance(state: Value = this.initial, key: Value = null): Instance {
    return new this.#Instance(state, key);
  }

  /**
   * The first invariant that a state breaks, by its number from 0, with the failure where it
   * gave none; null where all hold. `key` is that of a keyed machine's instance, `fuel` for each.
   */
  brokenInvariant(
    state: Value,
    key: Value = null,
    fuel: number = STEP_FUEL,
  ): { readonly index: number; readonly failure: Failure | null } | null {
    const argument = this.#isKeyed ? [key, state] : state;
    for (let index = 0; index < this.#invariants; index++) {
      const holds = this.#tiers.run(this.operations.length + index, argument, fuel);
      if (holds !== true) return { index, failure: holds === FAILED ? this.failure : null };
    }
    return null;
  }

  #useCompiled(): void {
    const { entries, crash } = this.#tiers;
    const routines = this.operations.map((_, operation) => this.#tiers.callable(operation));
    this.step = compiledStepOf(routines, crash) ?? stepOf(entries, crash);
  }
}

/** What a run of a function of a unit gives. */
export type RunResult =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };

/** The verified functions of an upgrade; they use neither state nor clock. */
export class LoadedUnit {
  readonly #tiers: Tiers;
  /** By function: its position in what the tiers run, or -1 where it gives no data. */
  readonly #positions: readonly number[];

  /** `verified` is what `verifyUnit` gave for the unit. */
  constructor(unit: Unit, verified: Verified, { jit = 'auto', lowering }: LoadOptions = {}) {
    const roots = [...unit.functions.keys()].filter((index) => unit.types.isData(unit.functions[index].to));
    const lowered = lower(unit, verified, null, roots, lowering);
    const positions = new Map(roots.map((index, position) => [index, position]));
    this.#positions = unit.functions.map((_, index) => positions.get(index) ?? -1);
    this.#tiers = new Tiers(
      lowered,
      roots.map((index) => lowered.functions[index]),
      jit,
    );
  }

  /** Runs a function on a value of its `from`; it must give data. */
  run(index: number, argument: Value, fuel: number): RunResult {
    const value = this.#tiers.run(this.#positions[index], argument, fuel);
    return value === FAILED ? { ok: false, failure: this.#tiers.failure } : { ok: true, value };
  }
}

/** Verifies an image and makes it ready to run. */
export function load(
  image: Image,
  options: LoadOptions = {},
): { readonly ok: true; readonly program: Program } | { readonly ok: false; readonly invalid: Invalid } {
  const verified = verifyImage(image);
  if (verified.kind === 'invalid') return { ok: false, invalid: verified };
  return { ok: true, program: new Program(image, verified, options) };
}

/** Verifies the unit of an upgrade and makes it ready to run. */
export function loadUnit(
  unit: Unit,
  options: LoadOptions = {},
): { readonly ok: true; readonly functions: LoadedUnit } | { readonly ok: false; readonly invalid: Invalid } {
  const verified = verifyUnit(unit, null);
  if (verified.kind === 'invalid') return { ok: false, invalid: verified };
  return { ok: true, functions: new LoadedUnit(unit, verified, options) };
}
