import {
  BOOL,
  INT,
  isKey,
  List,
  STRING,
  TIME,
  TypeTable,
  UNIT,
  inputType,
  type TypeId,
  type Value,
} from '@smc/protocol';
import {
  type EffectAnalysis,
  TermProgram,
  type MachineTerms,
  type OperationTerms,
  type Primitive,
  type Term,
} from '@smc/compiler';
import type { Choices } from './choices.ts';
import { primitivesTo } from './primitives.ts';
import { randomTypes, randomValue } from './values.ts';

/**
 * Random well-typed programs of combinators: definitions that call those before them, all kinds
 * of terms, faults before and after the state is replaced, loops, values over the limits.
 */

/** How deeply the terms of a definition nest, beside leaves. */
const DEPTH_MAX = 4;
const OPERATIONS_MAX = 3;

/** A random machine. */
export function randomMachine(choices: Choices, key: MachineTerms['key'] = 'none'): MachineTerms {
  const types = new TypeTable();
  const palette = randomTypes(choices, types);
  const state = choices.oneIn(10) ? strings(types) : choices.of(palette);
  const program = new TermProgram(types, state);
  const generator = new TermGenerator(choices, program, palette);
  const helpers = choices.below(4);
  for (let i = 0; i < helpers; i++) {
    const from = choices.of(palette);
    const to = choices.oneIn(3)
      ? types.function(choices.of(palette), choices.of(palette))
      : choices.of(palette);
    program.define(`helper${i}`, generator.term(from, to, 1 + choices.below(DEPTH_MAX), choices.oneIn(3)));
  }
  const operations: OperationTerms[] = [];
  for (let i = 0; i <= choices.below(OPERATIONS_MAX); i++) {
    const parameters = Array.from({ length: choices.below(4) }, (_, number) => {
      const type = choices.of(palette);
      const fallback = choices.oneIn(4) ? randomValue(choices, types, type) : undefined;
      return { name: `p${number}`, type, default: fallback };
    });
    const reply = choices.of(palette);
    const input = keyedInput(types, key, inputType(types, parameters));
    const term = generator.operation(input, reply, DEPTH_MAX);
    operations.push({ name: `Op${i}`, parameters, reply, body: program.define(`Op${i}`, term) });
  }
  return {
    name: 'Random',
    key,
    types,
    definitions: program.definitions,
    extent: program.extent,
    state,
    initial: randomValue(choices, types, state),
    operations,
    invariants: [],
    defaults: [],
    fieldOrder: [],
    typeNames: [],
    documentation: [],
  };
}

/** Strings, of which some can be too large a value together, by themselves and in a field. */
const strings = (types: TypeTable): TypeId =>
  types.tuple([STRING, STRING, STRING, STRING, types.pair(STRING, INT)]);

/** What the body of an operation takes: the input, in a keyed machine with the key before it. */
export function keyedInput(types: TypeTable, key: MachineTerms['key'], input: TypeId): TypeId {
  return key === 'none' ? input : types.pair(key === 'int' ? INT : STRING, input);
}

/** One way to make a term. */
type Maker = () => Term;

/** Random terms of a program, over a palette of types of data, lists and sums among them. */
export class TermGenerator {
  readonly #choices: Choices;
  readonly #program: TermProgram;
  readonly #palette: readonly TypeId[];
  readonly #effects: EffectAnalysis;

  constructor(choices: Choices, program: TermProgram, palette: readonly TypeId[]) {
    this.#choices = choices;
    this.#program = program;
    this.#palette = palette;
    this.#effects = program.effects;
  }

  /** The body of an operation: often the state is replaced first, so that faults come after it. */
  operation(from: TypeId, to: TypeId, depth: number): Term {
    if (!this.#choices.oneIn(3)) return this.term(from, to, depth, false);
    return this.#program.sequence(from, [
      ...this.#keeping(from, this.#put(from, depth - 1)),
      this.term(from, to, depth, false),
    ]);
  }

  /** A term that neither writes nor faults: it can be left out without anybody noticing. */
  discardable(from: TypeId, to: TypeId): Term {
    const term = this.term(from, to, this.#choices.below(3), false);
    return this.#effects.isDiscardable(term) ? term : this.#leaf(from, to, false);
  }

  /** A term between two types; a pure one uses neither state nor clock. */
  term(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    if (depth <= 0) return this.#leaf(from, to, pure);
    const general: Maker[] = [
      () => this.#leaf(from, to, pure),
      () => this.#through(from, to, depth, pure),
      () =>
        this.#choices.oneIn(3) ? this.#let(from, to, depth, pure) : this.#through(from, to, depth, pure),
      () => this.#applied(from, to, depth, pure),
      () => this.#called(from, to, depth, pure),
      () => this.#appliedCall(from, to, depth, pure),
    ];
    const special = this.#ofResult(from, to, depth, pure);
    // A result that is made in a special way is made in that way most of the time.
    const makers =
      special.length > 0 && !this.#choices.oneIn(3)
        ? special
        : [...general, ...this.#ofData(from, to, depth, pure)];
    return this.#choices.of(makers)();
  }

  // ------------------------------------------------------------------------ leaves

  #leaf(from: TypeId, to: TypeId, pure: boolean): Term {
    const program = this.#program;
    const makers: Maker[] = this.#paths(from, to).map((path) => () => program.sequence(from, path));
    if (program.types.isData(to)) {
      makers.push(() => program.constant(from, to, randomValue(this.#choices, program.types, to)));
    }
    if (!pure && to === program.state) makers.push(() => program.get(from));
    if (!pure && to === TIME) makers.push(() => program.now(from));
    if (to === BOOL)
      makers.push(...Array.from({ length: makers.length }, () => () => this.#comparison(from)));
    if (makers.length > 0) return this.#choices.of(makers)();
    const node = program.types.node(to);
    if (node.kind === 'function')
      return program.curry(this.#leaf(program.types.pair(from, node.from), node.to, true));
    return program.fork(
      to,
      program.types.components(to)!.map((part) => this.#leaf(from, part, pure)),
    );
  }

  #comparison(from: TypeId): Term {
    const program = this.#program;
    const [names, types]: [readonly Primitive[], readonly TypeId[]] = this.#choices.oneIn(2)
      ? [['EQ', 'NE'], this.#palette]
      : [
          ['LT', 'LE', 'GT', 'GE'],
          [INT, STRING, TIME],
        ];
    const type = this.#choices.of(types);
    const both = program.tuple([this.#leaf(from, type, true), this.#leaf(from, type, true)]);
    return program.compose(both, program.primitive(this.#choices.of(names), both.to));
  }

  /** Projections from one type to another, as far as three deep. */
  #paths(from: TypeId, to: TypeId, depth = 3): Term[][] {
    const here = from === to ? [[]] : [];
    const components = depth === 0 ? [] : (this.#program.types.components(from) ?? []);
    const below = components.flatMap((part, index) =>
      this.#paths(part, to, depth - 1).map((path) => [this.#program.project(from, index), ...path]),
    );
    return [...here, ...below];
  }

  // ------------------------------------------------------------------- by any result

  #through(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const middle = this.#choices.of(this.#palette);
    return this.#program.compose(
      this.term(from, middle, depth - 1, pure),
      this.term(middle, to, depth - 1, pure),
    );
  }

  /** The same, where what came in stays at hand. */
  #let(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const middle = this.term(from, this.#choices.of(this.#palette), depth - 1, pure);
    const both = program.tuple([program.identity(from), middle]);
    return program.compose(both, this.term(both.to, to, depth - 1, pure));
  }

  #applied(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const argument = this.#choices.of(this.#palette);
    const type = program.types.function(argument, to);
    // At times the closure is itself what a closure gives.
    if (this.#choices.oneIn(3) && depth > 1) {
      const closure = this.#applied(from, type, depth - 1, pure);
      const input = program.tuple([closure, this.term(from, argument, depth - 1, pure)]);
      return program.compose(input, program.apply(type));
    }
    const both = program.tuple([
      this.term(from, type, depth - 1, pure),
      this.term(from, argument, depth - 1, pure),
    ]);
    return program.compose(both, program.apply(type));
  }

  /** Applies the closure that a definition gives. */
  #appliedCall(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const makers = program.definitions.flatMap(({ body }, index) => {
      const node = program.types.node(body.to);
      return node.kind === 'function' && (!pure || this.#isPure(body)) ? [{ index, node }] : [];
    });
    if (makers.length === 0) return this.#called(from, to, depth, pure);
    const { index, node } = this.#choices.of(makers);
    const call = program.call(index);
    const both = program.tuple([
      program.compose(this.term(from, call.from, depth - 1, pure), call),
      this.term(from, node.from, depth - 1, pure),
    ]);
    return program.sequence(from, [both, program.apply(call.to), this.term(node.to, to, depth - 2, pure)]);
  }

  #called(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const callable = program.definitions.flatMap(({ body }, index) =>
      body.to === to && (!pure || this.#isPure(body)) ? [index] : [],
    );
    if (callable.length === 0) return this.#leaf(from, to, pure);
    const call = program.call(this.#choices.of(callable));
    return program.compose(this.term(from, call.from, depth - 1, pure), call);
  }

  #isPure(term: Term): boolean {
    return (this.#effects.of(term) & 7) === 0;
  }

  /** What gives data, and no closure. */
  #ofData(from: TypeId, to: TypeId, depth: number, pure: boolean): Maker[] {
    if (!this.#program.types.isFirstOrder(to)) return [];
    const program = this.#program;
    return [
      () => this.#case(from, to, depth, pure),
      () => this.#case(from, to, depth, pure),
      () => this.#if(from, to, depth, pure),
      () => this.#fold(from, to, depth, pure),
      () => (this.#choices.oneIn(2) ? this.#fail(from, to, depth, pure) : this.#if(from, to, depth, pure)),
      () =>
        pure
          ? this.#leaf(from, to, pure)
          : program.sequence(from, [
              ...this.#keeping(from, this.#put(from, depth - 1)),
              this.term(from, to, depth - 1, pure),
            ]),
    ];
  }

  #case(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const sums = this.#palette.filter((type) => program.types.node(type).kind === 'sum');
    if (sums.length === 0) return this.#if(from, to, depth, pure);
    const sum = this.#choices.of(sums);
    const node = program.types.node(sum);
    if (node.kind !== 'sum') throw new Error('a sum is a sum');
    const arms = node.constructors.map(({ payload }) =>
      this.term(program.types.pair(from, payload), to, depth - 2, pure),
    );
    const input = program.tuple([program.identity(from), this.term(from, sum, depth - 1, pure)]);
    return program.compose(input, program.case(from, sum, arms));
  }

  #if(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const arms = [this.term(from, to, depth - 1, pure), this.term(from, to, depth - 1, pure)];
    const input = program.tuple([program.identity(from), this.term(from, BOOL, depth - 1, pure)]);
    return program.compose(input, program.if(arms[0], arms[1]));
  }

  #fold(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    switch (this.#choices.below(4)) {
      case 0:
        return this.#foldOf(from, to, depth, pure, (step) =>
          this.#chosen(step, depth, pure, () => this.#part(step, to, depth, pure)),
        );
      case 1:
        return this.#foldOf(from, to, depth, pure, (step) => this.#body(step, to, depth, pure));
      default:
        return this.#foldOfMany(from, to, depth, pure);
    }
  }

  /** A fold whose accumulator has several parts of few types, that change places; one of them is the result. */
  #foldOfMany(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const other = this.#choices.of(this.#palette);
    const others = Array.from({ length: 1 + this.#choices.below(3) }, () =>
      this.#choices.oneIn(3) ? other : to,
    );
    const many = program.types.tuple([to, ...others]);
    const fold = this.#foldOf(from, many, depth, pure, (step) => {
      const moved = (): Term => this.#moved(step, many, pure);
      return this.#choices.oneIn(2) ? moved() : this.#chosen(step, depth, pure, moved);
    });
    return program.compose(fold, this.#partOf(many, to));
  }

  #foldOf(from: TypeId, to: TypeId, depth: number, pure: boolean, body: (step: TypeId) => Term): Term {
    const program = this.#program;
    const { types } = program;
    const list = this.#choices.oneIn(3) && this.#palette.includes(to) ? types.list(to) : this.#anyList();
    const node = types.node(list);
    if (node.kind !== 'list') throw new Error('a list is a list');
    const input = program.tuple([
      program.identity(from),
      this.term(from, to, depth - 2, pure),
      this.#items(from, list, depth, pure),
    ]);
    return program.compose(input, program.fold(body(types.tuple([from, to, node.item]))));
  }

  /** The parts of the accumulator, the second that is given, in other places; one now and then is new. */
  #moved(from: TypeId, to: TypeId, pure: boolean): Term {
    const program = this.#program;
    const before = program.project(from, 1);
    const parts = program.types
      .components(to)!
      .map((type) =>
        this.#choices.oneIn(6)
          ? this.#leaf(from, type, pure)
          : program.compose(before, this.#partOf(to, type)),
      );
    return program.fork(to, parts);
  }

  #partOf(from: TypeId, to: TypeId): Term {
    const parts = this.#program.types
      .components(from)!
      .flatMap((type, index) => (type === to ? [index] : []));
    return this.#program.project(from, this.#choices.of(parts));
  }

  /** A part of what comes in, mostly. */
  #part(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    return this.#choices.oneIn(6) ? this.term(from, to, depth - 2, pure) : this.#partOf(from, to);
  }

  /** One or another of what `arm` gives, which is left as it is: registers that could be one, and must not be. */
  #chosen(from: TypeId, depth: number, pure: boolean, arm: () => Term): Term {
    const program = this.#program;
    const either = (): Term =>
      depth > 1 && this.#choices.oneIn(3) ? this.#chosen(from, depth - 1, pure, arm) : arm();
    const input = program.tuple([program.identity(from), this.term(from, BOOL, depth - 2, pure)]);
    return program.compose(input, program.if(either(), either()));
  }

  /** The list of what a body makes of each item of another. */
  #map(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const { types } = program;
    const list = this.#anyList();
    const node = types.node(list);
    if (node.kind !== 'list') throw new Error('a list is a list');
    const body = this.#body(types.pair(from, node.item), to, depth, pure);
    const input = program.tuple([program.identity(from), this.#items(from, list, depth, pure)]);
    return program.compose(input, program.map(body));
  }

  /** What is done with an item, the last that is given; an integer is often looked at alone, so that it is used. */
  #body(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const last = program.types.components(from)!.length - 1;
    const item = program.project(from, last);
    return item.to === INT && this.#choices.oneIn(2)
      ? program.compose(item, this.term(INT, to, depth - 2, pure))
      : this.term(from, to, depth - 2, pure);
  }

  #anyList(): TypeId {
    const { types } = this.#program;
    if (this.#choices.oneIn(3)) return types.list(INT);
    return this.#choices.of(this.#palette.filter((type) => types.node(type).kind === 'list'));
  }

  /** A list that is gone through: such a range need not be made. */
  #items(from: TypeId, list: TypeId, depth: number, pure: boolean): Term {
    const isOfIntegers = list === this.#program.types.list(INT);
    return isOfIntegers && this.#choices.oneIn(2)
      ? this.#range(from)
      : this.term(from, list, depth - 1, pure);
  }

  /** A type that may be a key. */
  #key(): TypeId {
    const { types } = this.#program;
    return this.#choices.of(this.#palette.filter((type) => isKey(types, type)));
  }

  #fail(from: TypeId, to: TypeId, depth: number, pure: boolean): Term {
    return this.#program.compose(this.term(from, STRING, depth - 1, pure), this.#program.fail(to));
  }

  #put(from: TypeId, depth: number): Term {
    const program = this.#program;
    const state = program.state!;
    const isProduct = program.types.components(state) !== null;
    const next =
      isProduct && this.#choices.oneIn(2)
        ? program.compose(program.get(from), this.#rearranged(state))
        : this.term(from, state, depth, false);
    return program.compose(next, program.put());
  }

  /** What is in a product in other places of it: one of each type wherever that can be, or any. */
  #rearranged(type: TypeId): Term {
    const program = this.#program;
    const { types } = program;
    const first = this.#choices.oneIn(2) ? this.#choices.below(8) : null;
    const parts = types.components(type)!.map((part) => {
      const paths = this.#paths(type, part);
      const path = first === null ? this.#choices.of(paths) : paths[first % paths.length];
      return program.sequence(type, path);
    });
    return program.fork(type, parts);
  }

  /** Runs a term for its effects; what came in goes on. */
  #keeping(from: TypeId, term: Term): Term[] {
    const both = this.#program.tuple([this.#program.identity(from), term]);
    return [both, this.#program.project(both.to, 0)];
  }

  // ------------------------------------------------------------------ by their result

  #ofResult(from: TypeId, to: TypeId, depth: number, pure: boolean): Maker[] {
    const program = this.#program;
    const { types } = program;
    const node = types.node(to);
    const part = (type: TypeId): Term => this.term(from, type, depth - 1, pure);
    const primitive = (name: Primitive, argument: TypeId) => (): Term =>
      program.compose(this.#argument(from, argument, depth, pure), program.primitive(name, argument));
    const any = (): TypeId => this.#choices.of(this.#palette);
    const builtIns = primitivesTo(types, to, any, () => this.#key());
    // One in so many, so that the others are not crowded out.
    if (builtIns.length > 0 && this.#choices.oneIn(to === BOOL ? 4 : 2)) {
      const [name, argument] = this.#choices.of(builtIns);
      return [primitive(name, argument)];
    }
    switch (node.kind) {
      case 'unit':
        return pure ? [] : [() => this.#put(from, depth - 1)];
      case 'int': {
        const names: Primitive[] = ['ADD', 'SUB', 'MUL', 'DIV', 'REM'];
        return [
          ...names.map((name) => primitive(name, types.pair(INT, INT))),
          primitive('NEG', INT),
          primitive('STRING_LENGTH', STRING),
          primitive('LIST_LENGTH', types.list(any())),
        ];
      }
      case 'bool': {
        const equal = this.#choices.oneIn(3) ? INT : any();
        const ordered = this.#choices.of([INT, INT, STRING, TIME]);
        const orders: Primitive[] = ['LT', 'LE', 'GT', 'GE'];
        return [
          primitive('EQ', types.pair(equal, equal)),
          primitive('NE', types.pair(equal, equal)),
          primitive('EQ', types.pair(equal, equal)),
          primitive('NE', types.pair(equal, equal)),
          primitive(this.#choices.of(orders), types.pair(ordered, ordered)),
          primitive('NOT', BOOL),
        ];
      }
      case 'string':
        return [
          primitive('STRING_CONCAT', types.pair(STRING, STRING)),
          primitive('INT_TO_STRING', INT),
          ...(this.#choices.oneIn(8) ? [() => this.#largeString(from)] : []),
        ];
      case 'list':
        return [
          () => program.list(Array.from({ length: 1 + this.#choices.below(4) }, () => part(node.item))),
          primitive('LIST_APPEND', types.pair(to, node.item)),
          primitive('LIST_CONCAT', types.pair(to, to)),
          ...(node.item === INT
            ? [primitive('LIST_RANGE', types.pair(INT, INT)), () => this.#range(from)]
            : []),
          ...(node.item === STRING && this.#choices.oneIn(4) ? [() => this.#largeList(from)] : []),
          () => this.#map(from, node.item, depth, pure),
          () => this.#map(from, node.item, depth, pure),
        ];
      case 'tuple':
      case 'record':
        return [() => program.fork(to, types.components(to)!.map(part))];
      case 'sum': {
        const index = this.#choices.below(node.constructors.length);
        return [() => program.compose(part(node.constructors[index].payload), program.inject(to, index))];
      }
      case 'function':
        return [() => program.curry(this.term(types.pair(from, node.from), node.to, depth - 1, true))];
      default:
        return [];
    }
  }

  /** What a primitive takes: of two equal parts the second is sometimes the first. */
  #argument(from: TypeId, type: TypeId, depth: number, pure: boolean): Term {
    const program = this.#program;
    const node = program.types.node(type);
    if (node.kind !== 'tuple') return this.term(from, type, depth - 1, pure);
    const parts = node.items.map((item) => this.term(from, item, depth - 1, pure));
    if (node.items[0] === node.items[1] && this.#choices.oneIn(5)) parts[1] = parts[0];
    return program.tuple(parts);
  }

  // ------------------------------------------------------------- large values, loops

  /** A string of 2 to the 22, 23 or 24 units: the limit is 2 to the 23. */
  #largeString(from: TypeId): Term {
    const program = this.#program;
    const { types } = program;
    const exponent = 22 + this.#choices.below(3);
    // Mostly at once: to write out each half is most of the work of such a program.
    if (!this.#choices.oneIn(8)) {
      return program.compose(
        program.tuple([this.#constant(from, STRING, 'x'), this.#constant(from, INT, 2 ** exponent)]),
        program.primitive('STRING_REPEAT', types.pair(STRING, INT)),
      );
    }
    const doublings = Array.from({ length: exponent }, (_, i) => i);
    const body = types.tuple([UNIT, STRING, INT]);
    const string = program.project(body, 1);
    const doubled = program.compose(
      program.tuple([string, string]),
      program.primitive('STRING_CONCAT', types.pair(STRING, STRING)),
    );
    return program.compose(
      program.tuple([
        this.#constant(from, UNIT, null),
        this.#constant(from, STRING, 'x'),
        this.#constant(from, types.list(INT), List.of(doublings)),
      ]),
      program.fold(doubled),
    );
  }

  /** A list of a large string some times: five of them are over the limit. */
  #largeList(from: TypeId): Term {
    const program = this.#program;
    const { types } = program;
    const string = program.identity(STRING);
    const list = program.list(Array.from({ length: 1 + this.#choices.below(6) }, () => string));
    const twice = program.compose(
      program.tuple([list, list]),
      program.primitive('LIST_CONCAT', types.pair(list.to, list.to)),
    );
    return program.compose(this.#largeString(from), this.#choices.of([list, list, twice]));
  }

  /** Some integers in a row; rarely so many that they are over the limit. */
  #range(from: TypeId): Term {
    const program = this.#program;
    const start = this.#choices.of([0, -3, 10]);
    const end = this.#choices.oneIn(12) ? 9_000_000 : this.#choices.below(20);
    return program.compose(
      this.#constant(from, program.types.pair(INT, INT), [start, end]),
      program.primitive('LIST_RANGE', program.types.pair(INT, INT)),
    );
  }

  #constant(from: TypeId, to: TypeId, value: Value): Term {
    return this.#program.constant(from, to, value);
  }
}
