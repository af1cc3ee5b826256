// The laws of the simplifier, each on random terms, and all of them together on random programs:
// what is simpler gives the same reply, state and failure.
import {
  TermProgram,
  evaluate,
  printDefinitions,
  simplify,
  type MachineTerms,
  type Outcome,
  type Term,
} from '@smc/compiler';
import { BOOL, INT, List, STRING, TypeTable, inputType, type TypeId } from '@smc/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import './support/equality.ts';
import { Choices, tapes } from './support/choices.ts';
import { TermGenerator, randomMachine } from './support/programs.ts';
import { randomTypes, randomValue } from './support/values.ts';

const FUEL = 3_000_000;

interface Pieces {
  readonly program: TermProgram;
  readonly choices: Choices;
  /** Any term, with effects and faults. */
  readonly any: (from: TypeId, to: TypeId) => Term;
  /** One that often reads or writes the state, or faults. */
  readonly wild: (from: TypeId, to: TypeId) => Term;
  /** One without effects on others, that cannot fault. */
  readonly total: (from: TypeId, to: TypeId) => Term;
  readonly type: () => TypeId;
  /** A sum type that is a type of data. */
  readonly sum: () => TypeId;
}

function piecesOf(choices: Choices): Pieces {
  const types = new TypeTable();
  const palette = randomTypes(choices, types);
  const option = types.intern({
    kind: 'sum',
    name: 'Option',
    arguments: [INT],
    constructors: [
      { name: 'None', labels: [], payload: 0 },
      { name: 'Some', labels: null, payload: INT },
    ],
  });
  const all = [...palette, option];
  const program = new TermProgram(types, choices.oneIn(2) ? INT : choices.of(all));
  const generator = new TermGenerator(choices, program, all);
  program.define('helper', generator.term(INT, INT, 2, false));
  return {
    program,
    choices,
    any: (from, to) => opaque(choices, program, generator.term(from, to, 1 + choices.below(3), false)),
    wild: (from, to) => wild(choices, program, generator, from, to),
    total: (from, to) => opaque(choices, program, generator.discardable(from, to)),
    type: () => choices.of(all),
    sum: () => choices.of(all.filter((type) => types.node(type).kind === 'sum')),
  };
}

function increment(program: TermProgram, from: TypeId): Term {
  const both = program.tuple([program.get(from), program.constant(from, INT, 1)]);
  return program.compose(both, program.primitive('ADD', both.to));
}

/** A term that reads the state, replaces it or faults, or none of them. */
function wild(
  choices: Choices,
  program: TermProgram,
  generator: TermGenerator,
  from: TypeId,
  to: TypeId,
): Term {
  const { types } = program;
  const plain = generator.term(from, to, 1, false);
  switch (choices.below(4)) {
    case 0:
      return plain;
    case 1:
      return program.compose(program.constant(from, STRING, choices.of(['one', 'two'])), program.fail(to));
    case 2:
      // Whether the state was replaced before is seen in what comes out.
      return to === program.state ? program.get(from) : plain;
    default: {
      // An increment shows how often it ran.
      const state =
        program.state === INT
          ? increment(program, from)
          : program.constant(from, program.state!, randomValue(choices, types, program.state!));
      const both = program.tuple([program.identity(from), program.compose(state, program.put())]);
      return program.sequence(from, [both, program.project(both.to, 0), plain]);
    }
  }
}

/** The term as the only turn of an iteration, into which no law looks. */
function opaque(choices: Choices, program: TermProgram, term: Term): Term {
  const { types } = program;
  const { from, to } = term;
  const turn = types.tuple([from, to, INT]);
  const input = program.tuple([
    program.identity(from),
    program.constant(from, to, randomValue(choices, types, to)),
    program.constant(from, types.list(INT), List.of([0])),
  ]);
  return program.compose(input, program.fold(program.compose(program.project(turn, 0), term)));
}

/** An equation between two terms; what the left side becomes is what the right side becomes. */
type Law = (pieces: Pieces) => readonly [left: Term, right: Term];

const payloadsOf = (types: TypeTable, sum: TypeId): readonly TypeId[] => {
  const node = types.node(sum);
  return node.kind === 'sum' ? node.constructors.map(({ payload }) => payload) : [];
};

const LAWS: Readonly<Record<string, Law>> = {
  'id >>> f = f': ({ program, any, type }) => {
    const f = any(type(), type());
    return [program.compose(program.identity(f.from), f), f];
  },
  'f >>> id = f': ({ program, any, type }) => {
    const f = any(type(), type());
    return [program.compose(f, program.identity(f.to)), f];
  },
  '(f >>> g) >>> h = f >>> (g >>> h)': ({ program, any, type }) => {
    const f = any(type(), type());
    const g = any(f.to, type());
    const h = any(g.to, type());
    return [program.compose(program.compose(f, g), h), program.compose(f, program.compose(g, h))];
  },
  'f >>> constant = constant': ({ program, choices, total, type }) => {
    const f = total(type(), type());
    const to = type();
    const value = randomValue(choices, program.types, to);
    return [program.compose(f, program.constant(f.to, to, value)), program.constant(f.from, to, value)];
  },
  'f >>> get = get': ({ program, total, type }) => {
    const f = total(type(), type());
    return [program.compose(f, program.get(f.to)), program.get(f.from)];
  },
  'fail >>> f = fail': ({ program, any, type }) => {
    const fail = program.fail(type());
    const f = any(fail.to, type());
    return [program.compose(fail, f), program.fail(f.to)];
  },
  'call = its body, if it is small': ({ program, type }) => {
    const [a, b] = [type(), type()];
    const body = program.tuple([
      program.project(program.types.pair(a, b), 1),
      program.project(program.types.pair(a, b), 0),
    ]);
    return [program.call(program.define('swap', body)), body];
  },
  '⟨f, g⟩ >>> π₀ = f': ({ program, any, total, type }) => {
    const f = any(type(), type());
    const both = program.tuple([f, total(f.from, type())]);
    return [program.compose(both, program.project(both.to, 0)), f];
  },
  '⟨f, g, h⟩ >>> π₂ = h': ({ program, any, total, type }) => {
    const h = any(type(), type());
    const all = program.tuple([total(h.from, type()), total(h.from, type()), h]);
    return [program.compose(all, program.project(all.to, 2)), h];
  },
  '⟨p >>> π₀, p >>> π₁⟩ = p': ({ program, type }) => {
    const pair = program.types.pair(type(), type());
    const outer = program.types.tuple([type(), pair, type()]);
    const path = program.project(outer, 1);
    const parts = [0, 1].map((index) => program.compose(path, program.project(pair, index)));
    return [program.tuple(parts), path];
  },
  '⟨f, g⟩ >>> ⟨π₁, π₀⟩ = ⟨g, f⟩': ({ program, any, total, type }) => {
    const f = any(type(), type());
    const g = total(f.from, type());
    const both = program.tuple([f, (program.effects.of(f) & 2) === 0 ? g : program.constant(f.from, INT, 1)]);
    const swap = program.tuple([program.project(both.to, 1), program.project(both.to, 0)]);
    // A part that writes stays where it is, but for atoms.
    if ((program.effects.of(f) & 2) !== 0) return [program.compose(both, swap), program.compose(both, swap)];
    return [program.compose(both, swap), program.tuple([g, f])];
  },
  '⟨e, f >>> ιᵢ⟩ >>> case a = ⟨e, f⟩ >>> aᵢ': ({ program, choices, any, type, sum }) => {
    const on = sum();
    const payloads = payloadsOf(program.types, on);
    const index = choices.below(payloads.length);
    const e = any(type(), type());
    const f = any(e.from, payloads[index]);
    const to = type();
    const arms = payloads.map((payload) => any(program.types.pair(e.to, payload), to));
    const injected = program.tuple([e, program.compose(f, program.inject(on, index))]);
    return [
      program.compose(injected, program.case(e.to, on, arms)),
      program.compose(program.tuple([e, f]), arms[index]),
    ];
  },
  'case (π₁ >>> ι₀, …) = π₁': ({ program, type, sum }) => {
    const [e, on] = [type(), sum()];
    const arms = payloadsOf(program.types, on).map((payload, index) =>
      program.compose(program.project(program.types.pair(e, payload), 1), program.inject(on, index)),
    );
    return [program.case(e, on, arms), program.project(program.types.pair(e, on), 1)];
  },
  '⟨e, true⟩ >>> if a b = e >>> a': ({ program, choices, any, type }) => {
    const e = any(type(), type());
    const value = choices.below(2) === 1;
    const a = any(e.to, type());
    const b = any(e.to, a.to);
    const input = program.tuple([e, program.constant(e.from, BOOL, value)]);
    return [program.compose(input, program.if(a, b)), program.compose(e, value ? a : b)];
  },
  '⟨e, f >>> NOT⟩ >>> if a b = ⟨e, f⟩ >>> if b a': ({ program, any, type }) => {
    const e = any(type(), type());
    const f = any(e.from, BOOL);
    const a = any(e.to, type());
    const b = any(e.to, a.to);
    const negated = program.tuple([e, program.compose(f, program.primitive('NOT', BOOL))]);
    return [
      program.compose(negated, program.if(a, b)),
      program.compose(program.tuple([e, f]), program.if(b, a)),
    ];
  },
  'if true false = π₁': ({ program, type }) => {
    const e = type();
    const choice = program.if(program.constant(e, BOOL, true), program.constant(e, BOOL, false));
    return [choice, program.project(choice.from, 1)];
  },
  '⟨f >>> curry b, g⟩ >>> apply = ⟨f, g⟩ >>> b': ({ program, any, total, type }) => {
    const f = any(type(), type());
    const g = any(f.from, type());
    const b = pureOf(program, total(program.types.pair(f.to, g.to), type()));
    const curried = program.compose(f, program.curry(b));
    const input = program.tuple([curried, g]);
    return [program.compose(input, program.apply(curried.to)), program.compose(program.tuple([f, g]), b)];
  },
  'a product of constants is a constant': ({ program, choices, type }) => {
    const [from, to] = [type(), program.types.pair(type(), type())];
    const value = randomValue(choices, program.types, to) as readonly (number | null)[];
    const parts = program.types.components(to)!.map((part, i) => program.constant(from, part, value[i]));
    return [program.tuple(parts), program.constant(from, to, value)];
  },
  'a primitive of a constant is a constant': ({ program, choices, type }) => {
    const from = type();
    const [a, b] = [choices.below(100), choices.below(100)];
    const pair = program.constant(from, program.types.pair(INT, INT), [a, b]);
    return [program.compose(pair, program.primitive('ADD', pair.to)), program.constant(from, INT, a + b)];
  },
};

/** Where the laws hold back: parts with effects that would be dropped, copied or passed by another. */
const HELD_BACK: Readonly<Record<string, (pieces: Pieces) => Term>> = {
  'f >>> constant': ({ program, wild, type }) => {
    const f = wild(type(), type());
    return program.compose(f, program.constant(f.to, INT, 1));
  },
  'f >>> get': ({ program, wild, type }) => {
    const f = wild(type(), type());
    return program.compose(f, program.get(f.to));
  },
  '⟨f, g⟩ >>> π': (pieces) => selection(pieces, 1),
  '⟨f, g⟩ >>> ⟨π, π⟩': (pieces) => selection(pieces, 2),
  '⟨f, g⟩ >>> ⟨π, π, π⟩': (pieces) => selection(pieces, 3),
  '⟨e, f >>> ι⟩ >>> case a': ({ program, choices, wild, type, sum }) => {
    const [from, to, on] = [type(), type(), sum()];
    const payloads = payloadsOf(program.types, on);
    const index = choices.below(payloads.length);
    const e = wild(from, program.state!);
    const f = program.compose(wild(from, payloads[index]), program.inject(on, index));
    const arms = payloads.map((payload) => wild(program.types.pair(e.to, payload), to));
    return program.compose(program.tuple([e, f]), program.case(e.to, on, arms));
  },
  '⟨e, f⟩ >>> if a b': ({ program, wild, type }) => {
    const e = wild(type(), program.state!);
    const f = wild(e.from, BOOL);
    const to = type();
    return program.compose(program.tuple([e, f]), program.if(wild(e.to, to), wild(e.to, to)));
  },
};

/** Components of a fork of two, in any order, as often as it comes. */
function selection({ program, choices, wild, type }: Pieces, count: number): Term {
  const from = type();
  const both = program.tuple([wild(from, program.state!), wild(from, program.state!)]);
  const picks = Array.from({ length: count }, () => program.project(both.to, choices.below(2)));
  return program.compose(both, count === 1 ? picks[0] : program.tuple(picks));
}

/** The term, or one without state and clock in its place. */
function pureOf(program: TermProgram, term: Term): Term {
  return (program.effects.of(term) & 7) === 0 ? term : program.constant(term.from, INT, 0);
}

describe('laws', () => {
  it.each(Object.entries(LAWS))('%s', (_name, law) => {
    fc.assert(
      fc.property(tapes(400), (tape) => {
        const choices = new Choices(tape);
        const pieces = piecesOf(choices);
        const { program } = pieces;
        const [left, right] = law(pieces);
        const definitions = [program.define('left', left), program.define('right', right)];
        const { types } = program;
        const simple = simplify(program);
        const [lawful, plain] = definitions.map((index) =>
          printDefinitions({
            types,
            definitions: [{ name: '', body: simple.definitions[index].body }],
          }).replaceAll(/#\d+/g, ''),
        );
        expect(lawful).toBe(plain);
        const input = randomValue(choices, types, left.from);
        const state = randomValue(choices, types, program.state!);
        const outcomes = [program, simple].flatMap((version) =>
          definitions.map((index) => evaluate(version, index, input, { state, now: 7, fuel: FUEL })),
        );
        for (const outcome of outcomes.slice(1)) expectSame(outcomes[0], outcome);
      }),
      { numRuns: 150 },
    );
  });

  it.each(Object.entries(HELD_BACK))('%s with effects stays the same', (_name, build) => {
    fc.assert(
      fc.property(tapes(200), (tape) => {
        const choices = new Choices(tape);
        const pieces = piecesOf(choices);
        const { program } = pieces;
        const term = build(pieces);
        const definition = program.define('term', term);
        const input = randomValue(choices, program.types, term.from);
        const world = { state: randomValue(choices, program.types, program.state!), now: 7, fuel: FUEL };
        expectSame(
          evaluate(program, definition, input, world),
          evaluate(simplify(program), definition, input, world),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('all of them leave random programs as they are', () => {
    let simpler = 0;
    fc.assert(
      fc.property(tapes(1_500), (tape) => {
        const choices = new Choices(tape);
        const machine = randomMachine(choices);
        const simple: MachineTerms = { ...machine, definitions: simplify(machine).definitions };
        const sizes = [machine, simple].map((version) => printDefinitions(version).length);
        if (sizes[1] < sizes[0]) simpler++;
        for (const operation of machine.operations) {
          const input = randomValue(choices, machine.types, inputType(machine.types, operation.parameters));
          const state = randomValue(choices, machine.types, machine.state);
          const world = { state, now: 7, fuel: FUEL };
          expectSame(
            evaluate(machine, operation.body, input, world),
            evaluate(simple, operation.body, input, world),
          );
        }
        // What is simple stays as it is.
        expect(printDefinitions({ ...simple, definitions: simplify(simple).definitions })).toBe(
          printDefinitions(simple),
        );
      }),
      { numRuns: 600 },
    );
    expect(simpler).toBeGreaterThan(300);
  });
});

/** The same but for fuel; a run that ended for want of it says nothing. */
function expectSame(before: Outcome, after: Outcome): void {
  const [expected, actual] = [before, after].map(withoutFuel);
  if (expected === 'out of fuel' || actual === 'out of fuel') return;
  expect(actual).toEqual(expected);
}

function withoutFuel(outcome: Outcome): unknown {
  if (outcome.ok) return { value: outcome.value, state: outcome.state };
  return outcome.failure.message === 'out of fuel' ? 'out of fuel' : outcome.failure;
}
