// Maps and sets against a plain sorted array: all versions of a tree of versions, however they were made and read.
import {
  BOOL,
  BYTES,
  COLLECTION_HEADER_BYTES,
  equal,
  INT,
  type KeyOrder,
  keyOrder,
  MapValue,
  SetValue,
  STRING,
  sizeOf,
  Sum,
  TIME,
  type TypeId,
  TypeTable,
  UndoLog,
  UNIT,
  type Value,
} from '@smc/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

type Entry = readonly [Value, Value];

/** What a map is to be: its entries, ascending. */
class Model {
  readonly entries: readonly Entry[];
  readonly #order: KeyOrder;

  constructor(order: KeyOrder, entries: readonly Entry[] = []) {
    this.#order = order;
    this.entries = entries;
  }

  get(key: Value): Value | undefined {
    return this.entries.find(([other]) => this.#order(key, other) === 0)?.[1];
  }

  with(key: Value, value: Value): Model {
    const added: Entry[] = [...this.without(key).entries, [key, value]];
    return new Model(
      this.#order,
      added.toSorted(([a], [b]) => this.#order(a, b)),
    );
  }

  without(key: Value): Model {
    return new Model(
      this.#order,
      this.entries.filter(([other]) => this.#order(key, other) !== 0),
    );
  }

  get size(): number {
    return this.entries.reduce((sum, [key, value]) => sum + 16 + sizeOf(key) + sizeOf(value), 88);
  }
}

interface Version {
  readonly map: MapValue;
  readonly model: Model;
}

const types = new TypeTable();
const pair = types.tuple([INT, STRING]);
const choice = types.intern({
  kind: 'sum',
  name: 'Choice',
  arguments: [],
  constructors: [
    { name: 'None', labels: null, payload: UNIT },
    { name: 'Text', labels: null, payload: STRING },
    { name: 'Both', labels: null, payload: pair },
  ],
});

/** Keys of each kind, the i-th of many. */
const KEYS: readonly [kind: string, type: TypeId, key: (i: number) => Value][] = [
  ['Int', INT, (i) => (i % 2 === 0 ? i : -i) * (i % 3 === 0 ? 2 ** 40 : 1)],
  ['Time', TIME, (i) => i * 86_400_000],
  ['String', STRING, (i) => ['', '__proto__', '\uffff', '😀'][i] ?? `key ${i % 7} ${i}`],
  ['Bool', BOOL, (i) => i % 2 === 0],
  ['Bytes', BYTES, (i) => new Uint8Array([i % 5, i >> 8, i].slice(0, 1 + (i % 3)))],
  ['(Int, String)', pair, (i) => [i % 10, `${i % 10};${i}`]],
  ['Choice', choice, (i) => new Sum(i % 3, [null, `1;${i}`, [i, '']][i % 3])],
];

function expectSame({ map, model }: Version, isThorough: boolean): void {
  expect([map.length, map.size]).toEqual([model.entries.length, model.size]);
  if (!isThorough) return;
  expect([...map.entries()]).toEqual(model.entries);
  expect([...map.keys()]).toEqual(model.entries.map(([key]) => key));
  expect([...map.values()]).toEqual(model.entries.map(([, value]) => value));
}

/** A tree of versions with all that can be done to it, and the same of models. */
class Forest {
  readonly versions: Version[];
  readonly #key: (i: number) => Value;
  readonly #iterations: {
    readonly found: Iterator<Entry>;
    readonly expected: readonly Entry[];
    at: number;
  }[] = [];
  /** As a field of a state: nobody else holds it, unless it was kept. */
  #field: Version;
  readonly #log = new UndoLog();
  #written = 0;

  constructor(order: KeyOrder, key: (i: number) => Value) {
    this.#key = key;
    this.#field = { map: MapValue.empty(order), model: new Model(order) };
    this.versions = [this.#field];
  }

  #changed({ map, model }: Version, key: Value, isRemoval: boolean): Version {
    const value = this.#written++;
    expect(map.get(key)).toEqual(model.get(key));
    return isRemoval
      ? { map: map.without(key), model: model.without(key) }
      : { map: map.with(key, value), model: model.with(key, value) };
  }

  /** One of the newest versions, or any. */
  #at(place: number): Version {
    return this.versions.at(
      place % 3 === 0
        ? -1 - (place % this.versions.length)
        : -1 - (place % Math.min(4, this.versions.length)),
    )!;
  }

  /** Changes a version some times in a row, and keeps each n-th that comes out. */
  change(from: number, { first, count, stride, every, isRemoval }: Run): void {
    let version = this.#at(from);
    for (let i = 1; i <= count; i++) {
      version = this.#changed(version, this.#key((first + i * stride) % 300), isRemoval);
      if (i % every === 0 || i === count) this.versions.push(version);
    }
  }

  /** Changes one version some times, each time afresh. */
  star(from: number, { first, count, stride, every, isRemoval }: Run): void {
    const version = this.#at(from);
    for (let i = 1; i <= count; i++) {
      const made = this.#changed(version, this.#key((first + i * stride) % 300), isRemoval);
      if (i % every === 0) this.versions.push(made);
    }
  }

  /**
   * What a machine does to a field of its state: some changes, of which nobody uses what was before them, and then it
   * keeps them or fails. Now and then one of the others is made of it too.
   */
  step({ first, count, stride, every, isRemoval }: Run, end: 'commit' | 'fail'): void {
    let made = this.#field;
    for (let i = 1; i <= count; i++) {
      const key = this.#key((first + i * stride) % 300);
      const other = this.#changed(made, key, !isRemoval);
      if (i % every === 0 && other.map !== made.map) this.versions.push(other);
      made = this.#changedInPlace(made, key, isRemoval);
      expect(made.map.get(key)).toBe(made.model.get(key));
    }
    if (end === 'fail') this.#log.undo();
    else {
      this.#log.clear();
      this.#field = made;
    }
    expectSame(this.#field, false);
  }

  #changedInPlace({ map, model }: Version, key: Value, isRemoval: boolean): Version {
    const value = this.#written++;
    const slot = map.slotOf(key);
    return isRemoval
      ? { map: map.without(key, this.#log), model: model.without(key) }
      : { map: map.withAt(slot, key, value, map.at(slot), this.#log), model: model.with(key, value) };
  }

  keepField(): void {
    this.#field.map.share();
    this.versions.push(this.#field);
  }

  /** It goes on with what it was, whatever becomes of the field. */
  iterateField(): void {
    const { map, model } = this.#field;
    this.#iterations.push({ found: map.entries(), expected: model.entries, at: 0 });
  }

  iterate(from: number): void {
    const { map, model } = this.#at(from);
    this.#iterations.push({ found: map.entries(), expected: model.entries, at: 0 });
  }

  /** Goes on with all iterations. */
  advance(count: number): void {
    for (const iteration of this.#iterations) {
      for (let i = 0; i < count && iteration.at <= iteration.expected.length; i++) {
        expect(iteration.found.next().value).toEqual(iteration.expected[iteration.at++]);
      }
    }
  }

  read(from: number): void {
    const { map, model } = this.#at(from);
    for (let i = 0; i < 300; i += 7) {
      const key = this.#key(i);
      expect(map.get(key)).toEqual(model.get(key));
      expect(map.has(key)).toBe(model.get(key) !== undefined);
    }
  }

  check(): void {
    this.advance(Number.POSITIVE_INFINITY);
    for (let i = 0; i < this.versions.length; i++) this.read(i);
    for (const version of this.versions) expectSame(version, true);
    expectSame(this.#field, true);
  }
}

interface Run {
  readonly first: number;
  readonly count: number;
  readonly stride: number;
  readonly every: number;
  readonly isRemoval: boolean;
}

const place = fc.nat(1_000);
const run = fc.record({
  first: fc.nat(299),
  count: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.integer({ min: 1, max: 150 })),
  stride: fc.constantFrom(0, 1, 7),
  every: fc.constantFrom(1, 10, 64, 1_000),
  isRemoval: fc.boolean(),
});

type Command = (forest: Forest) => void;

const commands: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(place, run).map(
    ([at, all]): Command =>
      (forest) =>
        forest.change(at, all),
  ),
  fc.tuple(place, run).map(
    ([at, all]): Command =>
      (forest) =>
        forest.star(at, all),
  ),
  {
    weight: 3,
    arbitrary: fc.tuple(run, fc.constantFrom('commit', 'fail')).map(
      ([all, end]): Command =>
        (forest) =>
          forest.step(all, end),
    ),
  },
  fc.constant<Command>((forest) => forest.keepField()),
  fc.constant<Command>((forest) => forest.iterateField()),
  place.map(
    (at): Command =>
      (forest) =>
        forest.iterate(at),
  ),
  fc.nat(9).map(
    (count): Command =>
      (forest) =>
        forest.advance(count),
  ),
  place.map(
    (at): Command =>
      (forest) =>
        forest.read(at),
  ),
);

describe('a map', () => {
  it.each(KEYS)('is what was put into it, in each of its versions: keys of %s', (_kind, type, key) => {
    fc.assert(
      fc.property(run, fc.array(commands, { minLength: 5, maxLength: 25 }), (first, all) => {
        const forest = new Forest(keyOrder(types, type), key);
        forest.change(0, { ...first, isRemoval: false });
        for (const command of all) command(forest);
        forest.check();
      }),
      { numRuns: 40, unbiased: true },
    );
  });

  it('does not show how it came to be', () => {
    const order = keyOrder(types, INT);
    const entries = fc.array(fc.tuple(fc.nat(200), fc.nat(3)), { maxLength: 200 });
    fc.assert(
      fc.property(entries, entries, (all, others) => {
        const direct = MapValue.of(all, order);
        let grown = MapValue.empty(order);
        for (const [key, value] of others) grown = grown.with(key + 100, value);
        for (const [key, value] of all) grown = grown.with(key, value);
        for (const [key] of others) if (!direct.has(key + 100)) grown = grown.without(key + 100);
        for (const [key, value] of all) grown = grown.with(key, direct.get(key) ?? value);
        expect(equal(direct, grown)).toBe(true);
        expect([...grown.entries()]).toEqual([...direct.entries()]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a set', () => {
  it('is changed in place and back, and what it was is in the versions that were kept', () => {
    const order = keyOrder(types, INT);
    const change = fc.record({ item: fc.nat(60), isRemoval: fc.boolean(), end: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300, size: 'max' }), (all) => {
        const log = new UndoLog();
        const kept: [SetValue, readonly Value[]][] = [];
        let [before, set] = [SetValue.empty(order), SetValue.empty(order)];
        let [modelBefore, model] = [new Set<number>(), new Set<number>()];
        const items = (): readonly number[] => [...model].toSorted((a, b) => a - b);
        for (const { item, isRemoval, end } of all) {
          set = isRemoval ? set.without(item, log) : set.with(item, log);
          if (isRemoval) model.delete(item);
          else model.add(item);
          if (end > 3) continue;
          if (end === 0) {
            log.undo();
            [set, model] = [before, modelBefore];
          } else log.clear();
          if (end === 1) {
            set.share();
            kept.push([set, items()]);
          }
          [before, modelBefore] = [set, new Set(model)];
          expect([set.length, [...set.items()]]).toEqual([model.size, items()]);
        }
        for (const [each, expected] of kept) expect([...each.items()]).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it('is what was put into it, in each of its versions', () => {
    const order = keyOrder(types, INT);
    const changes = fc.array(fc.tuple(place, fc.nat(150), fc.boolean()), { maxLength: 300, size: 'max' });
    fc.assert(
      fc.property(changes, (all) => {
        const versions: [SetValue, ReadonlySet<Value>][] = [[SetValue.empty(order), new Set()]];
        for (const [at, item, isRemoval] of all) {
          const [set, model] = versions[Math.max(0, versions.length - 1 - (at % 80))];
          const changed = new Set(model);
          if (isRemoval) changed.delete(item);
          else changed.add(item);
          versions.push([isRemoval ? set.without(item) : set.with(item), changed]);
        }
        for (const [set, model] of versions) {
          expect(set.has(7)).toBe(model.has(7));
          expect([...set.items()]).toEqual([...model].toSorted((a, b) => Number(a) - Number(b)));
          expect([set.length, set.size]).toEqual([model.size, COLLECTION_HEADER_BYTES + 24 * model.size]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
