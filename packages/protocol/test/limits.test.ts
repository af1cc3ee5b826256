import { describe, expect, test, vi } from 'vitest';
import {
  ByteWriter,
  type Constant,
  decodeDebug,
  decodeImage,
  type Decoded,
  decodeUpgradeBody,
  encodeImage,
  encodeUpgradeBody,
  FORMAT_LIMITS,
  FORMAT_VERSION,
  type Image,
  INT,
  judge,
  List,
  sizeOf,
  OP,
  openBundle,
  type OperationParameter,
  printType,
  showType,
  STRING,
  type TypeId,
  TypeTable,
  UNIT,
  type Upgrade,
  type UpgradeClause,
} from '../src/index.ts';
import { encodeDebug } from '../src/debug-encoding.ts';
import { showOperation } from '../src/text.ts';
import { counterUpgrade, NO_DEBUG } from './samples.ts';

/** What untrusted bytes can make a node do: limits, and work that is counted. */

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

const refusal = (decoded: Decoded<unknown>): string | null => (decoded.ok ? null : decoded.malformed.message);

interface Sketch {
  readonly types?: TypeTable;
  readonly constants?: readonly Constant[];
  readonly codes?: readonly (readonly number[])[];
  readonly name?: string;
  readonly operations?: number;
  readonly parameters?: readonly OperationParameter[];
}

/** An image of operations that are all alike, with the last function as body. */
function sketch(parts: Sketch): Image {
  const { types = new TypeTable(), constants = [], codes = [[OP.RETURN]], name = 'Op' } = parts;
  return {
    emit: 1,
    name: 'Sketch',
    key: 'none',
    unit: {
      types,
      constants: [...constants, { type: UNIT, value: null }],
      functions: codes.map((code) => ({ from: UNIT, to: UNIT, code: Int32Array.from(code) })),
    },
    state: UNIT,
    initial: constants.length,
    operations: times(parts.operations ?? 1, (i) => ({
      name: `${name}${String(i).padStart(4, '0')}`,
      parameters: parts.parameters ?? [],
      reply: UNIT,
      body: codes.length - 1,
    })),
    invariants: [],
    defaults: [],
  };
}

const decoded = (parts: Sketch): string | null => refusal(decodeImage(encodeImage(sketch(parts))));

/** Pairs of pairs: a type of 2¹³ − 1 nodes, in twelve. */
function wide(types: TypeTable): TypeId {
  let type: TypeId = INT;
  for (let i = 0; i < 12; i++) type = types.pair(type, type);
  return type;
}

const parametersOf = (type: TypeId, constant: number | null = null): OperationParameter[] =>
  times(16, (i) => ({ name: `p${i}`, type, default: constant }));

describe('what is too large does not decode', () => {
  test('a name', () => {
    const max = FORMAT_LIMITS.nameBytesMax;
    expect(decoded({ name: 'O'.repeat(max - 4) })).toBe(null);
    expect(decoded({ name: 'O'.repeat(max - 3) })).toBe(`${max + 1} bytes of a name, at most ${max}`);
  });

  test('what people see of an image, written out', () => {
    const message = `state type and operations of more than ${FORMAT_LIMITS.interfaceLengthMax} characters, written out`;
    const types = new TypeTable();
    const parameters = parametersOf(wide(types));
    const visited = vi.spyOn(types, 'node');
    expect(decoded({ types, parameters })).toBe(null);
    expect(decoded({ types, parameters, operations: 4_096 })).toBe(message);
    visited.mockRestore();
    // The default is there once, and shown with each parameter.
    const constants = [{ type: STRING, value: 'x'.repeat(1_000) }];
    expect(decoded({ constants, parameters: parametersOf(STRING, 0), operations: 60 })).toBe(null);
    expect(decoded({ constants, parameters: parametersOf(STRING, 0), operations: 70 })).toBe(message);
  });

  test('no more is looked at than what fits', () => {
    const types = new TypeTable();
    const bytes = encodeImage(sketch({ types, parameters: parametersOf(wide(types)), operations: 4_096 }));
    const visited = vi.spyOn(TypeTable.prototype, 'node');
    expect(decodeImage(bytes).ok).toBe(false);
    // All of it would be 4,096 × 16 × 8,191.
    expect(visited.mock.calls.length).toBeLessThan(FORMAT_LIMITS.interfaceLengthMax);
    visited.mockRestore();
  });

  test('constants', () => {
    const max = FORMAT_LIMITS.constantsBytesMax;
    const ofLength = (length: number): string | null => {
      const constants = [
        { type: STRING, value: 'x'.repeat(length) },
        { type: STRING, value: 'y'.repeat(length) },
      ];
      return decoded({ constants, codes: [[OP.QUOTE, 0, OP.QUOTE, 1, OP.RETURN]] });
    };
    expect(ofLength(max / 2 - 8)).toBe(null);
    expect(ofLength(max / 2)).toBe(`constants of more than ${max} bytes`);
  });

  test('constants that take much more memory than bytes', () => {
    const types = new TypeTable();
    const list = types.list(types.record([{ name: 'a', type: 0 }]));
    const ofLength = (length: number): string | null => {
      const constants = [{ type: list, value: List.of(times(length, () => [null])) }];
      return decoded({ types, constants, codes: [[OP.QUOTE, 0, OP.RETURN]] });
    };
    const max = FORMAT_LIMITS.constantsSizeMax;
    const itemSize = sizeOf([null]);
    expect(ofLength(max / itemSize - 100)).toBe(null);
    expect(ofLength(max / itemSize + 100)).toBe(`constants of a size above ${max} bytes`);
  });

  test('of a long constant no more is read than what fits', () => {
    const types = new TypeTable();
    const list = types.list(INT);
    const constants = [{ type: list, value: List.of(times(2 * 1024 * 1024, () => 7)) }];
    const codes = [[OP.QUOTE, 0, OP.RETURN]];
    expect(decoded({ types, constants, codes })).toBe(
      `constants of more than ${FORMAT_LIMITS.constantsBytesMax} bytes`,
    );
  });

  test('types', () => {
    const types = new TypeTable();
    const records = times(250, (k) =>
      types.record(times(1_000, (i) => ({ name: `f${i}`, type: i === k ? STRING : INT }))),
    );
    const codes = [[...records.flatMap((type) => [OP.RECORD, type]), OP.RETURN]];
    expect(decoded({ types, codes })).toBe(`types of more than ${FORMAT_LIMITS.typesBytesMax} bytes`);
  });

  test('code', () => {
    const { functionWordsMax, unitWordsMax } = FORMAT_LIMITS;
    const chain = (count: number, words: number): number[][] =>
      times(count, (i) => [
        ...(i === 0 ? [OP.NEG, OP.NEG] : [OP.CALL, i - 1]),
        ...times(words - 3, () => OP.PUSH),
        OP.RETURN,
      ]);
    expect(decoded({ codes: chain(unitWordsMax / functionWordsMax, functionWordsMax) })).toBe(null);
    expect(decoded({ codes: chain(unitWordsMax / functionWordsMax + 1, functionWordsMax) })).toBe(
      `functions of more than ${unitWordsMax} words`,
    );
    expect(decoded({ codes: chain(1, functionWordsMax + 1) })).toBe(
      `${functionWordsMax + 1} words, at most ${functionWordsMax}`,
    );
  });

  test('an image, the body of an upgrade, a bundle', () => {
    const { imageBytesMax, bundleBytesMax } = FORMAT_LIMITS;
    const grown = (bytes: Uint8Array, length: number): Uint8Array => {
      const longer = new Uint8Array(length);
      longer.set(bytes);
      return longer;
    };
    const image = grown(encodeImage(sketch({})), imageBytesMax + 1);
    const tooLarge = `${imageBytesMax + 1} bytes, at most ${imageBytesMax}`;
    expect(refusal(decodeImage(image))).toBe(tooLarge);
    const upgrade = counterUpgrade();
    const body = grown(encodeUpgradeBody(upgrade), imageBytesMax + 1);
    expect(refusal(decodeUpgradeBody(upgrade, body))).toBe(tooLarge);
    const bundle = grown(Uint8Array.of(0, 0x73, 0x6d, 0x62, FORMAT_VERSION), bundleBytesMax + 1);
    expect(refusal(openBundle(bundle))).toBe(`${bundleBytesMax + 1} bytes, at most ${bundleBytesMax}`);
    const writer = new ByteWriter();
    writer.raw(Uint8Array.of(0, 0x73, 0x6d, 0x62, FORMAT_VERSION, 1));
    writer.unsigned(image.length);
    writer.raw(image);
    expect(refusal(openBundle(writer.bytes()))).toBe(`${imageBytesMax + 1} bytes, at most ${imageBytesMax}`);
  });

  test('clauses', () => {
    const max = FORMAT_LIMITS.clausesMax;
    const clauses: UpgradeClause[] = times(max + 1, () => ({ kind: 'drop', type: null, path: ['state'] }));
    const upgrade = { ...counterUpgrade(), clauses };
    expect(refusal(decodeUpgradeBody(upgrade, encodeUpgradeBody(upgrade)))).toBe(
      `${max + 1} clauses, at most ${max}`,
    );
  });

  test('field orders of names that are none', () => {
    const debug = { ...NO_DEBUG, fieldOrder: [['a,b']] };
    expect(refusal(decodeDebug(encodeDebug(debug)))).toBe('not a name: "a,b"');
  });
});

test('a constant is encoded once', () => {
  const types = new TypeTable();
  const list = types.list(INT);
  const items = times(1_000, (i) => i);
  const constants = [
    { type: list, value: List.of(items) },
    { type: list, value: List.of(items) },
    { type: list, value: List.of(items.toReversed()) },
  ];
  const image = sketch({ types, constants, codes: [[OP.QUOTE, 0, OP.QUOTE, 1, OP.QUOTE, 2, OP.RETURN]] });
  const written = vi.spyOn(ByteWriter.prototype, 'integer');
  const bytes = encodeImage(image);
  expect(written.mock.calls.length).toBe(3_000);
  written.mockRestore();
  const read = decodeImage(bytes);
  expect(read.ok && read.value.unit.constants.length).toBe(3);
});

describe('a type in a message', () => {
  const types = new TypeTable();
  const long = types.record(times(1_000, (i) => ({ name: `f${i}`, type: INT })));

  test('is cut off, and not looked at any further', () => {
    const visited = vi.spyOn(types, 'node');
    expect(showType(types, long)).toBe(`${printType(types, long).slice(0, 200)}…`);
    expect(visited.mock.calls.length).toBeLessThan(1_100);
    visited.mockRestore();
    expect(showType(types, INT)).toBe('Int');
  });

  test('is never cut inside a character', () => {
    const image = sketch({
      constants: [{ type: STRING, value: '😀'.repeat(200) }],
      parameters: [{ name: 'p', type: STRING, default: 0 }],
    });
    for (const name of ['O', 'Op']) {
      const shown = showOperation(image, { ...image.operations[0], name });
      expect(shown.isWellFormed()).toBe(true);
      expect(shown.length).toBeLessThanOrEqual(201);
    }
  });
});

describe('the work of the judge', () => {
  const upgradeTo = (changes: Partial<Upgrade>): Upgrade => ({
    ...counterUpgrade(),
    unit: {
      types: new TypeTable(),
      constants: [],
      functions: [{ from: UNIT, to: UNIT, code: Int32Array.of(OP.RETURN) }],
    },
    machine: 'Sketch',
    migration: 0,
    back: null,
    backOperations: [],
    ...changes,
  });

  test('is not to print operations that come and go', () => {
    const types = new TypeTable();
    const parameters = parametersOf(wide(types));
    const old = sketch({ types, parameters, name: 'Old', operations: 60 });
    const next = sketch({ types, parameters, name: 'New', operations: 60 });
    const operations = old.operations.map(({ name }) => ({ kind: 'dropped' as const, name }));
    const visited = vi.spyOn(types, 'node');
    expect(judge(old, next, upgradeTo({ operations }))).toMatchObject({ ok: true });
    // Printed, it would be 2 × 60 × 16 × 8,191.
    expect(visited.mock.calls.length).toBeLessThan(10_000);
    visited.mockRestore();
  });

  test('is to compare a type once, however many parameters have it', () => {
    const [types, nextTypes] = [new TypeTable(), new TypeTable()];
    const old = sketch({ types, parameters: parametersOf(wide(types)), operations: 200 });
    const sketched = sketch({
      types: nextTypes,
      parameters: parametersOf(wide(nextTypes)),
      operations: 200,
    });
    const next = { ...sketched, emit: old.emit + 1 };
    const operations = old.operations.map(({ name }) => ({ kind: 'identity' as const, name }));
    const visited = vi.spyOn(nextTypes, 'node');
    expect(judge(old, next, upgradeTo({ operations }))).toMatchObject({ ok: true });
    expect(visited.mock.calls.length).toBeLessThan(200);
    visited.mockRestore();
  });

  test('does not grow with clauses times parts', () => {
    const types = new TypeTable();
    const record = types.record(times(1_000, (i) => ({ name: `f${i}`, type: INT })));
    const state = types.tuple(times(9, () => record));
    let looks = 0;
    const clauses = times(1_000, (i): UpgradeClause => ({
      kind: 'drop',
      type: null,
      get path() {
        looks++;
        return ['state', '0', `f${i}`, 'inside'];
      },
    }));
    const unit = {
      types,
      constants: [{ type: UNIT, value: null }],
      functions: [{ from: state, to: UNIT, code: Int32Array.of(OP.QUOTE, 0, OP.RETURN) }],
    };
    const old = { ...sketch({ types }), state };
    const operations = [{ kind: 'identity' as const, name: 'Op0000' }];
    expect(judge(old, sketch({}), upgradeTo({ unit, operations, clauses }))).toMatchObject({
      ok: false,
      code: 'lossy',
    });
    expect(looks).toBe(1_000);
  });

  test('messages are short, whatever they name', () => {
    const types = new TypeTable();
    let state: TypeId = types.record(times(1_000, (i) => ({ name: `${'x'.repeat(100)}${i}`, type: INT })));
    for (let i = 0; i < 60; i++) state = types.record([{ name: 'y'.repeat(120), type: state }]);
    const parameters = parametersOf(state);
    const old = sketch({ types, parameters });
    const next = sketch({ parameters: parametersOf(INT) });
    const way = { kind: 'identity' as const, name: 'Op0000' };
    const refusals = [
      judge(old, next, upgradeTo({ operations: [way] })),
      judge({ ...old, state }, old, upgradeTo({ operations: [way] })),
      judge(
        { ...old, state },
        old,
        upgradeTo({
          unit: {
            types,
            constants: [{ type: UNIT, value: null }],
            functions: [
              {
                from: state,
                to: UNIT,
                code: Int32Array.from([
                  ...times(59, () => [OP.PROJECT, 0]).flat(),
                  OP.PROJECT,
                  0,
                  OP.PROJECT,
                  0,
                  OP.PUSH,
                  OP.QUOTE,
                  0,
                  OP.CONS,
                  OP.SND,
                  OP.RETURN,
                ]),
              },
            ],
          },
          operations: [way],
          clauses: [
            {
              kind: 'drop',
              type: null,
              path: ['state', ...times(60, () => 'y'.repeat(120)), `${'x'.repeat(100)}0`],
            },
          ],
        }),
      ),
    ];
    for (const refused of refusals) {
      if (refused.ok) throw new Error('it passed');
      expect(refused.message.length).toBeLessThan(2_500);
    }
    expect(refusals.map((refused) => (refused.ok ? '' : refused.code))).toEqual([
      'ill-typed',
      'ill-typed',
      'lossy',
    ]);
  });
});
