// The edges of the verifier's rules: what is refused, or accepted, by a rule that is right and not by one that is
// nearly right. What each mutant of the verifier (test/mutants) is killed by is here if nowhere else.
import {
  BOOL,
  BYTES,
  FORMAT_LIMITS,
  INT,
  OP,
  STRING,
  UNIT,
  type Constructor,
  type FunctionCode,
  type TypeId,
  type Unit,
} from '@smc/protocol';
import { verifyUnit, type Invalid, type Verified } from '@smc/vm';
import { describe, expect, it } from 'vitest';
import { Assembly } from './support/assembly.ts';
import { repeat } from './support/repeat.ts';
import { programOf, refusalOf, type Sketch } from './support/run.ts';
import { functionOf, listOf, mapOf, recordOf, setOf, sumOf, tuple } from './support/types.ts';

const EITHER = sumOf({ Left: INT, Right: STRING });
const onCondition = tuple(INT, BOOL);
const closes = (code: string, from: Sketch['from'] = INT): Sketch => ({
  from,
  to: INT,
  code,
  define: functionOf(INT, INT),
});

describe('code that is refused', () => {
  it.each<readonly [title: string, sketch: Sketch, word: number, message: string]>([
    [
      'SND of three',
      { from: tuple(INT, INT, INT), to: INT, code: 'SND; RETURN' },
      0,
      'SND takes (a, b), not (Int, Int, Int)',
    ],
    [
      'PROJECT of a number',
      { from: INT, to: INT, code: 'PROJECT 0; RETURN' },
      0,
      'PROJECT takes a record or a tuple of 3 or more, not Int',
    ],
    [
      'LT of Bytes',
      { from: tuple(BYTES, BYTES), to: BOOL, code: 'LT; RETURN' },
      0,
      'LT takes (a, a) of Int, Time or String, not (Bytes, Bytes)',
    ],
    [
      'LIST whose first item is another',
      { from: INT, to: listOf(INT), code: 'PUSH; INT_TO_STRING; SWAP; LIST Items 2; RETURN' },
      3,
      'LIST List<Int> with an item String',
    ],
    [
      'LIST_CONCAT of numbers',
      { from: tuple(INT, INT), to: INT, code: 'LIST_CONCAT; RETURN' },
      0,
      'LIST_CONCAT is about a list, not Int',
    ],
    [
      'LIST_ZIP of a number and a list',
      { from: tuple(INT, listOf(INT)), to: INT, code: 'LIST_ZIP; RETURN' },
      0,
      'LIST_ZIP is about a list, not Int',
    ],
    [
      'LIST_LENGTH of a set',
      { from: setOf(INT), to: INT, code: 'LIST_LENGTH; RETURN' },
      0,
      'LIST_LENGTH is about a list, not Set<Int>',
    ],
    [
      'a second arm inside the operands of BRANCH',
      { from: onCondition, to: INT, code: 'BRANCH 2 join; JUMP join; join:; RETURN' },
      0,
      'jump out of bounds: 2, not in 3 to 5',
    ],
    [
      'a join of SWITCH outside of the function',
      { from: tuple(INT, EITHER), to: INT, code: 'SWITCH 10 7; FST; JUMP 10; FST; RETURN' },
      0,
      'jump out of bounds: 10, not in 4 to 9',
    ],
    [
      'an arm of SWITCH after its join',
      { from: tuple(INT, EITHER), to: INT, code: 'SWITCH join 8; FST; JUMP join; join:; RETURN' },
      0,
      'jump out of bounds: 8, not in 4 to 7',
    ],
    [
      'a body of CUR that ends outside of the function',
      closes('CUR Function 9; FST; RETURN'),
      0,
      'jump out of bounds: 9, not in 3 to 5',
    ],
    [
      'a body of MAP that ends outside of the function',
      { from: tuple(INT, listOf(INT)), to: listOf(INT), code: 'MAP 9; SND; NEXT; RETURN' },
      0,
      'jump out of bounds: 9, not in 2 to 5',
    ],
    [
      'a closure that ends in NEXT',
      closes('CUR Function x; ADD; NEXT; x:; RETURN'),
      4,
      'NEXT that does not end its block, a closure up to 5',
    ],
    [
      'an arm that ends in NEXT',
      { from: onCondition, to: INT, code: 'BRANCH else join; NEXT; else:; join:; RETURN' },
      3,
      'NEXT that does not end its block, a choice up to 4',
    ],
    [
      'the body of a FOLD that ends in RETURN',
      { from: tuple(INT, INT, listOf(INT)), to: INT, code: 'FOLD x; PROJECT 1; RETURN; x:; RETURN' },
      4,
      'RETURN that does not end its block, a fold up to 5',
    ],
    [
      'APP of three',
      closes('PUSH; CUR Function x; SND; RETURN; x:; SWAP; PUSH; TUPLE 3; APP; RETURN'),
      10,
      'APP takes (a → b, a), not ((Int -> Int), Int, Int)',
    ],
    [
      'BRANCH of three',
      { from: tuple(INT, BOOL, INT), to: INT, code: 'BRANCH else join; JUMP join; else:; join:; RETURN' },
      0,
      'BRANCH takes (e, Bool), not (Int, Bool, Int)',
    ],
    [
      'SWITCH of three',
      {
        from: tuple(INT, EITHER, INT),
        to: INT,
        code: 'SWITCH join right; FST; JUMP join; right:; FST; join:; RETURN',
      },
      0,
      'SWITCH takes (e, Σ), not (Int, Sum, Int)',
    ],
    [
      'MAP of three',
      { from: tuple(INT, listOf(INT), INT), to: listOf(INT), code: 'MAP x; SND; NEXT; x:; RETURN' },
      0,
      'MAP takes (e, List<a>), not (Int, List<Int>, Int)',
    ],
    [
      'LIST_ZIP of three',
      { from: tuple(listOf(INT), listOf(INT), INT), to: INT, code: 'LIST_ZIP; LIST_LENGTH; RETURN' },
      0,
      'LIST_ZIP takes (List<a>, List<b>), not (List<Int>, List<Int>, Int)',
    ],
    [
      'LIST_FLATTEN of a number',
      { from: INT, to: INT, code: 'LIST_FLATTEN; RETURN' },
      0,
      'LIST_FLATTEN is about a list, not Int',
    ],
    [
      'LIST_SELECT of numbers',
      { from: listOf(INT), to: INT, code: 'LIST_SELECT; LIST_SUM; RETURN' },
      0,
      'LIST_SELECT takes List<(Bool, a)>, not List<Int>',
    ],
    [
      'LIST of a type that is derived',
      { from: INT, to: INT, code: 'PUSH; CONS; LIST_RANGE; LIST_LENGTH; LIST 7 1; LIST_LENGTH; RETURN' },
      4,
      'type out of bounds: 7 of 6',
    ],
    [
      'LIST_SORT by a type that is derived',
      {
        from: tuple(INT, listOf(INT)),
        to: INT,
        code: 'MAP x; PUSH; SND; CONS; NEXT; x:; LIST_SORT 8; LIST_LENGTH; RETURN',
      },
      6,
      'type out of bounds: 8 of 8',
    ],
    [
      'CUR of a type behind the last',
      closes('CUR 7 x; SND; RETURN; x:; PUSH; QUOTE 0; CONS; APP; RETURN'),
      0,
      'type out of bounds: 7 of 7',
    ],
    [
      'RECORD of a type behind the last',
      { from: INT, to: INT, define: recordOf({ x: INT }), code: 'RECORD 7; PROJECT 0; RETURN' },
      0,
      'type out of bounds: 7 of 7',
    ],
    [
      'the third arm of three, of another type',
      {
        from: tuple(INT, sumOf({ A: UNIT, B: UNIT, C: UNIT })),
        to: INT,
        code: 'SWITCH join b c; FST; JUMP join; b:; FST; JUMP join; c:; SND; join:; RETURN',
      },
      12,
      'the arms give Int and ()',
    ],
    [
      'the second arm of three, of another type',
      {
        from: tuple(INT, sumOf({ A: UNIT, B: UNIT, C: UNIT })),
        to: INT,
        code: 'SWITCH join b c; FST; JUMP join; b:; SND; JUMP join; c:; FST; join:; RETURN',
      },
      9,
      'the arms give Int and ()',
    ],
  ])('%s', (_title, sketch, word, message) => {
    expect(refusalOf(sketch)).toEqual({ kind: 'invalid', message, function: expect.any(Number), word });
  });
});

describe('code that is accepted', () => {
  it.each<readonly [title: string, sketch: Sketch]>([
    [
      'a state that is read after a closure',
      closes('CUR Function x; ADD; RETURN; x:; PUSH; QUOTE seven; CONS; APP; GET; QUOTE seven; RETURN'),
    ],
    [
      'the result of a closure that gives another type than it takes',
      {
        from: INT,
        to: STRING,
        define: functionOf(INT, STRING),
        code: 'CUR Function x; SND; INT_TO_STRING; RETURN; x:; PUSH; QUOTE seven; CONS; APP; RETURN',
      },
    ],
    [
      'choices within the last arms of choices, with one join',
      {
        from: onCondition,
        to: INT,
        code: 'PUSH; BRANCH a join; JUMP join; a:; PUSH; QUOTE yes; CONS; BRANCH b join; JUMP join; b:; NEG; join:; CONS; SND; RETURN',
      },
    ],
    [
      'arms that take what their constructors hold',
      {
        from: tuple(INT, EITHER),
        to: STRING,
        code: 'SWITCH join right; SND; INT_TO_STRING; JUMP join; right:; SND; join:; RETURN',
      },
    ],
    [
      'a map of a list of keys and values',
      {
        from: tuple(listOf(tuple(INT, STRING)), mapOf(INT, STRING)),
        to: mapOf(INT, STRING),
        code: 'FST; MAP_FROM_LIST Map; RETURN',
      },
    ],
    ['keys of a map', { from: mapOf(INT, STRING), to: listOf(INT), code: 'MAP_KEYS; RETURN' }],
    ['values of a map', { from: mapOf(INT, STRING), to: listOf(STRING), code: 'MAP_VALUES; RETURN' }],
    [
      'entries of a map',
      { from: mapOf(INT, STRING), to: listOf(tuple(INT, STRING)), code: 'MAP_ENTRIES; RETURN' },
    ],
  ])('%s', (_title, sketch) => {
    const define = (a: Assembly): void => {
      a.constant('seven', INT, 7);
      a.constant('yes', BOOL, true);
      sketch.define?.(a);
    };
    expect(programOf({ ...sketch, define }).operations).toHaveLength(1);
  });
});

describe('the bounds of both stacks', () => {
  const boundsOf = (define: (assembly: Assembly) => void): readonly (readonly number[])[] => {
    const assembly = new Assembly();
    define(assembly);
    const verified = verifyUnit(assembly.unit(), null);
    expect(verified).toMatchObject({ kind: 'verified' });
    return (verified as Verified).functions.map(({ stackSlots, frames }) => [stackSlots, frames]);
  };

  it('are those of the deepest function that is called, not of the last', () => {
    const bounds = boundsOf((a) => {
      a.function('leaf', INT, INT, 'RETURN');
      a.function('deep', INT, INT, 'PUSH; PUSH; CALL leaf; CONS; CONS; SND; FST; RETURN');
      a.function('both', INT, INT, 'CALL deep; CALL leaf; RETURN');
    });
    expect(bounds.at(-1)).toEqual([2, 3]);
  });

  it('count what a MAP keeps', () => {
    const bounds = boundsOf((a) => {
      const items = listOf(INT)(a);
      a.function('map', a.types.pair(INT, items), items, 'MAP x; SND; NEXT; x:; RETURN');
    });
    expect(bounds).toEqual([[6, 1]]);
  });

  it('are given back by a MAP', () => {
    const bounds = boundsOf((a) => {
      const items = listOf(INT)(a);
      const twice = 'PUSH; PUSH; LIST_SUM; SWAP; CONS; MAP x; SND; NEXT; x:; CONS; SND;'.replaceAll(
        'x',
        'xI',
      );
      const code = `${twice.replaceAll('xI', 'x1')} ${twice.replaceAll('xI', 'x2')} RETURN`;
      a.function('map', items, items, code);
    });
    expect(bounds).toEqual([[7, 1]]);
  });
});

describe('tables', () => {
  const verdict = (define: (assembly: Assembly) => void, state: TypeId | null = null): Verified | Invalid => {
    const assembly = new Assembly();
    define(assembly);
    return verifyUnit(assembly.unit(), state);
  };
  const messageOf = (define: (assembly: Assembly) => void): string => {
    const found = verdict(define);
    if (found.kind !== 'invalid') throw new Error('it was accepted');
    return found.message;
  };
  const sum =
    (...constructors: readonly Constructor[]) =>
    (a: Assembly): TypeId =>
      a.types.intern({ kind: 'sum', name: 'S', arguments: [], constructors });
  const named =
    (name: string, argumentCount = 0) =>
    (a: Assembly): TypeId =>
      a.types.intern({
        kind: 'sum',
        name,
        arguments: repeat(argumentCount, INT),
        constructors: [{ name: 'A', labels: [], payload: UNIT }],
      });
  const field = (name: string) => recordOf({ [name]: INT });
  const { nameBytesMax, typeArgumentsMax, functionWordsMax } = FORMAT_LIMITS;

  it.each(['x!', 'x ', '1x', '_x', '', 'x-y', 'xé', 'a'.repeat(nameBytesMax + 1)])(
    'refuse a field %j',
    (name) => {
      expect(messageOf(field(name))).toMatch(/: a field called "/);
    },
  );

  it.each(['X!', 'X ', '1X', '_X', '', 'X-Y', 'XÉ', 'A'.repeat(nameBytesMax + 1)])(
    'refuse a sum %j',
    (name) => {
      expect(messageOf(named(name))).toMatch(/: a sum called "/);
    },
  );

  it('accept names of all letters, digits and _, up to the limit', () => {
    for (const name of ['x', 'xY_9', 'a'.repeat(nameBytesMax)])
      expect(verdict(field(name))).toMatchObject({ kind: 'verified' });
    for (const name of ['X', 'Xy_9', 'A'.repeat(nameBytesMax)])
      expect(verdict(named(name))).toMatchObject({ kind: 'verified' });
  });

  it('look at each field and each constructor', () => {
    const none = { labels: [], payload: UNIT };
    expect(messageOf(recordOf({ x: INT, Y: INT }))).toMatch(/: a field called "Y"$/);
    expect(messageOf(recordOf({ X: INT, y: INT }))).toMatch(/: a field called "X"$/);
    const noName = /: a constructor whose name is none$/;
    expect(messageOf(sum({ name: 'A', ...none }, { name: 'b', ...none }))).toMatch(noName);
    expect(messageOf(sum({ name: 'a', ...none }, { name: 'B', ...none }))).toMatch(noName);
    expect(messageOf(sum({ name: 'A', ...none }, { name: 'B', labels: [], payload: INT }))).toMatch(
      /: the arguments of B are not those that it holds$/,
    );
  });

  it('compare the labels of a constructor with the fields that it holds', () => {
    const two = recordOf({ x: INT, y: INT });
    const labelled =
      (...labels: string[]) =>
      (a: Assembly): TypeId =>
        sum({ name: 'A', labels, payload: two(a) })(a);
    expect(verdict(labelled('y', 'x'))).toMatchObject({ kind: 'verified' });
    expect(verdict(labelled('x', 'y'))).toMatchObject({ kind: 'verified' });
    for (const labels of [['x'], ['x', 'y', 'z'], ['x', 'z'], ['x', 'x']])
      expect(messageOf(labelled(...labels))).toMatch(/: the arguments of A are not those that it holds$/);
    expect(verdict(sum({ name: 'A', labels: null, payload: INT }))).toMatchObject({ kind: 'verified' });
  });

  it('take so many type arguments', () => {
    expect(verdict(named('S', typeArgumentsMax))).toMatchObject({ kind: 'verified' });
    expect(messageOf(named('S', typeArgumentsMax + 1))).toMatch(/: too many type arguments$/);
  });

  it('look at the last type', () => {
    expect(messageOf((a) => void a.types.map(UNIT, INT))).toBe(
      'type 6, Map<(), Int>: a map whose keys have no order',
    );
  });

  it('refuse types that are not there', () => {
    const unit = new Assembly().unit();
    const code = Int32Array.of(OP.RETURN);
    const withFunction = (one: Partial<FunctionCode>): Unit => ({
      ...unit,
      functions: [{ from: INT, to: INT, code, ...one }],
    });
    for (const type of [6, -1, 1.5, Number.NaN]) {
      const message = 'its type is out of bounds';
      expect(verifyUnit(withFunction({ from: type }), null)).toEqual({
        kind: 'invalid',
        message,
        function: 0,
      });
      expect(verifyUnit(withFunction({ to: type }), null)).toEqual({ kind: 'invalid', message, function: 0 });
      expect(verifyUnit({ ...unit, constants: [{ type, value: 1 }] }, null)).toMatchObject({
        message: `constant 0 has the type ${type} of 6`,
      });
      expect(verifyUnit(unit, type)).toMatchObject({ message: `the state has the type ${type} of 6` });
    }
  });

  it('weigh code and constants together', () => {
    const unit = new Assembly().unit();
    const large = { from: INT, to: INT, code: new Int32Array(functionWordsMax) };
    const small = { from: INT, to: INT, code: Int32Array.of(OP.RETURN) };
    const messageOfUnit = (change: Partial<Unit>): string => {
      const found = verifyUnit({ ...unit, ...change }, null);
      return found.kind === 'invalid' ? found.message : 'accepted';
    };
    // The code of 256 is 64 MiB, and there is no instruction 0 in it.
    expect(messageOfUnit({ functions: repeat(256, large) })).toBe('no instruction has the code 0');
    const over = /^671088\d\d bytes of code and constants, at most 67108864$/;
    expect(messageOfUnit({ functions: [...repeat(256, large), small] })).toMatch(over);
    expect(messageOfUnit({ functions: repeat(256, large), constants: [{ type: INT, value: 1 }] })).toMatch(
      over,
    );
  });
});
