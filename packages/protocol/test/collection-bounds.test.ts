// What maps and sets are made of, and what would be slow or large if it were not bounded.
import {
  INT,
  keyOrder,
  MapValue,
  SetValue,
  STRING,
  Sum,
  TypeTable,
  UndoLog,
  type Value,
} from '@smc/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Dictionary } from '../src/collections/dictionary.ts';
import { IntegerIndex } from '../src/collections/integer-index.ts';
import { LongTexts } from '../src/collections/long-texts.ts';
import { Slots } from '../src/collections/slots.ts';

const types = new TypeTable();
const byInt = keyOrder(types, INT);
const byText = keyOrder(types, STRING);
const countTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const squares = (count: number): MapValue =>
  MapValue.of(
    countTo(count).map((i) => [i, i * i]),
    byInt,
  );

/** Without the version that was before, which nobody uses any more. */
const inserted = (map: MapValue, key: Value, value: Value, log: UndoLog): MapValue => {
  const slot = map.slotOf(key);
  return map.withAt(slot, key, value, map.at(slot), log);
};

/** Keys whose hash is the same. */
const colliding = countTo(200).map((i) => i * 2 ** 32 + (Math.imul(i, 0x9e3779b1) >>> 0));

describe('a dictionary', () => {
  const dictionaryOf = (keys: readonly Value[]): Dictionary<Value> => {
    const dictionary = new Dictionary<Value>(() => 1);
    for (const key of keys) {
      expect(dictionary.find(key)).toBe(-1);
      dictionary.add(key, 0);
    }
    expect(keys.map((key) => dictionary.find(key))).toEqual(countTo(keys.length));
    return dictionary;
  };

  it('finds integers that were chosen to collide, by their texts', () => {
    const index = new IntegerIndex(colliding);
    expect(colliding.findIndex((key, slot) => !index.add(key, slot))).toBe(64);
    const dictionary = dictionaryOf(colliding);
    expect([1, colliding[7] + 1, -colliding[7]].map((key) => dictionary.find(key))).toEqual([-1, -1, -1]);
  });

  it('finds integers of all sizes', () => {
    const powers = countTo(53).map((i) => 2 ** i);
    const dictionary = dictionaryOf([0, ...powers, ...powers.map((each) => -each), Number.MAX_SAFE_INTEGER]);
    expect([3, -3, 2 ** 52 + 1].map((key) => dictionary.find(key))).toEqual([-1, -1, -1]);
  });

  it.each<[string, Value[]]>([
    [
      'tuples of strings',
      [
        ['', 'abc'],
        ['a', 'bc'],
        ['ab', 'c'],
        ['abc', ''],
        ['1;', '1;'],
        ['', '1;1;'],
      ],
    ],
    [
      'tuples of numbers',
      [
        [1, 23],
        [12, 3],
        [-1, 23],
        [1, -23],
      ],
    ],
    [
      'tuples of tuples',
      [
        [[1, 2], 3],
        [[1, 23], 0],
        [[12, 3], 0],
      ],
    ],
    ['bytes', [[], [0], [0, 0], [44], [59], [49, 59]].map((bytes) => new Uint8Array(bytes))],
    [
      'sums',
      [new Sum(0, null), new Sum(1, 0), new Sum(1, 10), new Sum(11, 0), new Sum(2, '0;'), new Sum(3, true)],
    ],
  ])('tells %s apart', (_kind, keys) => {
    // With so many others that all are found by their texts.
    const [first] = keys;
    const others = countTo(9).map((i): Value => {
      if (first instanceof Uint8Array) return new Uint8Array([i, i, i, i]);
      if (first instanceof Sum) return new Sum(50 + i, null);
      return [`other ${i}`, ''];
    });
    dictionaryOf([...others, ...keys]);
  });
});

describe('keys that are long', () => {
  afterEach(() => vi.restoreAllMocks());

  /** V8 hashes a string of so many units, and of a longer one its length alone. */
  const HASHED_UNITS = 16_383;
  /** Of one length, and different in one place. */
  const long = (length: number): string[] =>
    [0, 1, HASHED_UNITS - 1, HASHED_UNITS, length - 2, length - 1]
      .filter((at) => at < length)
      .map((at) => `${'x'.repeat(at)}y${'x'.repeat(length - at - 1)}`);
  const lengths = [HASHED_UNITS, HASHED_UNITS + 1, 2 * HASHED_UNITS, 2 * HASHED_UNITS + 1, 70_000];
  const texts = [...countTo(9).map(String), ...new Set(lengths.flatMap(long)), '0,1'];
  const others = ['', '0,0', '\u{10000}', ...lengths.map((length) => 'x'.repeat(length)), 'y'.repeat(70_000)];

  it.each<[string, (text: string) => Value]>([
    ['strings', (text) => text],
    ['bytes', (text) => Buffer.from(text)],
    ['tuples', (text) => [7, [text.slice(0, 5), text.slice(5)]]],
    ['sums', (text) => new Sum(1, text)],
  ])('are found by what the host hashes: %s', (_kind, keyOf) => {
    const set = vi.spyOn(Map.prototype, 'set');
    const dictionary = new Dictionary<Value>(() => 1);
    for (const text of texts) dictionary.add(keyOf(text), 0);
    const entered = set.mock.calls.map(([text]) => String(text).length);
    set.mockRestore();
    expect(Math.max(...entered)).toBe(HASHED_UNITS);
    expect(texts.map((text) => dictionary.find(keyOf(text)))).toEqual(countTo(texts.length));
    expect(others.map((text) => dictionary.find(keyOf(text)))).toEqual(others.map(() => -1));
  });

  it('are told apart where the numbers of their chunks are long too', () => {
    const set = vi.spyOn(Map.prototype, 'set');
    const chunks = countTo(3_600).map((i) => `${i}`.padEnd(HASHED_UNITS, '-'));
    const [text, ...others] = ['', 'a', 'b'].map((last) => [...chunks, last].join(''));
    const index = new LongTexts();
    index.add(text, 0);
    index.add(others[0], 1);
    const entered = set.mock.calls.map(([each]) => String(each).length);
    set.mockRestore();
    expect(Math.max(...entered)).toBe(HASHED_UNITS);
    expect([text, ...others].map((each) => index.find(each))).toEqual([0, 1, undefined]);
  });
});

describe('slots', () => {
  it('may lie far apart', () => {
    const slots = new Slots<number>();
    const used = [0, 3, 4, 31, 32, 1_023, 1_024, 5_000, 100_000];
    for (const slot of used.toReversed()) slots.set(slot, slot);
    const found: number[] = [];
    slots.forEach((value, slot) => found.push(value === slot ? slot : -1));
    expect(found).toEqual(used);
    expect([-1, 1, 33, 2_000, 99_999, 100_001, 2 ** 31].map((slot) => slots.get(slot))).toEqual(
      Array.from({ length: 7 }, () => undefined),
    );
  });
});

describe('slots that are forked', () => {
  /** On both sides of where leaves and branches end. */
  const places = fc.constantFrom(0, 3, 63, 64, 16_383, 16_384, 16_447, 16_448, 40_000);
  const steps = fc.array(fc.tuple(fc.nat({ max: 7 }), fc.boolean(), places, fc.nat({ max: 9 })), {
    maxLength: 60,
  });

  it('see nothing of what is written to others', () => {
    fc.assert(
      fc.property(steps, (drawn) => {
        const vectors = [{ slots: new Slots<number>(), model: new Map<number, number>() }];
        for (const [which, isForked, place, value] of drawn) {
          const { slots, model } = vectors[which % vectors.length];
          if (isForked) vectors.push({ slots: slots.fork(), model: new Map(model) });
          slots.set(place, value === 0 ? undefined : value);
          if (value === 0) model.delete(place);
          else model.set(place, value);
        }
        for (const { slots, model } of vectors) {
          const found: [number, number][] = [];
          slots.forEach((value, slot) => found.push([slot, value]));
          expect(found).toEqual([...model].toSorted(([a], [b]) => a - b));
          for (const [slot, value] of found) expect(slots.get(slot)).toBe(value);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('share nearly all, however many there are', () => {
    const slots = new Slots<number>();
    for (let slot = 0; slot < 1_000_000; slot++) slots.set(slot, slot);
    const before = process.memoryUsage().heapUsed;
    const forks = countTo(2_000).map((slot) => {
      const fork = slots.fork();
      fork.set(slot * 400, -1);
      return fork;
    });
    expect((process.memoryUsage().heapUsed - before) / forks.length).toBeLessThan(32 * 1024);
    for (const [i, fork] of forks.entries())
      expect([fork.get(i * 400), fork.get(999_999)]).toEqual([-1, 999_999]);
  });
});

describe('versions', () => {
  it('are many of one, changed 100,000 times each for itself', () => {
    const base = squares(1_000);
    const slots = new Set<number>();
    let sum = 0;
    for (let i = 0; i < 100_000; i++) {
      const [changed, added] = [base.with(i % 1_000, 1), base.with(-1 - i, 1)];
      slots.add(added.slotOf(-1 - i));
      sum += added.size - changed.size;
    }
    expect(sum).toBe(32 * 100_000);
    // A new dictionary for each 3,000 keys or so.
    expect([Math.min(...slots), Math.max(...slots)]).toEqual([1_000, 4 * 1_000 + 64]);
    expect([...base.values()]).toEqual(countTo(1_000).map((i) => i * i));
  });

  it('are changed in turn, 100,000 times', () => {
    let left = squares(1_000);
    let right = left;
    for (let i = 0; i < 100_000; i++) {
      left = left.with(i % 1_000, i);
      right = right.with((7 * i) % 1_000, -i);
    }
    expect([...left.values()]).toEqual(countTo(1_000).map((i) => 99_000 + i));
    expect([...right.values()].every((value) => Number(value) <= -99_000)).toBe(true);
  });

  it('are given up 100,000 times, after a change or a hundred', () => {
    const log = new UndoLog();
    let base = squares(1_000);
    for (let i = 0; i < 100_000; i++) {
      let made = base;
      for (let j = 0; j < (i % 1_000 === 0 ? 100 : 1); j++) made = inserted(made, (i + j) % 1_000, -1, log);
      log.undo();
      const expected = (i % 1_000) ** 2 + (i >= 1_000 && i % 10 === 0 ? 1 : 0);
      if (base.get(i % 1_000) !== expected) expect(base.get(i % 1_000)).toBe(expected);
      if (i >= 1_000 || i % 10 !== 0) continue;
      base = inserted(base, i, i * i + 1, log);
      log.clear();
    }
  });

  it('share no keys where they have nothing else in common', () => {
    const empty = MapValue.empty(byText);
    const [a, b] = [empty.with('a', 1), empty.with('b', 1)];
    expect([a.slotOf('b'), b.slotOf('a'), empty.slotOf('a')]).toEqual([-1, -1, -1]);
    expect(a.without('a').slotOf('a')).toBe(-1);
  });

  it.each(['owned', 'kept'])('let go of keys that come and go: %s', (mode) => {
    let set = SetValue.of([-3, -2, -1], byInt);
    const log = mode === 'kept' ? null : new UndoLog();
    const kept: SetValue[] = [];
    for (let i = 0; i < 10_000; i++) {
      if (mode === 'kept') kept.push(set);
      set = set.with(i, log).without(i - 1, log);
      log?.clear();
      // Two differences a step, and at most 64 of them before a new dictionary can be made.
      expect(set.slotOf(i)).toBeLessThan(4 * 5 + 64 + 64);
    }
    expect([...set.items()]).toEqual([-3, -2, 9_999]);
    expect(kept.every((each, i) => i === 0 || (each.length === 3 && each.has(i - 1) && !each.has(i)))).toBe(
      true,
    );
  });

  it('let go of keys that were put in and taken back', () => {
    const log = new UndoLog();
    const map = inserted(squares(3), 0, 0, log);
    log.clear();
    for (let i = 10; i < 10_000; i++) {
      const made = inserted(map, i, i, log);
      expect(made.slotOf(i)).toBeLessThan(4 * 4 + 64);
      log.undo();
      expect(map.get(i)).toBe(undefined);
    }
    expect([...map.values()]).toEqual([0, 1, 4]);
  });

  it('let go of large keys that come and go', () => {
    let map = MapValue.of([['small', 0]], byText);
    for (let i = 0; i < 100; i++) {
      const large = `${i} `.repeat(10_000);
      map = map.with(large, i).without(large);
      expect(map.slotOf(large)).toBeLessThan(5);
    }
    expect([...map.entries()]).toEqual([['small', 0]]);
  });

  describe.each([20, 200])('with %i entries', (count) => {
    const large = 'large '.repeat(1_000_000);
    const log = new UndoLog();
    const start = (): MapValue =>
      MapValue.of(
        countTo(count).map((i) => [`key ${i}`, i]),
        byText,
      );
    /** A version that is changed in place. */
    const owned = (): MapValue => {
      let map = start();
      for (let i = 0; i < 65; i++) map = inserted(map, 'key 0', 0, log);
      log.clear();
      return map;
    };

    it.each([
      ['kept', start],
      ['owned', owned],
    ])('hold no large key that others have: %s', (_mode, make) => {
      const map = make();
      const grown = map.with(large, 1);
      const shrunk = grown.without(large);
      expect([map, grown, shrunk].map((each) => each.slotOf(large) >= 0)).toEqual([false, true, false]);
      expect(grown.get(large)).toBe(1);
      expect([...shrunk.entries()]).toEqual([...map.entries()]);
    });

    it('hold no large key of which the large value has changed', () => {
      const map = start().with(large, large);
      const shrunk = map.with(large, 0).without(large);
      expect([map.slotOf(large) >= 0, shrunk.slotOf(large)]).toEqual([true, -1]);
    });

    it('hold no large key that was put in and removed in place', () => {
      const map = inserted(owned(), large, 1, log);
      expect(map.get(large)).toBe(1);
      const without = map.without(large, log);
      log.clear();
      expect(without.slotOf(large)).toBe(-1);
      expect([...without.entries()]).toEqual([...start().entries()]);
    });

    it.each([
      ['kept', start],
      ['owned', owned],
    ])('hold no large key of changes that are undone: %s', (_mode, make) => {
      const map = make();
      inserted(inserted(map, 'key 0', -1, log), large, 1, log).without('key 1', log);
      log.undo();
      expect(map.slotOf(large)).toBe(-1);
      expect([...map.entries()]).toEqual([...start().entries()]);
    });

    it('hold few keys of many that came with changes that are undone', () => {
      const map = owned();
      let made = map;
      for (let i = 0; i < 4_000; i++) made = inserted(made, `other ${i}`, i, log);
      expect(made).toBe(map);
      log.undo();
      expect(countTo(4_000).filter((i) => map.slotOf(`other ${i}`) >= 0)).toEqual([]);
      expect([...map.entries()]).toEqual([...start().entries()]);
      expect(inserted(map, 'key 1', -1, log)).toBe(map);
      log.undo();
      expect(map.get('key 1')).toBe(1);
    });
  });

  it('are gone through where other versions added many keys', () => {
    const base = squares(100).with(-1, 0);
    let grown = base;
    for (let i = 1_000; i < 5_000; i++) grown = grown.with(i, i);
    const children = countTo(100).map((i) => base.with(i, -1));
    for (const child of children) expect([...child.keys()]).toEqual([-1, ...countTo(100)]);
    expect(children.map((child, i) => child.get(i))).toEqual(countTo(100).map(() => -1));
    expect([...base.with(200, 1).keys()]).toEqual([-1, ...countTo(100), 200]);
  });
});

describe('an owned version', () => {
  const log = new UndoLog();
  const own = (map: MapValue): MapValue => {
    let owned = map;
    for (let i = 0; i < 65; i++) owned = inserted(owned, 0, 0, log);
    log.clear();
    return owned;
  };

  it('is the same object for ever where nothing is kept', () => {
    const field = own(squares(100));
    for (let i = 0; i < 1_000; i++) {
      const [key, other] = [i % 100, (i + 90) % 100];
      expect(inserted(field, key, -i, log).without(other, log)).toBe(field);
      expect(inserted(field, key, i, log)).toBe(field);
      log.clear();
    }
    expect([...field.values()]).toEqual(countTo(10).map((i) => 990 + i));
    // With the 65th key that comes and goes it has a new dictionary.
    let changed = field;
    for (let i = 1_000; changed === field; i++) changed = inserted(field, i, i, log).without(i, log);
    log.clear();
    expect([...changed.values()]).toEqual(countTo(10).map((i) => 990 + i));
  });

  it('of few entries is had by the first change', () => {
    const base = squares(30);
    const field = inserted(base, 1, -1, log);
    expect(inserted(field, 2, -2, log)).toBe(field);
    expect([base, field].map((map) => [1, 2, 3].map((key) => map.get(key)))).toEqual([
      [1, 4, 9],
      [-1, -2, 9],
    ]);
    log.clear();
  });

  it.each([30, 1_000])('is no more changed where it was shared, nor one that it was made of: %i', (count) => {
    const base = squares(count);
    const field = own(base);
    const kept = inserted(field, 1, -1, log);
    kept.share();
    const newer = inserted(kept, 1, -2, log);
    expect(newer).not.toBe(kept);
    expect([base, kept, inserted(newer, 1, -3, log)].map((map) => map.get(1))).toEqual([1, -1, -3]);
    log.clear();
  });

  it('has back what it had, of whatever size, when it is undone', () => {
    const [...texts] = ['', 'a', 'bc'.repeat(50)];
    const field = own(
      MapValue.of(
        texts.map((text, i) => [i, text]),
        byInt,
      ),
    );
    const before = [field.length, field.size, [...field.entries()]];
    const changed = inserted(field, 0, 'x'.repeat(99), log).without(1, log);
    expect(inserted(inserted(changed, 1, 'back', log), 7, 'new', log).without(2, log)).toBe(field);
    log.undo();
    expect([field.length, field.size, [...field.entries()]]).toEqual(before);
  });

  it('is gone through as it is, also after it was with few of its keys', () => {
    let map = own(squares(1_000));
    for (let i = 0; i < 990; i++) {
      map = map.without(i, log);
      expect(map.entries().next().value).toEqual([i + 1, (i + 1) ** 2]);
      map = inserted(map, i + 1, -1, log);
      expect(map.entries().next().value).toEqual([i + 1, -1]);
      map = inserted(map, i + 1, (i + 1) ** 2, log);
      log.clear();
    }
    expect([...map.values()]).toEqual(
      countTo(1_000)
        .slice(990)
        .map((i) => i * i),
    );
  });
});

describe('an iteration', () => {
  it('stays with its version, whatever is made of it or becomes of its object', () => {
    const field = squares(100);
    const iterations = [field.entries(), field.keys(), field.values()];
    expect(iterations.map((iteration) => iteration.next().value)).toEqual([[0, 0], 0, 0]);
    const log = new UndoLog();
    let newer = field;
    for (let i = 0; i < 100; i++) newer = inserted(inserted(newer, i, -1, log), 1_000 + i, 1, log);
    const rest = countTo(100).slice(1);
    expect(iterations.map((iteration) => [...iteration])).toEqual([
      rest.map((i) => [i, i * i]),
      rest,
      rest.map((i) => i * i),
    ]);
  });

  it('has keys in their places that came after another one', () => {
    let map = squares(0);
    for (const step of [50, 20, 7, 3]) {
      for (let i = 0; i < 100; i += step) map = map.with(i, i);
      const keys = countTo(100).filter((i) => [50, 20, 7, 3].some((each) => each >= step && i % each === 0));
      expect([...map.keys()]).toEqual(keys);
    }
  });
});
