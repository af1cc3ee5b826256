import {
  VALUE_LIMITS,
  sizeOf,
  type Image,
  type OperationParameter,
  type TypeId,
  type TypeTable,
  type Unit,
  type Value,
} from '@smc/protocol';
import { FAILED, VALUE_TOO_LARGE, type Failure, type Invalid } from './failure.ts';
import { Interpreter } from './interpret.ts';
import { layOut } from './layout.ts';
import { sizeMax } from './values/size.ts';
import { verifyImage, verifyUnit, type VerifiedImage } from './verify-image.ts';
import type { Verified } from './verify.ts';

/** Fuel of a step where none is given. */
export const STEP_FUEL = 10_000_000;

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

/** One state of a machine: of the machine itself, or of one key of a keyed machine. */
export interface Instance {
  readonly state: Value;
  /** The key of a keyed machine, else null. */
  readonly key: Value;
}

class StateOfMachine implements Instance {
  state: Value;
  readonly key: Value;

  constructor(state: Value, key: Value) {
    this.state = state;
    this.key = key;
  }
}

/** A verified machine that can be stepped. It holds nothing of an instance between steps. */
export class Program {
  /** The state of a new instance. */
  readonly initial: Value;
  /** In the order of the image's: by name. */
  readonly operations: readonly ProgramOperation[];
  /** Types of the image under the same indices, and derived ones such as an operation's `input`. */
  readonly types: TypeTable;
  readonly #image: Image;
  readonly #interpreter: Interpreter;
  readonly #indices: ReadonlyMap<string, number>;
  readonly #isStateBounded: boolean;
  readonly #areRepliesBounded: readonly boolean[];
  #failure: Failure | null = null;

  /** `verified` is what `verifyImage` gave for the image. */
  constructor(image: Image, verified: VerifiedImage) {
    const { types } = verified;
    this.#image = image;
    this.#interpreter = new Interpreter(layOut(image.unit, verified));
    this.types = types;
    this.initial = image.unit.constants[image.initial].value;
    this.operations = image.operations.map(({ name, parameters, reply }, index) => ({
      name,
      parameters,
      reply,
      ...verified.operations[index],
    }));
    this.#indices = new Map(this.operations.map(({ name }, index) => [name, index]));
    this.#isStateBounded = isBounded(types, image.state);
    this.#areRepliesBounded = image.operations.map(({ reply }) => isBounded(types, reply));
  }

  /** The index of an operation by its name; -1 where there is none. */
  index(name: string): number {
    return this.#indices.get(name) ?? -1;
  }

  /** Why the last step that gave `FAILED` did; reading it before there was one is a mistake. */
  get failure(): Failure {
    if (this.#failure === null) throw new Error('no step of this program has failed');
    return this.#failure;
  }

  /** An instance in a state, which must be a value of its type within the limits. */
  instance(state: Value = this.initial, key: Value = null): Instance {
    return new StateOfMachine(state, key);
  }

  /**
   * Feeds an instance, which must be of this program, one input of an operation, which must be a value of its `input` type
   * within the limits; `now` is in milliseconds since the epoch. Gives the reply, and the
   * instance has its new state; or `FAILED`, and the instance has its old state and the
   * program the `failure`.
   */
  step(
    instance: Instance,
    operation: number,
    input: Value,
    now: number,
    fuel: number = STEP_FUEL,
  ): Value | typeof FAILED {
    const interpreter = this.#interpreter;
    const { state } = instance;
    interpreter.state = state;
    interpreter.now = now;
    const argument = this.#image.key === 'none' ? input : [instance.key, input];
    const reply = interpreter.run(this.#image.operations[operation].body, argument, fuel);
    if (reply === FAILED) {
      this.#failure = interpreter.failure;
      return FAILED;
    }
    const next = interpreter.state;
    const isTooLarge =
      (!this.#areRepliesBounded[operation] && isOverLimit(reply)) ||
      (next !== state && !this.#isStateBounded && isOverLimit(next));
    if (isTooLarge) {
      this.#failure = VALUE_TOO_LARGE;
      return FAILED;
    }
    (instance as StateOfMachine).state = next;
    return reply;
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
    const argument = this.#image.key === 'none' ? state : [key, state];
    for (const [index, body] of this.#image.invariants.entries()) {
      const holds = this.#interpreter.run(body, argument, fuel);
      if (holds !== true) return { index, failure: holds === FAILED ? this.#interpreter.failure : null };
    }
    return null;
  }
}

/** What a run of a function of a unit gives. */
export type RunResult =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };

/** The verified functions of an upgrade; they use neither state nor clock. */
export class LoadedUnit {
  readonly #interpreter: Interpreter;
  readonly #areBounded: readonly boolean[];

  /** `verified` is what `verifyUnit` gave for the unit. */
  constructor(unit: Unit, verified: Verified) {
    this.#interpreter = new Interpreter(layOut(unit, verified));
    this.#areBounded = unit.functions.map(({ to }) => unit.types.isData(to) && isBounded(unit.types, to));
  }

  /** Runs a function on a value of its `from`; it must give data. */
  run(index: number, argument: Value, fuel: number): RunResult {
    const value = this.#interpreter.run(index, argument, fuel);
    if (value === FAILED) return { ok: false, failure: this.#interpreter.failure };
    if (!this.#areBounded[index] && isOverLimit(value)) return { ok: false, failure: VALUE_TOO_LARGE };
    return { ok: true, value };
  }
}

/** Verifies an image and makes it ready to run. */
export function load(
  image: Image,
): { readonly ok: true; readonly program: Program } | { readonly ok: false; readonly invalid: Invalid } {
  const verified = verifyImage(image);
  if (verified.kind === 'invalid') return { ok: false, invalid: verified };
  return { ok: true, program: new Program(image, verified) };
}

/** Verifies the unit of an upgrade and makes it ready to run. */
export function loadUnit(
  unit: Unit,
): { readonly ok: true; readonly functions: LoadedUnit } | { readonly ok: false; readonly invalid: Invalid } {
  const verified = verifyUnit(unit, null);
  if (verified.kind === 'invalid') return { ok: false, invalid: verified };
  return { ok: true, functions: new LoadedUnit(unit, verified) };
}

function isBounded(types: TypeTable, type: TypeId): boolean {
  return sizeMax(types, type) <= VALUE_LIMITS.valueBytesMax;
}

function isOverLimit(value: Value): boolean {
  return sizeOf(value) > VALUE_LIMITS.valueBytesMax;
}
