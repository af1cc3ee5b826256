import {
  BYTES,
  INT,
  List,
  STRING,
  TYPE_LIMITS,
  UNIT,
  type Image,
  type TypeId,
  type Value,
} from '@smc/protocol';
import { load, verifyImage } from '@smc/vm';
import { describe, expect, it } from 'vitest';
import type { Lowered, Operation } from '../src/lower/lir.ts';
import { LOWERING_LIMITS, lower } from '../src/lower/lower.ts';
import { component } from '../src/lower/shapes.ts';
import { constant, deferred, inRegister, type Symbolic } from '../src/lower/symbolic.ts';
import { Assembly, imageOf } from './support/assembly.ts';
import { evaluateLir } from './support/evaluate-lir.ts';
import { printLir } from './support/print-lir.ts';
import { repeat } from './support/repeat.ts';
import type { Sketch } from './support/run.ts';
import { listOf, resolve, tuple } from './support/types.ts';

/**
 * What is known of a value before it is there is shared, and could be written out wherever it
 * is used: these programs would then become larger than any machine. Lowering gives a number
 * of operations and operands linear in the words of an image, whatever they do, and stays right.
 */

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** Operations, operands and labels that lowering may make of a word, on the average of a unit. */
const COST_PER_WORD = 4;

/** An image of a function from Int in assembly. */
function assembled(to: (assembly: Assembly) => number, code: string): Image {
  const assembly = new Assembly();
  assembly.type('Function', assembly.types.function(INT, INT));
  for (let n = 0; n < 2 ** DEPTH; n++) assembly.constant(`n${n}`, INT, n);
  const type = to(assembly);
  assembly.function('main', INT, type, code);
  return imageOf({ assembly, from: INT, to: type, state: INT, initial: 0 });
}

const closures = (): Image => {
  const twice = lines(12, (i) => `CUR Function e${i}; PUSH; APP; SWAP; FST; SWAP; CONS; APP; RETURN; e${i}:`);
  const one = 'CUR Function e; SND; PUSH; QUOTE n1; CONS; ADD; RETURN; e:';
  return assembled(() => INT, `PUSH; ${one}; ${twice}; SWAP; CONS; APP; RETURN`);
};

const DEPTH = 9;

/** Takes an integer to a balanced tree of pairs, whose leaves are that and 0, 1, … */
const treeOf = (depth: number, leaf = 0): string =>
  depth === 0
    ? `PUSH; QUOTE n${leaf}; CONS; ADD`
    : `PUSH; ${treeOf(depth - 1, 2 * leaf)}; SWAP; ${treeOf(depth - 1, 2 * leaf + 1)}; CONS`;
const treeType = (assembly: Assembly): number => {
  let type: number = INT;
  for (let i = 0; i < DEPTH; i++) type = assembly.types.pair(type, type);
  assembly.type('Trees', assembly.types.list(type));
  return assembly.types.pair(type, INT);
};
const treeValue = (depth: number, x: number, leaf = 0): Value =>
  depth === 0 ? x + leaf : [treeValue(depth - 1, x, 2 * leaf), treeValue(depth - 1, x, 2 * leaf + 1)];

/** (t, x) → (t, x), whose arm makes a list of t: each is far shorter than t is. */
const useInArm = (i: number): string =>
  `PUSH; SND; PUSH; QUOTE n${i}; CONS; LT; CONS; BRANCH else${i} join${i}
   PUSH; FST; LIST Trees 1; LIST_LENGTH; CONS; FST; JUMP join${i}; else${i}:; join${i}:`;
const nested = (i: number, depth: number): string =>
  i === depth
    ? 'PUSH; FST; LIST Trees 1; LIST_LENGTH; CONS; FST'
    : `PUSH; SND; PUSH; QUOTE n${i}; CONS; LT; CONS; BRANCH else${i} join${i}
       ${nested(i + 1, depth)}; JUMP join${i}; else${i}:; PUSH; FST; LIST Trees 1; LIST_LENGTH; CONS; FST; join${i}:`;
const withTree = (uses: string): Image =>
  assembled(treeType, `PUSH; ${treeOf(DEPTH)}; SWAP; CONS; ${uses}; RETURN`);

/** A record of as many fields as a type may have, of which a list is made in both arms of many choices. */
const wideFields = Array.from({ length: TYPE_LIMITS.recordFieldsMax }, (_, i) => ({
  name: `f${10_000 + i}`,
  type: INT,
}));
const wideCode = (choices: number): string => {
  const uses = lines(
    choices,
    (i) => `PUSH; PUSH; PROJECT 0; PUSH; QUOTE one; CONS; LT; CONS; BRANCH else${i} join${i}
      LIST Records 1; LIST_LENGTH; JUMP join${i}; else${i}:; LIST Records 1; LIST_LENGTH; join${i}:; CONS; FST`,
  );
  return `${lines(wideFields.length - 1, () => 'PUSH')}; RECORD Record; ${uses}; PROJECT 0; RETURN`;
};
const withRecords = (): Assembly => {
  const assembly = new Assembly();
  const record = assembly.type('Record', assembly.types.record(wideFields));
  assembly.type('Records', assembly.types.list(record));
  assembly.constant('one', INT, 1);
  return assembly;
};
const wide = (): Image => {
  const assembly = withRecords();
  assembly.function('main', INT, INT, wideCode(500));
  return imageOf({ assembly, from: INT, to: INT, state: INT, initial: 0 });
};

/** Functions that each call the one before twice; `depth` of them, and the last is called. */
const functions = (depth: number): Image => {
  const assembly = new Assembly();
  assembly.constant('one', INT, 1);
  assembly.function('f0', INT, INT, 'PUSH; QUOTE one; CONS; ADD; RETURN');
  for (let i = 1; i <= depth; i++)
    assembly.function(`f${i}`, INT, INT, `CALL f${i - 1}; CALL f${i - 1}; RETURN`);
  return imageOf({ assembly, from: INT, to: INT, state: INT, initial: 0 });
};

/** Operations that each put one string in a state that has it 4,096 times. */
const doubled = (): Image => {
  const assembly = new Assembly();
  let state: TypeId = STRING;
  let initial: Value = '';
  for (let i = 0; i < 12; i++) {
    state = assembly.types.pair(state, state);
    initial = [initial, initial];
  }
  const count = 200;
  for (let i = 0; i < count; i++) {
    assembly.constant(`c${i}`, INT, i);
    const doubling = lines(12, () => 'PUSH; CONS');
    assembly.function(`put${i}`, INT, INT, `INT_TO_STRING; ${doubling}; PUT; QUOTE c${i}; RETURN`);
  }
  const image = imageOf({ assembly, from: INT, to: INT, state, initial });
  const [operation] = image.operations;
  const operations = Array.from({ length: count }, (_, i) => ({
    ...operation,
    name: `Put${1000 + i}`,
    body: i,
  }));
  return { ...image, operations };
};

/** A routine that has made more values than a call of the host takes arguments when there is no credit any more. */
const many = (): Image => {
  const assembly = withRecords();
  for (let i = 0; i < 3; i++) {
    const code = `PUSH; PUSH; CONS; EQ; ${lines(21_000 - i, () => 'PUSH; CONS; EQ')}; CONS; FST; RETURN`;
    assembly.function(`equal${i}`, INT, INT, code);
  }
  assembly.function('wide', INT, INT, wideCode(1_700));
  const calls = lines(6, (i) => `CALL equal${i % 3}`);
  assembly.function('main', INT, INT, `${calls}; CALL wide; RETURN`);
  return imageOf({ assembly, from: INT, to: INT, state: INT, initial: 0 });
};

const images: Record<string, { readonly image: () => Image; readonly reply: Value }> = {
  'functions that call the one before twice': { image: () => functions(14), reply: 5 + 16_384 },
  'closures that apply the one before twice': { image: closures, reply: 5 + 4096 },
  'a record that is made in each of many arms': { image: wide, reply: 5 },
  'operations that put a string many times in the state': { image: doubled, reply: 0 },
  'a routine of very many values that runs out of credit': { image: many, reply: 5 },
  'a large product that is made in each of many arms': {
    image: () => withTree(lines(300, useInArm)),
    reply: [treeValue(DEPTH, 5), 5],
  },
  'a large product that is made in each of many arms within arms': {
    image: () => withTree(nested(0, 300)),
    reply: [treeValue(DEPTH, 5), 5],
  },
};
/** Operations, operands and labels: what a lowered unit takes. */
const count = ({ routines }: Lowered): number =>
  routines
    .flatMap(({ operations }) => operations)
    .reduce((sum, { operands, labels }) => sum + 1 + operands.length + labels.length, 0);

describe('lowering', () => {
  it.each(Object.entries(images))('is linear in the words of %s', (_title, { image: make, reply }) => {
    const image = make();
    const verified = verifyImage(image);
    if (verified.kind === 'invalid') throw new Error(verified.message);
    const { state, operations } = image;
    const lowered = lower(image.unit, verified, { state, isKeyed: false, operations }, []);
    const words = image.unit.functions.reduce((sum, { code }) => sum + code.length, 0);
    // Words that are lowered, those in place of calls included; what each may become; some for nothing.
    expect(count(lowered)).toBeLessThan(COST_PER_WORD * (3 * words + 4_096) + 4_096);
    for (const jit of ['never', 'always'] as const) {
      const loaded = load(image, { jit });
      if (!loaded.ok) throw new Error(loaded.invalid.message);
      const { program } = loaded;
      expect(program.step(program.instance(), 0, 5, 0)).toEqual(reply);
    }
  });
});

describe('a function that an image names often', () => {
  const words = 600;
  const image = (() => {
    const assembly = new Assembly();
    assembly.constant('one', INT, 1);
    assembly.function('main', INT, INT, `${lines(words / 6, () => 'PUSH; QUOTE one; CONS; ADD')}; RETURN`);
    return imageOf({ assembly, from: INT, to: INT, state: INT, initial: 0 });
  })();
  const [operation] = image.operations;
  const operations = Array.from({ length: 500 }, (_, i) => ({ ...operation, name: `Op${1000 + i}` }));

  it('is lowered once', () => {
    const verified = verifyImage(image);
    if (verified.kind === 'invalid') throw new Error(verified.message);
    const machine = { state: image.state, isKeyed: false, operations };
    const once = lower(image.unit, verified, { ...machine, operations: image.operations }, []);
    expect(count(lower(image.unit, verified, machine, []))).toBe(count(once));
    expect(count(lower(image.unit, verified, null, [0, 0, 0]))).toBeLessThan(2 * count(once));
  });

  it('runs as each operation that it is of', () => {
    for (const jit of ['never', 'always'] as const) {
      const loaded = load({ ...image, operations }, { jit });
      if (!loaded.ok) throw new Error(loaded.invalid.message);
      const { program } = loaded;
      for (const index of [0, 1, 499]) {
        expect(program.step(program.instance(), index, 5, 0)).toBe(5 + words / 6);
      }
    }
  });
});

describe('without credit', () => {
  it('the payload of an option is not looked at where there is none', () => {
    const assembly = new Assembly();
    const { types } = assembly;
    const from = types.list(types.pair(INT, INT));
    assembly.constant('five', INT, 5);
    const code = `PUSH; QUOTE five; CONS; LIST_GET; PUSH; QUOTE five; SWAP; CONS
      SWITCH join some; FST; JUMP join; some:; SND; FST; NEG; join:; RETURN`;
    assembly.function('main', from, INT, code);
    const image = imageOf({ assembly, from, to: INT, state: INT, initial: 0 });
    const lowering = { operationsFree: -100, inlinedPerWord: 0, inlinedFree: 0 };
    for (const jit of ['never', 'always'] as const) {
      const loaded = load(image, { jit, lowering });
      if (!loaded.ok) throw new Error(loaded.invalid.message);
      const { program } = loaded;
      const reply = (items: Value[]): unknown => program.step(program.instance(), 0, List.of(items), 0);
      expect(reply([])).toBe(5);
      expect(reply(Array.from({ length: 6 }, (_, i) => [i, 0]))).toBe(-5);
    }
  });
});

describe('a call that changes the state', () => {
  it('takes what it has left also where nobody reads it', () => {
    const assembly = new Assembly();
    assembly.constant('one', INT, 1);
    assembly.function('put', INT, UNIT, 'PUT; RETURN');
    assembly.function('main', INT, UNIT, 'CALL put; QUOTE one; PUT; RETURN');
    const image = imageOf({ assembly, from: INT, to: UNIT, state: INT, initial: 0 });
    const verified = verifyImage(image);
    if (verified.kind === 'invalid') throw new Error(verified.message);
    const machine = { state: INT, isKeyed: false, operations: image.operations };
    const limits = { ...LOWERING_LIMITS, inlinedPerWord: 0, inlinedFree: 0 };
    const { routines } = lower(image.unit, verified, machine, [], limits);
    const names = routines.flatMap(({ operations }) => operations.map(({ name }) => name));
    expect(names.filter((name) => name.endsWith('_STATE'))).toEqual(['TAKE_STATE', 'LEAVE_STATE']);
  });
});

/** What a sketch becomes. */
function loweringOf({ from, to, code, state = UNIT, initial = null, define }: Sketch): Lowered {
  const assembly = new Assembly();
  const types = { from: resolve(from, assembly), to: resolve(to, assembly), state: resolve(state, assembly) };
  define?.(assembly);
  assembly.function('main', types.from, types.to, code);
  const image = imageOf({ assembly, initial, ...types });
  const verified = verifyImage(image);
  if (verified.kind === 'invalid') throw new Error(JSON.stringify(verified));
  const { operations } = image;
  return lower(image.unit, verified, { state: image.state, isKeyed: false, operations }, []);
}

const lowered = (sketch: Sketch): string => printLir(loweringOf(sketch));

describe('what is put together once', () => {
  /** Operations and operands that run, where an image earns as much credit as one may, and calls nothing in place. */
  const workOf = (image: Image): number => {
    const verified = verifyImage(image);
    if (verified.kind === 'invalid') throw new Error(verified.message);
    const limits = { operationsFree: 4_000_000, inlinedPerWord: 0, inlinedFree: 0 };
    const machine = { state: image.state, isKeyed: false, operations: image.operations };
    const unit = lower(image.unit, verified, machine, [], limits);
    let work = 0;
    const visit = ({ operands }: Operation): void => void (work += 1 + operands.length);
    const run = { argument: 1_000, key: null, state: 0, now: 0, fuel: 1_000_000, visit };
    expect(evaluateLir(unit, unit.steps[0], run)).toHaveProperty('value');
    return work;
  };
  const ARMS = 100;
  /** (t, x) → (t, x), where t is handed to a function in an arm. */
  const handOver = (i: number): string =>
    `PUSH; SND; PUSH; QUOTE n${i}; CONS; GE; CONS; BRANCH else${i} join${i}
     PUSH; FST; CALL take; CONS; FST; JUMP join${i}; else${i}:; join${i}:`;
  const handingOver = (assembly: Assembly, type: TypeId, make: string): Image => {
    for (let n = 0; n < 2 ** DEPTH; n++) assembly.constant(`n${n}`, INT, n);
    assembly.function('take', type, INT, 'QUOTE n0; RETURN');
    const code = `PUSH; ${make}; SWAP; CONS; ${lines(ARMS, handOver)}; SND; RETURN`;
    assembly.function('main', INT, INT, code);
    return imageOf({ assembly, from: INT, to: INT, state: INT, initial: 0 });
  };
  const tree = (): Image => {
    const assembly = new Assembly();
    return handingOver(assembly, assembly.types.components(treeType(assembly))![0], treeOf(DEPTH));
  };
  const record = (): Image => {
    const make = `${lines(wideFields.length - 1, () => 'PUSH')}; RECORD Record`;
    const assembly = withRecords();
    return handingOver(assembly, assembly.types.record(wideFields), make);
  };

  it.each([
    ['a tree', tree, 2 ** DEPTH],
    ['a record', record, wideFields.length],
  ])('is not made anew by each word that needs it: %s', (_title, image, size) => {
    // Each word that puts it together does so much, and then each arm, at most.
    expect(workOf(image())).toBeLessThan(10 * size + 150 * ARMS);
  });
});

describe('a value whose components are asked for', () => {
  /** Values and places for some, in all that it has. */
  const places = (value: object): number =>
    Object.values(value).reduce<number>((sum, each: unknown) => {
      if (each instanceof Map) return sum + each.size;
      return sum + (Array.isArray(each) ? each.length : 1);
    }, 0);

  it.each<[string, Symbolic]>([
    ['in a register', inRegister(0, 1)],
    ['that is read', deferred('STATE', null, 0, 1)],
    ['constant', constant(repeat(TYPE_LIMITS.recordFieldsMax, 0), 0)],
  ])('has no more than those: %s', (_title, value) => {
    const before = places(value);
    const last = component(value, TYPE_LIMITS.recordFieldsMax - 1);
    expect(component(value, TYPE_LIMITS.recordFieldsMax - 1)).toBe(last);
    expect(places(value)).toBeLessThanOrEqual(before + 1);
  });
});

describe('a list that is paid for once', () => {
  const ITEMS = 7;
  const range = 'PUSH; QUOTE zero; SWAP; CONS; LIST_RANGE';
  /** List → List, of what is made for it; nothing that fails is left out. */
  const use = 'PUSH; LIST_SUM; CONS; FST';
  const isPositive = 'PUSH; QUOTE zero; CONS; GT';
  /** Of (environment, condition); `how` tells the labels apart. */
  const choice = (then: string, otherwise: string, how: number | string = ''): string =>
    `BRANCH else${how} join${how}; ${then}; JUMP join${how}; else${how}:; ${otherwise}; join${how}:`;
  const orFail = (then: string, type: string, how?: number): string =>
    `PUSH; ${isPositive}; CONS; ${choice(then, `QUOTE why; FAIL ${type}`, how)}`;
  /** (list, n) → (list, n) */
  const useInArm = (i: number): string =>
    `PUSH; SND; ${isPositive}; CONS; ${choice('PUSH; FST; LIST_SUM; CONS; FST', '', i)}`;
  const orNone = (i: number): string =>
    `PUSH; PUSH; SND; ${isPositive}; CONS; ${choice('FST', 'QUOTE none', i)}; LIST_SUM; CONS; FST`;
  const within = (levels: number): string =>
    levels === 0 ? range : orFail(`${within(levels - 1)}; ${use}`, 'Ints', levels);
  const many = (code: string, count: number): string => `${repeat(count - 1, 'PUSH').join('; ')}; ${code}`;

  it.each([
    ['that leaves many choices whose other arms fail', within(5)],
    [
      'that is the result and the state of such an arm',
      `${orFail(`${range}; PUSH; PUT; CONS; FST`, 'Ints')}; ${use}`,
    ],
    [
      'that is all parts of what leaves such an arm',
      `${orFail(`${range}; PUSH; CONS; PUSH; FST; ${many('TUPLE 16', 16)}; CONS`, 'Product')}; PUSH; SND; PROJECT 3; LIST_SUM; CONS; FST; FST; SND; ${use}`,
    ],
    ['that is used in many arms', `PUSH; ${range}; SWAP; CONS; ${lines(5, useInArm)}; FST`],
    ['that many choices may give, and what follows', `PUSH; ${range}; SWAP; CONS; ${lines(5, orNone)}; FST`],
  ])('is made once: %s', (_title, code) => {
    const unit = loweringOf({
      from: INT,
      to: INT,
      state: listOf(INT),
      initial: List.of([]),
      code: `${code}; LIST_LENGTH; RETURN`,
      define: (assembly) => {
        const { types } = assembly;
        const ints = assembly.type('Ints', types.list(INT));
        assembly.type('Product', types.pair(types.pair(ints, ints), types.tuple(repeat(16, ints))));
        assembly.constant('zero', INT, 0);
        assembly.constant('none', ints, List.of([]));
        assembly.constant('why', STRING, 'why');
      },
    });
    const names = unit.routines.flatMap(({ operations }) => operations.map(({ name }) => name));
    expect(names.filter((name) => name.startsWith('RANGE'))).toEqual(['RANGE_LENGTH', 'RANGE']);
    const run = { argument: ITEMS, key: null, state: List.of([]), now: 0, fuel: 10_000 };
    expect(evaluateLir(unit, unit.steps[0], run)).toMatchObject({ value: ITEMS });
  });
});

describe('what is known', () => {
  const one = (assembly: Assembly): void => void assembly.constant('one', INT, 1);

  it('vanishes: pairs, and fields of the state that stay', () => {
    const code = 'GET; PUSH; FST; SWAP; SND; PUSH; QUOTE one; CONS; ADD; CONS; PUT; RETURN';
    expect(lowered({ from: UNIT, to: UNIT, state: tuple(INT, INT), initial: [3, 0], code, define: one }))
      .toMatchInlineSnapshot(`
      "routine 0 1 fuel 7
        r1 = STATE.1
        r2 = ADD r1 1
        COMMIT.1 r2
        RETURN unit"
    `);
  });

  it('is not measured: fields of the state that change places', () => {
    const state = tuple(BYTES, BYTES);
    const initial = [new Uint8Array(0), new Uint8Array(0)];
    const swap = 'GET; SND; PUSH; GET; FST; CONS; PUT; RETURN';
    expect(lowered({ from: UNIT, to: UNIT, state, initial, code: swap })).not.toContain('CHECK_SIZE');
    const both = 'GET; SND; PUSH; CONS; PUT; RETURN';
    expect(lowered({ from: UNIT, to: UNIT, state, initial, code: both })).toContain('CHECK_SIZE');
  });

  it('is taken apart where paths meet, and a comparison is one with its branch', () => {
    // x → case (if x < 1 then (x, 1) else (1, x)) of (a, b) → a − b
    const code = `PUSH; PUSH; QUOTE one; CONS; LT; CONS; BRANCH else join
      PUSH; QUOTE one; CONS; JUMP join
      else:; PUSH; QUOTE one; SWAP; CONS; join:; SUB; RETURN`;
    expect(lowered({ from: INT, to: INT, code, define: one })).toMatchInlineSnapshot(`
      "routine 0 1 fuel 12
        BLOCK.0
          BLOCK.2
            BR_NOT_GREATER.2 1 r0
            r1 = MOVE r0
            r2 = MOVE 1
            BR.0
          END.2
          r1 = MOVE 1
          r2 = MOVE r0
        END.0
        r3 = SUB r1 r2
        RETURN r3"
    `);
  });

  it('is made before a loop, if it was known there', () => {
    // The pair (x, x) is appended in each round.
    const code = `PUSH; CONS; PUSH; PUSH; LIST Pairs 1; SWAP; SND; PUSH; QUOTE one; SWAP; CONS; LIST_RANGE; TUPLE 3
      FOLD exit; PUSH; PROJECT 1; SWAP; PROJECT 0; CONS; LIST_APPEND; NEXT; exit:; LIST_LENGTH; RETURN`;
    const define = (a: Assembly): void => {
      one(a);
      a.type('Pairs', a.types.list(a.types.pair(INT, INT)));
    };
    expect(lowered({ from: INT, to: INT, code, define })).toMatchInlineSnapshot(`
      "routine 0 1 fuel 16
        r1 = TUPLE r0 r0
        r2 = LIST r1
        r3 = RANGE_LENGTH 1 r0
        r4 = LOOP.5 r3
          r2 = BUILT_IN.LIST_APPEND r2 r1
        NEXT
        r5 = LENGTH r2
        SPEND !1
        RETURN r5"
    `);
  });

  it('is the same after a loop as before it, if each round hands it on', () => {
    // The first half of the state counts the rounds.
    const code = `PUSH; PUSH; GET; SWAP; PUSH; QUOTE one; SWAP; CONS; LIST_RANGE; TUPLE 3
      FOLD exit; PROJECT 1; PUSH; FST; PUSH; QUOTE one; CONS; ADD; SWAP; SND; CONS; NEXT; exit:; PUT; RETURN`;
    expect(lowered({ from: INT, to: UNIT, state: tuple(INT, INT), initial: [3, 0], code, define: one }))
      .toMatchInlineSnapshot(`
      "routine 0 1 fuel 15
        r1 = RANGE_LENGTH 1 r0
        r2 = STATE.0
        r3 = LOOP.7 r1
          r2 = ADD r2 1
        NEXT
        COMMIT.0 r2
        RETURN unit"
    `);
  });
});
