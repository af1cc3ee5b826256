import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { disassemble, disassembleUnit, type Image, type ImageDebug, OP } from '../src/index.ts';
import { images } from './arbitrary.ts';
import { counter, counterUpgrade, shop } from './samples.ts';

const debug: ImageDebug = {
  files: ['counter.sm'],
  functions: [
    {
      name: 'Read',
      positions: [
        { word: 0, file: 0, line: 5, column: 10 },
        { word: 1, file: 0, line: 6, column: 15 },
      ],
    },
    {
      name: 'Incr',
      positions: [
        { word: 0, file: 0, line: 10, column: 10 },
        { word: 5, file: 0, line: 10, column: 12 },
        { word: 8, file: 0, line: 11, column: 5 },
      ],
    },
  ],
  fieldOrder: [],
  typeNames: [],
  documentation: [],
  carriedOut: [],
};

const broken: Image = {
  ...counter(),
  unit: {
    ...counter().unit,
    functions: [
      {
        from: 0,
        to: 0,
        code: Int32Array.of(OP.CALL, 99, OP.QUOTE, -1, OP.FAIL, 77, OP.PROJECT, 5, 250, OP.SWITCH, 9, 100, 3),
      },
    ],
  },
};

/** By name of golden file. */
const CASES: Record<string, () => string> = {
  counter: () => disassemble(counter()),
  'counter-with-debug-data': () => disassemble(counter(), debug),
  shop: () => disassemble(shop()),
  'unverified-code': () => disassemble(broken),
  'upgrade-unit': () => `${disassembleUnit(counterUpgrade().unit).join('\n\n')}\n`,
};

describe('disassembly', () => {
  test.each(Object.keys(CASES))('%s', async (name) => {
    await expect(CASES[name]()).toMatchFileSnapshot(`golden/${name}.golden`);
  });

  test('each golden file is used', () => {
    const files = readdirSync(new URL('golden', import.meta.url));
    expect(files.sort()).toEqual(
      Object.keys(CASES)
        .map((name) => `${name}.golden`)
        .sort(),
    );
  });

  test('any image has a text', () => {
    fc.assert(
      fc.property(images, (image) => {
        const text = disassemble(image);
        expect(text.match(/^function /gm)?.length).toBe(image.unit.functions.length);
      }),
    );
  });
});
