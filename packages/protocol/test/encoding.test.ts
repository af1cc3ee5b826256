import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Bundle,
  codeFingerprint,
  decodeBundle,
  decodeDebugOf,
  decodeImageOf,
  decodeImage,
  decodeUpgradeOf,
  decodeValue,
  encodeBundle,
  encodeImage,
  encodeValue,
  equal,
  fingerprints,
  type Image,
  INT,
  matchFingerprint,
  OP,
  openBundle,
  STRING,
  TypeTable,
  UNIT,
} from '../src/index.ts';
import { eachWord, type WordKind } from '../src/numbering.ts';
import { images, typedValues } from './arbitrary.ts';
import { counter, counterUpgrade, counterWithDirection, NO_DEBUG } from './samples.ts';

describe('values', () => {
  test('every value comes back', () => {
    fc.assert(
      fc.property(typedValues, ({ types, type, value }) => {
        const bytes = encodeValue(types, type, value);
        const decoded = decodeValue(types, type, bytes);
        expect(decoded.ok && equal(decoded.value, value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('other bytes are refused, or are another value in its one form', () => {
    fc.assert(
      fc.property(typedValues, fc.nat(), fc.nat(255), ({ types, type, value }, at, byte) => {
        const bytes = encodeValue(types, type, value);
        const changed = bytes.slice();
        changed[at % bytes.length] = byte;
        const decoded = decodeValue(types, type, changed);
        const again = decoded.ok ? encodeValue(types, type, decoded.value) : changed;
        expect(again).toEqual(changed);
        const cut = decodeValue(types, type, bytes.slice(0, at % bytes.length));
        expect(cut.ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a longer form of 0', INT, [0x80, 0x00], 'number not in its shortest form'],
    ['−2⁵³', INT, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f], 'number too large'],
    ['nine bytes', INT, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 'number too large'],
    ['a lone surrogate', STRING, [3, 0xed, 0xa0, 0x80], 'not UTF-8'],
    ['an overlong slash', STRING, [2, 0xc0, 0xaf], 'not UTF-8'],
    ['past U+10FFFF', STRING, [4, 0xf4, 0x90, 0x80, 0x80], 'not UTF-8'],
    [
      'a string that is cut off',
      STRING,
      [4, 0x61],
      '4 bytes of a string should follow, and only 1 bytes are left',
    ],
    ['something after the end', UNIT, [0, 0], '1 bytes after the end'],
  ])('%s is refused', (_, type, bytes, message) => {
    const decoded = decodeValue(new TypeTable(), type, Uint8Array.from(bytes));
    expect(decoded).toMatchObject({ ok: false, malformed: { message } });
  });

  test('a count is not believed', () => {
    const types = new TypeTable();
    const nested = types.list(types.list(UNIT));
    const decoded = decodeValue(types, nested, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0));
    expect(decoded).toMatchObject({ ok: false, malformed: { offset: 0 } });
  });
});

describe('images', () => {
  test('decoding gives what encodes to the same bytes', () => {
    fc.assert(
      fc.property(images, (image) => {
        const bytes = encodeImage(image);
        const decoded = decodeImage(bytes);
        if (!decoded.ok) throw new Error(`${decoded.malformed.message} at ${decoded.malformed.offset}`);
        expect(encodeImage(decoded.value)).toEqual(bytes);
        expect(decoded.value.operations.map((o) => o.name)).toEqual(
          image.operations.map((o) => o.name).sort(),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('the order of tables, and what nothing uses, does not show', () => {
    fc.assert(
      fc.property(images, (image) => {
        expect(encodeImage(shuffled(image))).toEqual(encodeImage(image));
        expect(fingerprints(shuffled(image))).toEqual(fingerprints(image));
      }),
      { numRuns: 300 },
    );
  });

  test('each changed byte and each cut is refused, or is the one encoding of something else', () => {
    const bytes = encodeImage(counter());
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      expect(decodeImage(bytes.slice(0, at)).ok).toBe(false);
      for (let bit = 0; bit < 256; bit++) {
        const changed = bytes.slice();
        if (changed[at] === bit) continue;
        changed[at] = bit;
        const decoded = decodeImage(changed);
        if (!decoded.ok) refused++;
        const again = decoded.ok ? encodeImage(decoded.value) : changed;
        expect(again).toEqual(changed);
      }
    }
    expect(refused).toBeGreaterThan(bytes.length * 100);
  });

  test('a call of a function that is not there can be written, and stays out of bounds', () => {
    const image = counter();
    const functions = image.unit.functions.map(({ from, to }) => ({
      from,
      to,
      code: Int32Array.of(OP.CALL, 99, OP.RETURN),
    }));
    const decoded = decodeImage(encodeImage({ ...image, unit: { ...image.unit, functions } }));
    expect(decoded.ok && decoded.value.unit.functions[0].code[1]).toBe(99);
  });

  test('a cycle of calls can be written, and stays one', () => {
    const image = counter();
    const code = (callee: number): Int32Array => Int32Array.of(OP.CALL, callee, OP.RETURN);
    const [a, b] = image.unit.functions;
    const functions = [
      { ...a, code: code(1) },
      { ...b, code: code(0) },
    ];
    const bytes = encodeImage({ ...image, unit: { ...image.unit, functions } });
    const decoded = decodeImage(bytes);
    if (!decoded.ok) throw new Error(decoded.malformed.message);
    expect(encodeImage(decoded.value)).toEqual(bytes);
    expect(decoded.value.unit.functions.some(({ code: [, callee] }, i) => callee >= i)).toBe(true);
  });

  test('a chain of calls as long as the table needs no stack', () => {
    const image = counter();
    const functions = Array.from({ length: 20_000 }, (_, i) => ({
      from: UNIT,
      to: UNIT,
      code: i === 0 ? Int32Array.of(OP.RETURN) : Int32Array.of(OP.CALL, i - 1, OP.RETURN),
    }));
    const operations = image.operations.map((operation) => ({ ...operation, body: functions.length - 1 }));
    const bytes = encodeImage({ ...image, operations, unit: { ...image.unit, functions } });
    expect(decodeImage(bytes).ok).toBe(true);
  });

  test.each([
    ['other magic', 1, 0x54, 'this is no image', 0],
    ['a later version', 4, 3, 'unknown version 3 of the format; known is version 2', 4],
    ['an earlier version', 4, 1, 'unknown version 1 of the format; known is version 2', 4],
  ])('%s has its own message', (_, at, byte, message, offset) => {
    const bytes = encodeImage(counter());
    bytes[at] = byte;
    expect(decodeImage(bytes)).toEqual({ ok: false, malformed: { message, offset } });
  });

  test.each([
    ['a map of functions', [2, 5, 1, 1, 6, 1, 6], 'a map of functions'],
    ['a map whose keys are lists', [2, 3, 1, 6, 6, 1], 'a key whose type has no order'],
    ['a set of units', [1, 7, 0], 'a key whose type has no order'],
  ])('%s is no type', (_, types, message) => {
    const decoded = decodeImage(Uint8Array.of(0x00, 0x73, 0x6d, 0x69, 2, 1, 1, 0x41, 0, ...types, 0, 0));
    expect(decoded).toMatchObject({ ok: false, malformed: { message } });
  });

  test('keys ascend', () => {
    const types = new TypeTable();
    const set = types.set(INT);
    expect(decodeValue(types, set, Uint8Array.of(2, 2, 4)).ok).toBe(true);
    for (const items of [
      [4, 2],
      [2, 2],
    ]) {
      const decoded = decodeValue(types, set, Uint8Array.of(2, ...items));
      expect(decoded).toMatchObject({ ok: false, malformed: { message: 'keys must ascend', offset: 2 } });
    }
  });

  test.each([
    ['in its one form', [1, 3, 1, 1, 6, 0, 0, 6, 0, 0, 0, 0], true],
    ['with a constant that nothing uses', [1, 3, 1, 2, 6, 0, 1, 2, 0, 6, 0, 0, 0, 0], false],
    ['with a type that nothing uses', [2, 3, 1, 3, 6, 1, 6, 0, 0, 6, 0, 0, 0, 0], false],
    ['with a function that nothing uses', [1, 3, 1, 1, 6, 0, 1, 0, 0, 1, 10, 6, 0, 0, 0, 0], false],
  ])('an image %s', (_, rest, isCanonical) => {
    // Types, constants, functions, the state, its initial value, operations, invariants, defaults.
    const bytes = Uint8Array.of(0x00, 0x73, 0x6d, 0x69, 2, 1, 1, 0x41, 0, ...rest);
    const decoded = decodeImage(bytes);
    expect(decoded.ok ? 'canonical' : decoded.malformed.message).toBe(
      isCanonical ? 'canonical' : 'not canonical',
    );
  });

  test('the counter is small', () => {
    expect(encodeImage(counter()).length).toBeLessThan(150);
  });
});

describe('bundles', () => {
  const debugged = {
    files: ['counter.sm'],
    functions: [
      {
        name: 'Read',
        positions: [
          { word: 0, file: 0, line: 5, column: 10 },
          { word: 3, file: 0, line: 6, column: 3 },
        ],
      },
      { name: 'Incr', positions: [] },
    ],
    fieldOrder: [['down', 'count']],
    typeNames: [],
    documentation: [{ subject: 'Counter', text: 'A counter — it counts.' }],
    carriedOut: ['0f'.repeat(32), 'e1'.repeat(32)],
  };
  const other: Image = { ...counter(), name: 'Another' };
  const bundle: Bundle = {
    images: [counterWithDirection(), other],
    upgrades: [
      {
        ...counterUpgrade(),
        clauses: [
          { kind: 'drop', type: null, path: ['state', 'note'] },
          { kind: 'rename', type: null, path: ['Status', 'Paid'], to: 'Settled' },
        ],
        backOperations: [
          { kind: 'adapter', name: 'Read', to: 'Incr', request: 1, reply: 0 },
          { kind: 'dropped', name: 'Incr' },
        ],
      },
    ],
    debug: [debugged, NO_DEBUG],
  };

  test('come back, in canonical order', () => {
    const bytes = encodeBundle(bundle);
    const decoded = decodeBundle(bytes);
    if (!decoded.ok) throw new Error(`${decoded.malformed.message} at ${decoded.malformed.offset}`);
    expect(encodeBundle(decoded.value)).toEqual(bytes);
    const {
      images: [a, b],
      upgrades: [upgrade],
      debug,
    } = decoded.value;
    expect([a.name, b.name, upgrade.image]).toEqual(['Another', 'Counter', 1]);
    expect(upgrade.backOperations.map((way) => way.kind)).toEqual(['dropped', 'adapter']);
    expect(upgrade.clauses).toEqual(bundle.upgrades[0].clauses);
    expect(upgrade.old).toEqual(bundle.upgrades[0].old);
    // Incr comes before Read, and the debug data of its function with it.
    expect(debug[1]).toEqual({ ...debugged, functions: [debugged.functions[1], debugged.functions[0]] });
  });

  test('the envelope opens where a part does not decode, and says where that is', () => {
    const bytes = encodeBundle(bundle);
    const opened = openBundle(bytes);
    if (!opened.ok) throw new Error(opened.malformed.message);
    const part = opened.value.upgrades[0];
    bytes[part.offset] = 0xff;
    const again = openBundle(bytes);
    if (!again.ok) throw new Error(again.malformed.message);
    expect(again.value.upgrades[0].old).toEqual(bundle.upgrades[0].old);
    expect(decodeUpgradeOf(again.value, 0)).toMatchObject({ ok: false, malformed: { offset: part.offset } });
    expect(decodeImageOf(again.value, 0).ok).toBe(true);
    expect(decodeDebugOf(again.value, 1).ok).toBe(true);
  });

  test('each changed byte and each cut is refused, or is the one encoding of something else', () => {
    const bytes = encodeBundle(bundle);
    for (let at = 0; at < bytes.length; at++) {
      expect(openBundle(bytes.slice(0, at)).ok).toBe(false);
      for (let bit = 0; bit < 8; bit++) {
        const changed = bytes.slice();
        changed[at] ^= 1 << bit;
        const decoded = decodeBundle(changed);
        const again = decoded.ok ? encodeBundle(decoded.value) : changed;
        expect(Buffer.from(again).equals(changed)).toBe(true);
      }
    }
  });

  test('debug data does not show in a fingerprint', () => {
    const fingerprintOf = (debug: Bundle['debug']): string => {
      const opened = openBundle(encodeBundle({ ...bundle, debug }));
      if (!opened.ok) throw new Error(opened.malformed.message);
      return codeFingerprint(opened.value.images[1].bytes);
    };
    expect(fingerprintOf([debugged, debugged])).toBe(fingerprintOf([NO_DEBUG, NO_DEBUG]));
    expect(fingerprintOf(bundle.debug)).toBe(fingerprints(counterWithDirection()).code);
  });
});

describe('fingerprints', () => {
  test('the state alone decides that of the state', () => {
    const one = counter();
    const other: Image = { ...counter(), name: 'Other', operations: counter().operations.slice(0, 1) };
    expect(fingerprints(other).state).toBe(fingerprints(one).state);
    expect(fingerprints(other).code).not.toBe(fingerprints(one).code);
    expect(fingerprints(other).interface).not.toBe(fingerprints(one).interface);
    expect(fingerprints(counterWithDirection()).state).not.toBe(fingerprints(one).state);
    expect(fingerprints(counterWithDirection()).interface).toBe(fingerprints(one).interface);
  });

  test('a default, a parameter name and the kind of key belong to the interface', () => {
    const seen = new Set<string>();
    const [incr, read] = counter().operations;
    const variants: Image[] = [
      counter(),
      { ...counter(), key: 'int' },
      {
        ...counter(),
        operations: [{ ...incr, parameters: [{ ...incr.parameters[0], default: null }] }, read],
      },
      { ...counter(), operations: [{ ...incr, parameters: [{ ...incr.parameters[0], name: 'n' }] }, read] },
    ];
    for (const image of variants) seen.add(fingerprints(image).interface);
    expect(seen.size).toBe(4);
  });

  test('the fingerprints of the counter are a contract', () => {
    expect(fingerprints(counter())).toMatchInlineSnapshot(`
      {
        "code": "77c743f266435137062953b39b30c28c32a175dadb8e3212fe3f470ee119a90d",
        "interface": "61c77f89d8ad867ab5a3c6b082e5e020e749199bd79fe418ec360830ea1b9736",
        "state": "83f348251b2abb7be43cb882f16cb71c4a6d6dcd6cef6ea8e5c6be5e7abea533",
      }
    `);
  });

  test('a prefix of 8 digits or more stands for the one that it fits', () => {
    const known = ['aaaaaaaa11' + '0'.repeat(54), 'aaaaaaaa22' + '0'.repeat(54), 'b'.repeat(64)];
    expect(matchFingerprint('BBBBBBBB', known)).toEqual({ kind: 'one', fingerprint: 'b'.repeat(64) });
    expect(matchFingerprint('aaaaaaaa', known)).toMatchObject({ kind: 'several' });
    expect(matchFingerprint('aaaaaaaa1', known)).toEqual({ kind: 'one', fingerprint: known[0] });
    expect(matchFingerprint('cccccccc', known)).toEqual({ kind: 'none' });
    expect(matchFingerprint('bbbbbbb', known)).toEqual({ kind: 'invalid' });
  });
});

/** The same image with its tables in another order. */
function shuffled(image: Image): Image {
  const { unit } = image;
  const types = new TypeTable();
  const count = unit.types.length;
  for (let id = count - 1; id >= 0; id--) types.adopt(unit.types, id);
  const type = (id: number): number => (id >= 0 && id < count ? types.adopt(unit.types, id) : id);
  // In reverse: index i becomes length − 1 − i.
  const mirror =
    (length: number) =>
    (i: number): number =>
      i >= 0 && i < length ? length - 1 - i : i;
  const constant = mirror(unit.constants.length);
  const fn = mirror(unit.functions.length);
  // Out-of-range operands must stay what they are, and so must table lengths.
  const functions = unit.functions.map(({ from, to, code }) => ({
    from: type(from),
    to: type(to),
    code: renumbered(code, { type, constant, function: fn }),
  }));
  return {
    ...image,
    unit: {
      types,
      constants: unit.constants.map((c) => ({ ...c, type: type(c.type) })).reverse(),
      functions: functions.reverse(),
    },
    state: type(image.state),
    initial: constant(image.initial),
    operations: image.operations
      .map((operation) => ({
        ...operation,
        parameters: operation.parameters.map((p) => ({
          ...p,
          type: type(p.type),
          default: p.default === null ? null : constant(p.default),
        })),
        reply: type(operation.reply),
        body: fn(operation.body),
      }))
      .reverse(),
    invariants: image.invariants.map(fn),
    defaults: image.defaults
      .map((each) => ({ ...each, type: type(each.type), constant: constant(each.constant) }))
      .reverse(),
  };
}

function renumbered(
  code: Int32Array,
  numbers: Partial<Record<WordKind, (word: number) => number>>,
): Int32Array {
  const words: number[] = [];
  eachWord(code, (kind, word) => words.push(numbers[kind]?.(word) ?? word));
  return Int32Array.from(words);
}
