import {
  LIST_HEADER_BYTES,
  List,
  PER_FUEL,
  Sum,
  VALUE_LIMITS,
  entryFuel,
  payableBytes,
  sizeOf,
  sizeOfParts,
  sizeWithin,
} from '@smc/protocol';
import type { TypeTable, Value } from '@smc/protocol';
import { Failure, OUT_OF_FUEL, PRIMITIVE_ROWS, TOO_LARGE } from './primitive.ts';
import type { Definition, Term } from './term.ts';
import { WordCount } from './words.ts';

/**
 * The reference semantics: what a term means, one arm a combinator. The virtual machine
 * agrees with it on reply, state, failure and fuel.
 *
 * A generator stands for an evaluation under way. It yields the part that it needs next, is
 * given the value of that part, and returns its own; a yielded `Failure` ends everything. So
 * the arms read like recursive functions, and the stack of the host stays flat.
 */

/** What terms of functions give: a value, or a closure somewhere in it. */
type Denotation = Value | Closure | readonly Denotation[];

class Closure {
  readonly body: Term;
  readonly environment: Denotation;

  constructor(body: Term, environment: Denotation) {
    this.body = body;
    this.environment = environment;
  }
}

type Evaluation = Generator<readonly [Term, Denotation] | Failure, Denotation, Denotation>;

/** What a step starts from. `now` is in milliseconds since the epoch. */
export interface World {
  /** Null where there is none, in an upgrade's functions. */
  readonly state: Value;
  readonly now: number;
  readonly fuel: number;
  /** Told of each term before it runs, with its input: for tests that ask what was run. */
  readonly visit?: (term: Term, input: unknown) => void;
}

/** What a step gives: a value and a state, or a failure. */
export type Outcome =
  | { readonly ok: true; readonly value: Value; readonly state: Value; readonly fuel: number }
  | { readonly ok: false; readonly failure: Failure };

/** The fuel of a step where nobody says otherwise. */
export const STEP_FUEL_DEFAULT = 10_000_000;

/** Runs a definition of a program on one input. */
export function evaluate(
  program: { readonly types: TypeTable; readonly definitions: readonly Definition[] },
  definition: number,
  input: Value,
  world: World,
): Outcome {
  const evaluator = new Evaluator(program.definitions, new WordCount(program.types), world);
  const value = evaluator.run({ ...NOTHING, kind: 'call', definition }, input);
  if (value instanceof Failure) return { ok: false, failure: value };
  // No closure is in a reply: its type is first-order.
  const reply = value as Value;
  const { state, fuel } = evaluator;
  const sizeMax = VALUE_LIMITS.valueBytesMax;
  if (sizeOf(reply) > sizeMax || sizeOf(state) > sizeMax) return { ok: false, failure: TOO_LARGE };
  return { ok: true, value: reply, state, fuel };
}

const NOTHING = { from: 0, to: 0 };

class Evaluator {
  readonly #definitions: readonly Definition[];
  readonly #words: WordCount;
  readonly #world: World;
  state: Value;
  fuel: number;

  constructor(definitions: readonly Definition[], words: WordCount, world: World) {
    this.#definitions = definitions;
    this.#words = words;
    this.#world = world;
    this.state = world.state;
    this.fuel = world.fuel;
  }

  run(term: Term, input: Denotation): Denotation | Failure {
    const running = [this.#evaluate(term, input)];
    let value: Denotation = null;
    for (let top = running.at(-1); top !== undefined; top = running.at(-1)) {
      const next = top.next(value);
      if (next.done === true) {
        value = next.value;
        running.pop();
      } else if (next.value instanceof Failure) {
        return next.value;
      } else {
        this.#world.visit?.(...next.value);
        running.push(this.#evaluate(...next.value));
      }
    }
    return value;
  }

  /** The meaning of a term at x. */
  *#evaluate(term: Term, x: Denotation): Evaluation {
    switch (term.kind) {
      case 'identity':
        return x;
      case 'compose': {
        const y = yield [term.first, x];
        return yield [term.second, y];
      }
      case 'fork': {
        const parts: Denotation[] = [];
        for (const part of term.parts) parts.push(yield [part, x]);
        return parts;
      }
      case 'project':
        return (x as readonly Denotation[])[term.index];
      case 'inject':
        return new Sum(term.index, x as Value);
      case 'case': {
        const [e, sum] = x as readonly [Denotation, Sum];
        return yield [term.arms[sum.tag], [e, sum.value]];
      }
      case 'if': {
        const [e, condition] = x as readonly [Denotation, boolean];
        return yield [condition ? term.then : term.else, e];
      }
      case 'curry':
        return new Closure(term.body, x);
      case 'apply': {
        const [closure, argument] = x as readonly [Closure, Denotation];
        yield* this.#pay(entryFuel(this.#words.ofBody(closure.body)));
        return yield [closure.body, [closure.environment, argument]];
      }
      case 'constant':
        return term.value;
      case 'list': {
        const items: Value[] = [];
        for (const item of term.items) items.push((yield [item, x]) as Value);
        const size = sizeOfParts(items, LIST_HEADER_BYTES, payableBytes(this.fuel));
        yield* this.#pay(1 + Math.floor(size / PER_FUEL.bytes));
        return size > VALUE_LIMITS.valueBytesMax ? yield TOO_LARGE : new List(items, size);
      }
      case 'fold': {
        const [e, start, list] = x as readonly [Denotation, Denotation, List];
        let b = start;
        for (const item of list.items) {
          yield* this.#pay(entryFuel(this.#words.ofBody(term.body)));
          b = yield [term.body, [e, b, item]];
        }
        return b;
      }
      case 'map': {
        const [e, list] = x as readonly [Denotation, List];
        const results: Value[] = [];
        let size = LIST_HEADER_BYTES;
        for (const item of list.items) {
          yield* this.#pay(entryFuel(this.#words.ofBody(term.body)));
          const result = (yield [term.body, [e, item]]) as Value;
          const bytes = sizeWithin(result, payableBytes(this.fuel));
          yield* this.#pay(Math.floor(bytes / PER_FUEL.bytes));
          size += bytes;
          if (size > VALUE_LIMITS.valueBytesMax) yield TOO_LARGE;
          results.push(result);
        }
        return new List(results, size);
      }
      case 'get':
        return this.state;
      case 'put':
        this.state = x as Value;
        return null;
      case 'now':
        return this.#world.now;
      case 'fail':
        return yield new Failure('fault', x as string);
      case 'call': {
        const { body } = this.#definitions[term.definition];
        yield* this.#pay(entryFuel(this.#words.ofBody(body)));
        return yield [body, x];
      }
      case 'primitive': {
        const { fuel, run } = PRIMITIVE_ROWS[term.instruction];
        yield* this.#pay(fuel(x as Value, this.fuel));
        const y = run(x as Value, this.#words.types, term.from);
        return y instanceof Failure ? yield y : y;
      }
    }
  }

  *#pay(cost: number): Generator<Failure, void, Denotation> {
    if (cost > this.fuel) yield OUT_OF_FUEL;
    this.fuel -= cost;
  }
}
