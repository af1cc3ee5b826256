import {
  BOOL,
  BYTES,
  INT,
  INT_MAX,
  INT_MIN,
  isKey,
  keyOrder,
  List,
  MapValue,
  partsOf,
  SetValue,
  sizeOf,
  STRING,
  Sum,
  TIME,
  TIME_MAX,
  UNIT,
  VALUE_LIMITS,
  type TypeId,
  type TypeTable,
  type Value,
} from '@smc/protocol';
import type { Choices } from './choices.ts';

/** Random types of data and values of them, with the limits of each among them. */

const INTEGERS = [0, 1, 2, -1, 3, 7, 10, -7, 100, 94_906_265, -94_906_266, INT_MAX, INT_MIN, INT_MAX - 1];
const STRINGS: readonly string[] = [
  '12',
  '-7',
  '00ff',
  ' a b ',
  'Straße ΑΣ',
  '',
  'a',
  'b',
  'ab',
  'why',
  'é',
  '\u{1F415}',
  '\uffee',
  'a\n"',
  'long '.repeat(60),
];
const LONG_STRINGS: readonly string[] = ['', 'a', 'x'.repeat(VALUE_LIMITS.stringLengthMax)];
const TIMES = [0, 1, -1, 1000, TIME_MAX, -TIME_MAX];

/** Whether a type has values: whether all keys of maps and sets in it have an order. */
export function hasValues(types: TypeTable, type: TypeId): boolean {
  const node = types.node(type);
  if (node.kind === 'map' && !isKey(types, node.key)) return false;
  if (node.kind === 'set' && !isKey(types, node.item)) return false;
  return partsOf(node).every((part) => hasValues(types, part));
}

/** A random state of a type of data, at times with strings so long that four are too large a value together. */
export function randomState(choices: Choices, types: TypeTable, type: TypeId): Value {
  const state = choices.oneIn(8)
    ? randomValue(choices, types, type, LONG_STRINGS)
    : randomValue(choices, types, type);
  return sizeOf(state) <= VALUE_LIMITS.valueBytesMax ? state : randomValue(choices, types, type);
}

/** A random value of a type of data. */
export function randomValue(choices: Choices, types: TypeTable, type: TypeId, strings = STRINGS): Value {
  const node = types.node(type);
  const of = (part: TypeId): Value => randomValue(choices, types, part, strings);
  switch (node.kind) {
    case 'unit':
      return null;
    case 'int':
      return choices.oneIn(4) ? choices.below(1000) - 500 : choices.of(INTEGERS);
    case 'bool':
      return choices.below(2) === 1;
    case 'string':
      return choices.of(strings);
    case 'bytes':
      return Uint8Array.from({ length: choices.below(4) }, () => choices.below(256));
    case 'time':
      return choices.of(TIMES);
    case 'tuple':
    case 'record':
      return types.components(type)!.map(of);
    case 'list':
      return List.of(Array.from({ length: choices.below(5) }, () => of(node.item)));
    case 'sum': {
      const tag = choices.below(node.constructors.length);
      return new Sum(tag, of(node.constructors[tag].payload));
    }
    case 'set':
      return SetValue.of(
        Array.from({ length: choices.below(5) }, () => of(node.item)),
        keyOrder(types, node.item),
      );
    case 'map':
      return MapValue.of(
        Array.from({ length: choices.below(5) }, () => [of(node.key), of(node.value)] as const),
        keyOrder(types, node.key),
      );
    default:
      throw new Error(`no values of a ${node.kind} are made`);
  }
}

const BASES: readonly TypeId[] = [INT, BOOL, STRING, UNIT, TIME, BYTES];

/** Base types and some composed of them, so few that equal ones meet. */
export function randomTypes(choices: Choices, types: TypeTable): TypeId[] {
  const record = types.record([
    { name: 'count', type: INT },
    { name: 'log', type: types.list(STRING) },
  ]);
  const palette = [...BASES, types.pair(INT, INT), types.list(INT), types.list(STRING), record];
  palette.push(types.option(INT), ...collections(choices, types));
  const count = 2 + choices.below(5);
  for (let i = 0; i < count; i++) palette.push(randomType(choices, types, palette, i));
  return [...new Set(palette)];
}

/** Some of those that built-in functions are about: few, so that most programs have other things too. */
function collections(choices: Choices, types: TypeTable): TypeId[] {
  const all = [
    types.option(INT),
    types.option(STRING),
    types.option(BYTES),
    types.option(types.pair(INT, types.list(INT))),
    types.map(STRING, INT),
    types.map(INT, STRING),
    types.set(INT),
    types.set(types.pair(INT, STRING)),
    types.list(BYTES),
    types.list(types.list(INT)),
    types.list(types.pair(STRING, INT)),
    types.list(types.pair(BOOL, INT)),
  ];
  const first = choices.below(all.length);
  return Array.from({ length: 4 }, (_, i) => all[(first + 5 * i) % all.length]);
}

function randomType(choices: Choices, types: TypeTable, palette: readonly TypeId[], number: number): TypeId {
  const part = (): TypeId => choices.of(palette);
  switch (choices.below(8)) {
    case 0:
      return types.pair(part(), part());
    case 1:
      return types.tuple(Array.from({ length: 3 + choices.below(3) }, part));
    case 2: {
      const names = ['a', 'b', 'count', 'd'].slice(0, 1 + choices.below(4));
      return types.record(names.map((name) => ({ name, type: part() })));
    }
    case 3:
      return types.list(part());
    case 4:
      return types.option(part());
    case 5: {
      const key = part();
      return isKey(types, key) ? types.map(key, part()) : types.set(INT);
    }
    default: {
      const constructors = Array.from({ length: 1 + choices.below(4) }, (_, i) => {
        const name = `C${i}`;
        const form = choices.below(3);
        if (form === 0) return { name, labels: [], payload: UNIT };
        if (form === 1) return { name, labels: null, payload: part() };
        const payload = types.record([
          { name: 'n', type: part() },
          { name: 'of', type: part() },
        ]);
        return { name, labels: ['of', 'n'], payload };
      });
      return types.intern({ kind: 'sum', name: `Sum${number}`, arguments: [], constructors });
    }
  }
}
