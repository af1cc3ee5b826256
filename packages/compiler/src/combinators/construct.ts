import { BOOL, STRING, TIME, TypeLimitError, UNIT, encodeValue } from '@smc/protocol';
import type { TypeId, TypeTable, Value } from '@smc/protocol';
import { CLOCK, EffectAnalysis, READS, WRITES } from './effects.ts';
import { PRIMITIVE_ROWS } from './primitive.ts';
import type { Definition, Primitive, Term } from './term.ts';

/** Of the instructions that are a term's own, at most: so many, and so many for each part. */
const WORDS_OF_TERM = 4;
const WORDS_OF_PART = 3;

/**
 * A program under construction: its types, its definitions, and the one way to make terms.
 * Each constructor checks the typing rule of its combinator and throws where it does not hold:
 * then a phase before it was wrong.
 */
export class Program {
  readonly types: TypeTable;
  /** σ; null for a program without a state, the functions of an upgrade. */
  readonly state: TypeId | null;
  readonly definitions: Definition[] = [];
  readonly effects: EffectAnalysis = new EffectAnalysis(this.definitions);
  #extent = 0;

  constructor(types: TypeTable, state: TypeId | null) {
    this.types = types;
    this.state = state;
  }

  /** At least the words of all terms that were made, each being used once, and the bytes of their constants. */
  get extent(): number {
    return this.#extent;
  }

  /** Adds a definition, which takes data, and gives its index; its calls can only be of those before it. */
  define(name: string, body: Term): number {
    this.#data('definition', body.from);
    return this.definitions.push({ name, body }) - 1;
  }

  // ------------------------------------------------------------------------ category

  identity(type: TypeId): Term {
    return { kind: 'identity', from: type, to: type };
  }

  compose(first: Term, second: Term): Term {
    this.#require(first.to === second.from, 'compose', first.to, second.from);
    return { kind: 'compose', from: first.from, to: second.to, first, second };
  }

  /** One after the other, nested to the right; `from` is the type where there are none. */
  sequence(from: TypeId, terms: readonly Term[]): Term {
    return terms.length === 0
      ? this.identity(from)
      : terms.reduceRight((second, first) => this.compose(first, second));
  }

  call(definition: number): Term {
    const known = this.definitions[definition];
    if (known === undefined) throw new Error(`no definition ${definition} of ${this.definitions.length}`);
    const { body } = known;
    return this.#made({ kind: 'call', from: body.from, to: body.to, definition });
  }

  // ------------------------------------------------------------------------ products

  /** A tuple of what each part gives for the same input. */
  tuple(parts: readonly Term[]): Term {
    return this.fork(this.types.tuple(parts.map((part) => part.to)), parts);
  }

  /** A tuple or record of type `to`. */
  fork(to: TypeId, parts: readonly Term[]): Term {
    const components = this.types.components(to);
    this.#require(components !== null && components.length === parts.length, 'fork', to, parts.length);
    const { from } = parts[0];
    parts.forEach((part, i) =>
      this.#require(part.to === components![i] && part.from === from, 'fork', part.from, part.to),
    );
    return this.#made({ kind: 'fork', from: parts[0].from, to, parts }, parts.length);
  }

  /** A component of a tuple or record type. */
  project(from: TypeId, index: number): Term {
    const components = this.types.components(from);
    this.#require(components !== null && index < components.length, 'project', from, index);
    return this.#made({ kind: 'project', from, to: components![index], index });
  }

  // ---------------------------------------------------------------------------- sums

  /** A value of the sum type `to` by one of its constructors, whose payload is data. */
  inject(to: TypeId, index: number): Term {
    const payload = this.#payloads(to)[index];
    this.#data('inject', payload);
    return this.#made({ kind: 'inject', from: payload, to, index });
  }

  /** (e, sum) to the data that the arms give, each from e and the payload of its constructor. */
  case(environment: TypeId, sum: TypeId, arms: readonly Term[]): Term {
    const payloads = this.#payloads(sum);
    this.#require(arms.length === payloads.length, 'case', sum, arms.length);
    for (const [i, arm] of arms.entries()) {
      this.#require(arm.from === this.types.pair(environment, payloads[i]), 'case', arm.from, i);
      this.#require(arm.to === arms[0].to, 'case', arm.to, arms[0].to);
    }
    this.#data('case', arms[0].to);
    return this.#made(
      { kind: 'case', from: this.types.pair(environment, sum), to: arms[0].to, arms },
      arms.length,
    );
  }

  /** (e, Bool) to the data that one of the arms gives for e. */
  if(then: Term, otherwise: Term): Term {
    this.#require(then.from === otherwise.from && then.to === otherwise.to, 'if', then.to, otherwise.to);
    this.#data('if', then.to);
    return this.#made(
      { kind: 'if', from: this.types.pair(then.from, BOOL), to: then.to, then, else: otherwise },
      2,
    );
  }

  // ----------------------------------------------------------------------- functions

  /** The closure of a body (e, a) -> b over e, for data a. */
  curry(body: Term): Term {
    const [e, a] = this.#tuple('curry', body.from, 2);
    this.#data('curry', a);
    this.#require((this.effects.of(body) & (READS | WRITES | CLOCK)) === 0, 'curry', body.from, body.to);
    return this.#made({ kind: 'curry', from: e, to: this.types.function(a, body.to), body });
  }

  /** (a → b, a) -> b for a function type. */
  apply(type: TypeId): Term {
    const node = this.types.node(type);
    if (node.kind !== 'function') throw new Error(`apply: type ${type} is a ${node.kind}`);
    return this.#made({ kind: 'apply', from: this.types.pair(type, node.from), to: node.to });
  }

  // -------------------------------------------------------------- constants and lists

  /** The value, of a type of data, whatever comes in. Throws a `TypeLimitError` for a larger type. */
  constant(from: TypeId, to: TypeId, value: Value): Term {
    if (!this.types.isData(to))
      throw new TypeLimitError(`a constant of type ${to}, which is no data or too large`);
    // The encoding throws for a value of another type.
    const bytes = encodeValue(this.types, to, value);
    return this.#made({ kind: 'constant', from, to, value }, 0, bytes.length);
  }

  list(items: readonly Term[]): Term {
    this.#require(items.length > 0, 'list', 0, 0);
    const [{ from, to }] = items;
    for (const item of items) this.#require(item.from === from && item.to === to, 'list', item.from, item.to);
    this.#data('list', to);
    return this.#made({ kind: 'list', from, to: this.types.list(to), items }, items.length);
  }

  /** (e, b, List<a>) -> b by a body (e, b, a) -> b, for data b. */
  fold(body: Term): Term {
    const [e, b, a] = this.#tuple('fold', body.from, 3);
    this.#require(b === body.to, 'fold', b, body.to);
    this.#data('fold', b);
    return this.#made({ kind: 'fold', from: this.types.tuple([e, b, this.types.list(a)]), to: b, body });
  }

  /** (e, List<a>) -> List<b> by a body (e, a) -> b, for data b. */
  map(body: Term): Term {
    const [e, a] = this.#tuple('map', body.from, 2);
    this.#data('map', body.to);
    return this.#made({
      kind: 'map',
      from: this.types.pair(e, this.types.list(a)),
      to: this.types.list(body.to),
      body,
    });
  }

  // ------------------------------------------------------------------ state and world

  get(from: TypeId): Term {
    return this.#made({ kind: 'get', from, to: this.#stateType() });
  }

  put(): Term {
    return this.#made({ kind: 'put', from: this.#stateType(), to: UNIT });
  }

  now(from: TypeId): Term {
    return this.#made({ kind: 'now', from, to: TIME });
  }

  fail(to: TypeId): Term {
    this.#data('fail', to);
    return this.#made({ kind: 'fail', from: STRING, to });
  }

  primitive(instruction: Primitive, from: TypeId): Term {
    const to = PRIMITIVE_ROWS[instruction].result(this.types, from);
    if (to === null) throw new Error(`${instruction} does not take type ${from}`);
    return this.#made({ kind: 'primitive', from, to, instruction });
  }

  // -------------------------------------------------------------------------- helpers

  #made(term: Term, parts = 0, bytes = 0): Term {
    this.#extent += WORDS_OF_TERM + WORDS_OF_PART * parts + bytes;
    return term;
  }

  #payloads(sum: TypeId): readonly TypeId[] {
    const node = this.types.node(sum);
    if (node.kind !== 'sum') throw new Error(`type ${sum} is a ${node.kind}, not a sum`);
    return node.constructors.map((constructor) => constructor.payload);
  }

  #tuple(rule: string, type: TypeId, length: number): readonly TypeId[] {
    const node = this.types.node(type);
    if (node.kind !== 'tuple' || node.items.length !== length) {
      throw new Error(`${rule}: type ${type} is no tuple of ${length}`);
    }
    return node.items;
  }

  /** A closure is known where it is applied: it never comes out of a choice, an iteration or a collection. */
  #data(rule: string, type: TypeId): void {
    this.#require(this.types.isFirstOrder(type), rule, type, type);
  }

  #stateType(): TypeId {
    if (this.state === null) throw new Error('this program has no state');
    return this.state;
  }

  #require(holds: boolean, rule: string, a: number, b: number): void {
    if (!holds) throw new Error(`the typing rule of ${rule} does not hold: ${a}, ${b}`);
  }
}
