import { INT, type Image, type Value } from '@smc/protocol';
import { load, verifyImage } from '@smc/vm';
import { describe, expect, it } from 'vitest';
import { lower } from '../../packages/vm/src/lower/lower.ts';
import { Assembly, imageOf } from '../../packages/vm/test/support/assembly.ts';
import { bundleOf } from '../support/compile.ts';

/**
 * What is known of a value before it is there is shared, and could be written out wherever it
 * is used: these programs would then become larger than any machine. Lowering gives a number
 * of operations linear in the words of an image, whatever they do, and stays right.
 */

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

const machine = (body: string, before = '', more = ''): string =>
  `${before}\nmachine M {\n  state: Int = 0\n  on Run(x: Int) -> Int {\n${body}\n  }\n${more}}\n`;

/** `t`: pairs of pairs, with 2^depth leaves. */
const tree = (depth: number): string =>
  `let t0 = x\n${lines(depth, (i) => `let t${i + 1} = (t${i}, t${i})`)}\nlet t = t${depth}`;
const sources: Record<string, { readonly source: string; readonly reply: number }> = {
  'functions that call the one before twice': {
    source: machine(
      '    return -< f12(x)',
      `fun f0(x: Int) -> Int = x + 1\n${lines(40, (i) => `fun f${i + 1}(x: Int) -> Int = f${i}(f${i}(x))`)}`,
      '  on Never(x: Int) -> Int { return -< f40(x) }\n',
    ),
    reply: 5 + 4096,
  },
  'a large product that is made in many arms': {
    source: machine(
      `${tree(10)}\nlet l0 = [t]\n${lines(300, (i) => `let l${i + 1} = if x < ${i} { List.take([t, t], 1) } else { l${i} }`)}
    return -< List.length(l300)`,
    ),
    reply: 1,
  },
  'large products in the arms of many choices': {
    source: machine(
      `let a0 = (x, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)\n${lines(
        300,
        (i) =>
          `let a${i + 1} = if x < ${i} { a${i} } else { case a${i} { (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) -> (a, c, b, d, e, f, g, h, i, j, k, l, m, n, o, p + 1) } }`,
      )}\ncase a300 { (_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, p) -> return -< p }`,
    ),
    reply: 15 + 6,
  },
  'a large product in loops within loops': {
    source: machine(
      `${tree(10)}\nreturn -< ${lines(30, (i) => `List.fold([1], 0, (a${i}, b${i}) -> a${i} + b${i} +`)} List.length([t])${')'.repeat(30)}`,
    ),
    reply: 31,
  },
};

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

const images: Record<string, { readonly image: () => Image; readonly reply: Value }> = {
  'closures that apply the one before twice': { image: closures, reply: 5 + 4096 },
  'a large product that is made in each of many arms': {
    image: () => withTree(lines(300, useInArm)),
    reply: [treeValue(DEPTH, 5), 5],
  },
  'a large product that is made in each of many arms within arms': {
    image: () => withTree(nested(0, 300)),
    reply: [treeValue(DEPTH, 5), 5],
  },
};
for (const [title, { source, reply }] of Object.entries(sources)) {
  images[title] = { image: () => bundleOf({ 'm.sm': source }).images[0], reply };
}

describe('lowering', () => {
  it.each(Object.entries(images))('is linear in the words of %s', (_title, { image: make, reply }) => {
    const image = make();
    const verified = verifyImage(image);
    if (verified.kind === 'invalid') throw new Error(verified.message);
    const { state, operations } = image;
    const lowered = lower(image.unit, verified, { state, isKeyed: false, operations }, []);
    const words = image.unit.functions.reduce((sum, { code }) => sum + code.length, 0);
    const count = lowered.routines.reduce((sum, routine) => sum + routine.operations.length, 0);
    expect(count).toBeLessThan(4 * (4_096 + 3 * words) + 4_096 + 4 * words);
    const loaded = load(image);
    if (!loaded.ok) throw new Error(loaded.invalid.message);
    const { program } = loaded;
    expect(program.step(program.instance(), program.index('Run'), 5, 0)).toEqual(reply);
  });
});
