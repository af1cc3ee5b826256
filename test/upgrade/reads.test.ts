import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BOOL,
  type Constant,
  equal,
  INT,
  keyOrder,
  List,
  MapValue,
  OP,
  type Part,
  partsRead,
  Sum,
  type TypeId,
  TypeTable,
  UNIT,
  type Unit,
  unreadParts,
  type Value,
} from '@smc/protocol';
import { loadUnit } from '@smc/vm';

/**
 * What a function is said not to read makes no difference to it: random functions run on two
 * states that differ in nothing else, and give the same. The judge of upgrades relies on it.
 */

const types = new TypeTable();
const pair = types.pair(INT, INT);
const option = types.intern({
  kind: 'sum',
  name: 'Option',
  arguments: [INT],
  constructors: [
    { name: 'None', labels: [], payload: UNIT },
    { name: 'Some', labels: null, payload: INT },
  ],
});
const list = types.list(pair);
const map = types.map(INT, INT);
const byInt = keyOrder(types, INT);
const state = types.tuple([INT, types.pair(BOOL, INT), option, list, map]);
const constants: Constant[] = [
  { type: INT, value: 7 },
  { type: BOOL, value: true },
];

/** Writes code that takes the accumulator from one type to another; made of choices, so that it shrinks. */
class Writer {
  readonly code: number[] = [];
  readonly #choices: readonly number[];
  #next = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  #choose(count: number): number {
    return (this.#choices[this.#next++] ?? 0) % count;
  }

  /** All ways from `from` to parts of it, as code, with their types. */
  #paths(from: TypeId, prefix: readonly number[] = []): { type: TypeId; code: readonly number[] }[] {
    const node = types.node(from);
    const here = { type: from, code: prefix };
    if (node.kind !== 'tuple') return [here];
    const step = (i: number): number[] =>
      node.items.length > 2 ? [OP.PROJECT, i] : [i === 0 ? OP.FST : OP.SND];
    return [here, ...node.items.flatMap((item, i) => this.#paths(item, [...prefix, ...step(i)]))];
  }

  #carry(from: TypeId, to: TypeId): void {
    const paths = this.#paths(from).filter((path) => path.type === to);
    if (paths.length > 0) this.code.push(...paths[this.#choose(paths.length)].code);
    else this.#make(from, to, 0);
  }

  write(from: TypeId, to: TypeId, depth: number): void {
    const choice = depth === 0 ? 0 : this.#choose(7);
    if (choice === 6 && to === list) return this.#collection(from, depth - 1);
    if (choice === 1) return this.#branch(from, to, depth - 1);
    if (choice === 2 && this.#paths(from).some(({ type }) => type === option))
      return this.#case(from, to, depth - 1);
    if (choice === 3 && this.#paths(from).some(({ type }) => type === list))
      return this.#fold(from, to, depth - 1);
    if (choice === 4 || choice === 5) return this.#make(from, to, depth - 1);
    return this.#carry(from, to);
  }

  /** Keeps the accumulator below, writes a value of type `to`, and pairs both. */
  #beside(from: TypeId, to: TypeId, depth: number): void {
    this.code.push(OP.PUSH);
    this.write(from, to, depth);
    this.code.push(OP.CONS);
  }

  #make(from: TypeId, to: TypeId, depth: number): void {
    const node = types.node(to);
    if (node.kind === 'tuple') return this.#tuple(from, node.items, depth);
    if (to === option && depth > 0 && this.#choose(2) === 0) {
      this.write(from, INT, depth - 1);
      this.code.push(OP.INJECT, option, 1);
    } else if (to === option && depth > 0) {
      this.#tuple(from, [map, INT], depth - 1);
      this.code.push(OP.MAP_GET);
    } else if (to === option) {
      this.code.push(OP.QUOTE, 2);
    } else if (to === map && depth > 0) {
      this.write(from, list, depth - 1);
      this.code.push(OP.MAP_FROM_LIST, map);
    } else if (to === map) {
      this.code.push(OP.QUOTE, 4);
    } else if (to === list && depth > 0) {
      this.#tuple(from, [list, pair], depth - 1);
      this.code.push(OP.LIST_APPEND);
    } else if (to === list) {
      this.code.push(OP.QUOTE, 3);
    } else if (to === INT && depth > 0 && this.#choose(3) === 0) {
      this.write(from, list, depth - 1);
      this.code.push(OP.LIST_LENGTH);
    } else if (to === INT && depth > 0) {
      this.#tuple(from, [INT, INT], depth - 1);
      this.code.push(OP.SUB);
    } else {
      this.code.push(OP.QUOTE, to === INT ? 0 : 1);
    }
  }

  #tuple(from: TypeId, items: readonly TypeId[], depth: number): void {
    items.forEach((item, i) => {
      const isLast = i === items.length - 1;
      if (!isLast) this.code.push(OP.PUSH);
      this.write(from, item, depth);
      if (!isLast) this.code.push(OP.SWAP);
    });
    this.code.push(...(items.length === 2 ? [OP.CONS] : [OP.TUPLE, items.length]));
  }

  #branch(from: TypeId, to: TypeId, depth: number): void {
    this.#beside(from, BOOL, depth);
    const start = this.code.push(OP.BRANCH, 0, 0) - 3;
    this.write(from, to, depth);
    this.code.push(OP.JUMP, 0);
    this.code[start + 1] = this.code.length;
    this.write(from, to, depth);
    this.code[start + 2] = this.code[this.code[start + 1] - 1] = this.code.length;
  }

  #case(from: TypeId, to: TypeId, depth: number): void {
    this.#beside(from, option, 0);
    const start = this.code.push(OP.SWITCH, 0, 1, 0) - 4;
    this.write(types.pair(from, UNIT), to, depth);
    this.code.push(OP.JUMP, 0);
    this.code[start + 3] = this.code.length;
    this.write(types.pair(from, INT), to, depth);
    this.code[start + 1] = this.code[this.code[start + 3] - 1] = this.code.length;
  }

  /** A list by the instructions on collections. */
  #collection(from: TypeId, depth: number): void {
    const choice = this.#choose(5);
    if (choice === 0) {
      this.write(from, map, depth);
      this.code.push(OP.MAP_ENTRIES);
    } else if (choice === 1) {
      // Two lists of integers side by side.
      this.write(from, map, depth);
      this.code.push(OP.PUSH, OP.MAP_VALUES, OP.SWAP, OP.MAP_KEYS, OP.CONS, OP.LIST_ZIP);
    } else if (choice === 2) {
      this.#map(from, pair, depth);
    } else if (choice === 3) {
      this.#map(from, types.pair(BOOL, pair), depth);
      this.code.push(OP.LIST_SELECT);
    } else {
      this.#map(from, types.pair(INT, pair), depth);
      this.code.push(OP.LIST_SORT, INT);
    }
  }

  #map(from: TypeId, to: TypeId, depth: number): void {
    this.#beside(from, list, 0);
    const start = this.code.push(OP.MAP, 0) - 2;
    this.write(types.pair(from, pair), to, depth);
    this.code.push(OP.NEXT);
    this.code[start + 1] = this.code.length;
  }

  #fold(from: TypeId, to: TypeId, depth: number): void {
    this.code.push(OP.PUSH, OP.PUSH);
    this.write(from, to, depth);
    this.code.push(OP.SWAP);
    this.#carry(from, list);
    this.code.push(OP.TUPLE, 3);
    const start = this.code.push(OP.FOLD, 0) - 2;
    this.write(types.tuple([from, to, pair]), to, depth);
    this.code.push(OP.NEXT);
    this.code[start + 1] = this.code.length;
  }
}

const unitOf = (to: TypeId, choices: readonly number[]): Unit => {
  const writer = new Writer(choices);
  writer.write(state, to, 4);
  const code = Int32Array.of(...writer.code, OP.RETURN);
  const own = [
    ...constants,
    { type: option, value: new Sum(0, null) },
    { type: list, value: List.of([]) },
    { type: map, value: MapValue.of([[7, 1]], byInt) },
  ];
  return { types, constants: own, functions: [{ from: state, to, code }] };
};

/** `a`, but with what was not used of it taken from `b`, as far as the shapes of both allow. */
function mixed(type: TypeId, used: Part | undefined, a: Value, b: Value): Value {
  if (used?.whole) return a;
  if (used === undefined || unreadParts(types, type, used, []).some(({ path }) => path.length === 0))
    return b;
  const node = types.node(type);
  if (node.kind === 'tuple') {
    const [left, right] = [a as readonly Value[], b as readonly Value[]];
    return node.items.map((item, i) => mixed(item, used.parts.get(i), left[i], right[i]));
  }
  if (node.kind === 'sum') {
    const [left, right] = [a as Sum, b as Sum];
    if (left.tag !== right.tag) return a;
    return new Sum(
      left.tag,
      mixed(node.constructors[left.tag].payload, used.parts.get(left.tag), left.value, right.value),
    );
  }
  if (node.kind === 'list') {
    const [left, right] = [(a as List).items, (b as List).items];
    return List.of(
      left.map((item, i) => (i < right.length ? mixed(node.item, used.parts.get(0), item, right[i]) : item)),
    );
  }
  if (node.kind === 'map') {
    // The keys decide on the order of the values: they stay, as does the length of a list.
    const right = [...(b as MapValue).values()];
    const entries = [...(a as MapValue).entries()].map(([key, value], i): [Value, Value] => [
      key,
      i < right.length ? mixed(node.value, used.parts.get(1), value, right[i]) : value,
    ]);
    return MapValue.of(entries, byInt);
  }
  return a;
}

const ints = fc.integer({ min: -9, max: 9 });
const pairs = fc.tuple(ints, ints);
const states: fc.Arbitrary<Value> = fc.tuple(
  ints,
  fc.tuple(fc.boolean(), ints),
  fc.oneof(
    fc.constant(new Sum(0, null)),
    ints.map((n) => new Sum(1, n)),
  ),
  fc.array(pairs, { maxLength: 4 }).map((items) => List.of(items)),
  fc.array(pairs, { maxLength: 4 }).map((entries) => MapValue.of(entries, byInt)),
);

test('what a function does not read makes no difference to it', () => {
  let different = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(INT, pair, option, list, map, state),
      fc.array(fc.nat(1_000), { maxLength: 40 }),
      fc.array(fc.tuple(states, states), { minLength: 3, maxLength: 3 }),
      (to, choices, samples) => {
        const unit = unitOf(to, choices);
        const loaded = loadUnit(unit);
        if (!loaded.ok) throw new Error(`${loaded.invalid.message} in ${unit.functions[0].code.join(' ')}`);
        const used = partsRead(unit, 0);
        if (used === null) throw new Error('too large');
        for (const [a, b] of samples) {
          const mix = mixed(state, used, a, b);
          if (!equal(mix, a)) different++;
          const [left, right] = [a, mix].map((argument) => loaded.functions.run(0, argument, 1_000_000));
          if (!left.ok || !right.ok) throw new Error('a run failed');
          expect(equal(left.value, right.value)).toBe(true);
        }
      },
    ),
    { numRuns: 4_000 },
  );
  expect(different).toBeGreaterThan(2_000);
});
