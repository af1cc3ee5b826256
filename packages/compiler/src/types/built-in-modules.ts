import { optionOf, resultOf } from './sums.ts';
import {
  BOOL,
  BYTES,
  functionOf,
  INT,
  listOf,
  mapOf,
  packedOf,
  pairOf,
  setOf,
  STRING,
  TIME,
  tupleOf,
} from './type.ts';
import type { Type } from './typed.ts';

/** The table of the built-in functions: their types, and what their page and its tests say of them. */

/** A type with parameters, which stand for any types: they are replaced at each use. */
export interface Scheme {
  readonly parameters: number;
  readonly from: Type;
  readonly to: Type;
  /** Parameters that stand for types of keys, beside those that are keys of a map or set in it. */
  readonly keys?: readonly number[];
}

/** A built-in function, with what its page and the tests say of it. */
export interface BuiltIn extends Scheme {
  /** What it gives, in a sentence or two, as Markdown. */
  readonly meaning: string;
  /** By a call, in source: the value of it, in source; or `fault`. */
  readonly examples: Readonly<Record<string, string>>;
}

const a: Type = { kind: 'parameter', name: 'a', index: 0 };
const b: Type = { kind: 'parameter', name: 'b', index: 1 };
const c: Type = { kind: 'parameter', name: 'c', index: 2 };

/** From one argument or several. */
const of = (
  parameters: number,
  from: readonly Type[],
  to: Type,
  meaning: string,
  examples: BuiltIn['examples'],
): BuiltIn => ({ parameters, from: packedOf(from), to, meaning, examples });

const k: Type = { kind: 'parameter', name: 'k', index: 0 };
const v: Type = { kind: 'parameter', name: 'v', index: 1 };
const sortKey: Type = { kind: 'parameter', name: 'k', index: 1 };

const list = listOf(a);
const map = mapOf(k, v);
const set = setOf(k);

/** The built-in functions: by the name of their module, then by their own. */
export const BUILT_IN_MODULES: Readonly<Record<string, Readonly<Record<string, BuiltIn>>>> = {
  List: {
    isEmpty: of(1, [list], BOOL, 'Whether there is no item.', { 'List.isEmpty([])': 'true' }),
    length: of(1, [list], INT, 'How many items there are.', { 'List.length([7, 7])': '2' }),
    get: of(1, [list, INT], optionOf(a), 'The item at a position from 0; `None` where there is none.', {
      'List.get([5, 6], 1)': 'Some(6)',
      'List.get([5, 6], -1)': 'None',
    }),
    head: of(1, [list], optionOf(a), 'The first item; `None` of an empty list.', {
      'List.head([5, 6])': 'Some(5)',
    }),
    append: of(1, [list, a], list, 'The list with one more item at its end.', {
      'List.append([1, 2], 3)': '[1, 2, 3]',
    }),
    prepend: of(1, [list, a], list, 'The list with one more item at its start.', {
      'List.prepend([1, 2], 0)': '[0, 1, 2]',
    }),
    concat: of(1, [listOf(list)], list, 'Joins a list of lists; `++` joins two.', {
      'List.concat([[1], [], [2, 3]])': '[1, 2, 3]',
    }),
    reverse: of(1, [list], list, 'The items from the last to the first.', {
      'List.reverse([1, 2, 3])': '[3, 2, 1]',
    }),
    map: of(
      2,
      [list, functionOf(a, b)],
      listOf(b),
      'What the function gives of each item, in the same order.',
      { 'List.map([1, 2], x -> x * 10)': '[10, 20]' },
    ),
    filter: of(
      1,
      [list, functionOf(a, BOOL)],
      list,
      'The items for which the condition holds, in the same order.',
      { 'List.filter([1, 2, 3], x -> x != 2)': '[1, 3]' },
    ),
    fold: of(
      2,
      [list, b, functionOf(pairOf(b, a), b)],
      b,
      'From the first item on, what is had so far and the item give the next; the second argument is the start.',
      { 'List.fold([1, 2, 3], 100, (acc, x) -> acc - x)': '94' },
    ),
    any: of(
      1,
      [list, functionOf(a, BOOL)],
      BOOL,
      'Whether the condition holds for an item; those after it are not tried. `false` of an empty list.',
      { 'List.any([1, 0], x -> 6 / x > 2)': 'true', 'List.any([], x -> x > 0)': 'false' },
    ),
    all: of(
      1,
      [list, functionOf(a, BOOL)],
      BOOL,
      'Whether the condition holds for each item; those after one for which it does not are not tried. `true` of an empty list.',
      { 'List.all([6, 0], x -> 6 / x > 2)': 'false', 'List.all([], x -> x > 0)': 'true' },
    ),
    range: of(
      0,
      [INT, INT],
      listOf(INT),
      'The integers from the first argument on and below the second; none where it is not larger.',
      { 'List.range(0, 3)': '[0, 1, 2]', 'List.range(3, 0)': '[]' },
    ),
    sum: of(
      0,
      [listOf(INT)],
      INT,
      'The sum; 0 of an empty list. A fault where it leaves the range of Int on the way.',
      { 'List.sum([1, -2, 3])': '2', 'List.sum([9007199254740991, 1, -1])': 'fault' },
    ),
    contains: of(1, [list, a], BOOL, 'Whether an item is equal.', { 'List.contains([4, 5], 5)': 'true' }),
    indexOf: of(1, [list, a], optionOf(INT), 'The position of the first item that is equal.', {
      'List.indexOf([4, 5, 5], 5)': 'Some(1)',
      'List.indexOf([4], 6)': 'None',
    }),
    take: of(
      1,
      [list, INT],
      list,
      'The first so many items: none where the number is negative, all where there are fewer.',
      { 'List.take([1, 2, 3], 2)': '[1, 2]', 'List.take([1], 9)': '[1]', 'List.take([1], -1)': '[]' },
    ),
    drop: of(
      1,
      [list, INT],
      list,
      'The list without its first so many items: all where the number is negative, none where there are fewer.',
      { 'List.drop([1, 2, 3], 2)': '[3]', 'List.drop([1], 9)': '[]', 'List.drop([1], -1)': '[1]' },
    ),
    zip: of(
      2,
      [list, listOf(b)],
      listOf(pairOf(a, b)),
      'Pairs of the items at the same position; what the longer list has more is left out.',
      { 'List.zip([1, 2, 3], ["a", "b"])': '[(1, "a"), (2, "b")]' },
    ),
    sortBy: {
      ...of(
        2,
        [list, functionOf(a, sortKey)],
        list,
        'The items in ascending order of what the function gives of them, any type of key. It is stable: items of equal keys keep their order.',
        {
          'List.sortBy([(2, "a"), (1, "b"), (2, "c")], (n, _) -> n)': '[(1, "b"), (2, "a"), (2, "c")]',
          'List.sortBy([1, 3, 2], n -> -n)': '[3, 2, 1]',
        },
      ),
      keys: [1],
    },
  },
  Map: {
    size: of(2, [map], INT, 'How many entries there are.', { 'Map.size(Map { "a": 1 })': '1' }),
    get: of(2, [map, k], optionOf(v), 'The value of a key; `None` where it is not in the map.', {
      'Map.get(Map { "a": 1 }, "a")': 'Some(1)',
      'Map.get(Map { "a": 1 }, "b")': 'None',
    }),
    has: of(2, [map, k], BOOL, 'Whether the key is in the map.', { 'Map.has(Map { "a": 1 }, "b")': 'false' }),
    insert: of(2, [map, k, v], map, 'The map with this value of the key, in place of what it had.', {
      'Map.insert(Map { "a": 1 }, "a", 2)': 'Map { "a": 2 }',
    }),
    remove: of(2, [map, k], map, 'The map without the key; the same map where it is not in it.', {
      'Map.remove(Map { "a": 1 }, "a")': 'Map {}',
      'Map.remove(Map { "a": 1 }, "b")': 'Map { "a": 1 }',
    }),
    update: of(
      2,
      [map, k, functionOf(optionOf(v), optionOf(v))],
      map,
      'The function gets the value of the key, or `None`, and gives the new one, or `None` to remove it.',
      {
        'Map.update(Map { "a": 1 }, "a", old -> Some(Option.withDefault(old, 0) + 1))': 'Map { "a": 2 }',
        'Map.update(Map { "a": 1 }, "a", _ -> None)': 'Map {}',
      },
    ),
    keys: of(2, [map], listOf(k), 'The keys, in ascending order.', {
      'Map.keys(Map { 2: "b", 1: "a" })': '[1, 2]',
    }),
    values: of(2, [map], listOf(v), 'The values, in the ascending order of their keys.', {
      'Map.values(Map { 2: "b", 1: "a" })': '["a", "b"]',
    }),
    entries: of(
      2,
      [map],
      listOf(pairOf(k, v)),
      'Pairs of key and value, in the ascending order of the keys.',
      { 'Map.entries(Map { 2: "b", 1: "a" })': '[(1, "a"), (2, "b")]' },
    ),
    fold: of(
      3,
      [map, c, functionOf(tupleOf([c, k, v]), c)],
      c,
      'As of a list; the function gets what is had so far, the key and the value, in the ascending order of the keys.',
      { 'Map.fold(Map { "b": 2, "a": 1 }, "", (acc, k, v) -> acc ++ k ++ Int.toString(v))': '"a1b2"' },
    ),
    map: of(
      3,
      [map, functionOf(pairOf(k, v), c)],
      mapOf(k, c),
      'The same keys with new values; the function gets key and value.',
      { 'Map.map(Map { "a": 1 }, (k, v) -> (k, v + 1))': 'Map { "a": ("a", 2) }' },
    ),
    filter: of(
      2,
      [map, functionOf(pairOf(k, v), BOOL)],
      map,
      'The entries for which the condition holds; it gets key and value.',
      { 'Map.filter(Map { "a": 1, "b": 2 }, (k, v) -> k == "a" || v > 5)': 'Map { "a": 1 }' },
    ),
    fromList: of(2, [listOf(pairOf(k, v))], map, 'The map of these pairs; of equal keys the last wins.', {
      'Map.fromList([("a", 1), ("b", 2), ("a", 3)])': 'Map { "a": 3, "b": 2 }',
    }),
  },
  Set: {
    size: of(1, [set], INT, 'How many items there are.', { 'Set.size(Set { 1, 2, 1 })': '2' }),
    has: of(1, [set, k], BOOL, 'Whether the item is in the set.', { 'Set.has(Set { 1, 2 }, 3)': 'false' }),
    insert: of(1, [set, k], set, 'The set with the item.', {
      'Set.insert(Set { 1 }, 2)': 'Set { 1, 2 }',
      'Set.insert(Set { 1 }, 1)': 'Set { 1 }',
    }),
    remove: of(1, [set, k], set, 'The set without the item; the same set where it is not in it.', {
      'Set.remove(Set { 1, 2 }, 2)': 'Set { 1 }',
      'Set.remove(Set { 1 }, 2)': 'Set { 1 }',
    }),
    union: of(1, [set, set], set, 'What is in one of the two, or in both.', {
      'Set.union(Set { 1, 2 }, Set { 2, 3 })': 'Set { 1, 2, 3 }',
    }),
    intersect: of(1, [set, set], set, 'What is in both.', {
      'Set.intersect(Set { 1, 2 }, Set { 2, 3 })': 'Set { 2 }',
    }),
    diff: of(1, [set, set], set, 'What is in the first and not in the second.', {
      'Set.diff(Set { 1, 2 }, Set { 2, 3 })': 'Set { 1 }',
    }),
    toList: of(1, [set], listOf(k), 'The items, in ascending order.', {
      'Set.toList(Set { "b", "a" })': '["a", "b"]',
    }),
    fromList: of(1, [listOf(k)], set, 'The set of these items; equal ones are one.', {
      'Set.fromList([2, 1, 2])': 'Set { 1, 2 }',
    }),
  },
  String: {
    length: of(
      0,
      [STRING],
      INT,
      'How many Unicode scalar values there are: an emoji of one scalar value counts once.',
      { 'String.length("a\\u{1F600}")': '2' },
    ),
    isEmpty: of(0, [STRING], BOOL, 'Whether it is `""`.', {
      'String.isEmpty("")': 'true',
      'String.isEmpty(" ")': 'false',
    }),
    concat: of(0, [listOf(STRING)], STRING, 'Joins a list of strings; `++` joins two.', {
      'String.concat(["a", "", "b"])': '"ab"',
    }),
    split: of(
      0,
      [STRING, STRING],
      listOf(STRING),
      'What stands between the occurrences of the second string, empty parts too; of `""`, each scalar value is a part.',
      {
        'String.split("a,,b", ",")': '["a", "", "b"]',
        'String.split("ab", "")': '["a", "b"]',
        'String.split("", ",")': '[""]',
        'String.split("", "")': '[]',
      },
    ),
    join: of(
      0,
      [listOf(STRING), STRING],
      STRING,
      'Joins a list of strings, with the second argument between two.',
      { 'String.join(["a", "b", "c"], ", ")': '"a, b, c"', 'String.join([], ", ")': '""' },
    ),
    slice: of(
      0,
      [STRING, INT, INT],
      STRING,
      'The scalar values from a position on and before another; what is out of bounds is clamped.',
      {
        'String.slice("abcd", 1, 3)': '"bc"',
        'String.slice("abc", -5, 50)': '"abc"',
        'String.slice("abc", 2, 1)': '""',
      },
    ),
    contains: of(
      0,
      [STRING, STRING],
      BOOL,
      'Whether the second string occurs in the first; `""` occurs in each.',
      { 'String.contains("banana", "nan")': 'true', 'String.contains("", "")': 'true' },
    ),
    startsWith: of(0, [STRING, STRING], BOOL, 'Whether the first string starts with the second.', {
      'String.startsWith("banana", "ba")': 'true',
    }),
    endsWith: of(0, [STRING, STRING], BOOL, 'Whether the first string ends with the second.', {
      'String.endsWith("banana", "ba")': 'false',
    }),
    indexOf: of(
      0,
      [STRING, STRING],
      optionOf(INT),
      'The position of the first occurrence, counted in scalar values.',
      {
        'String.indexOf("\\u{1F600}anan", "an")': 'Some(1)',
        'String.indexOf("a", "b")': 'None',
        'String.indexOf("a", "")': 'Some(0)',
      },
    ),
    toUpper: of(
      0,
      [STRING],
      STRING,
      'In capital letters, by Unicode 16.0, of no language in particular; it can get longer.',
      { 'String.toUpper("aß")': '"ASS"' },
    ),
    toLower: of(0, [STRING], STRING, 'In small letters, by Unicode 16.0, of no language in particular.', {
      'String.toLower("ÄB")': '"äb"',
    }),
    trim: of(0, [STRING], STRING, 'Without the white space of Unicode 16.0 at both ends.', {
      'String.trim(" a b\\n")': '"a b"',
      'String.trim("\\u{A0}a")': '"a"',
    }),
    repeat: of(
      0,
      [STRING, INT],
      STRING,
      'So many times the string; `""` where the number is not positive. A fault where it would be over 16 MiB.',
      {
        'String.repeat("ab", 3)': '"ababab"',
        'String.repeat("ab", -1)': '""',
        'String.repeat("ab", 9000000000)': 'fault',
      },
    ),
    toBytes: of(0, [STRING], BYTES, 'The bytes of the string in UTF-8.', {
      'String.toBytes("aé")': '0x"61c3a9"',
    }),
  },
  Bytes: {
    length: of(0, [BYTES], INT, 'How many bytes there are.', { 'Bytes.length(0x"00ff")': '2' }),
    get: of(
      0,
      [BYTES, INT],
      optionOf(INT),
      'The byte at a position from 0, 0 to 255; `None` where there is none.',
      { 'Bytes.get(0x"00ff", 1)': 'Some(255)', 'Bytes.get(0x"00ff", 2)': 'None' },
    ),
    slice: of(
      0,
      [BYTES, INT, INT],
      BYTES,
      'The bytes from a position on and before another; what is out of bounds is clamped.',
      { 'Bytes.slice(0x"00112233", 1, 3)': '0x"1122"', 'Bytes.slice(0x"00", -5, 50)': '0x"00"' },
    ),
    concat: of(0, [listOf(BYTES)], BYTES, 'Joins a list of Bytes; `++` joins two.', {
      'Bytes.concat([0x"00", 0x"ff"])': '0x"00ff"',
    }),
    toString: of(
      0,
      [BYTES],
      optionOf(STRING),
      'The string whose UTF-8 this is; `None` where it is not UTF-8.',
      { 'Bytes.toString(0x"61")': 'Some("a")', 'Bytes.toString(0x"ff")': 'None' },
    ),
    fromHex: of(
      0,
      [STRING],
      optionOf(BYTES),
      'The bytes of pairs of hexadecimal digits, small or capital; `None` of any other text.',
      { 'Bytes.fromHex("00fF")': 'Some(0x"00ff")', 'Bytes.fromHex("0")': 'None' },
    ),
    toHex: of(0, [BYTES], STRING, 'Two small hexadecimal digits for each byte.', {
      'Bytes.toHex(0x"00FF")': '"00ff"',
    }),
  },
  Int: {
    toString: of(0, [INT], STRING, 'Decimal digits, with a `-` before a negative number.', {
      'Int.toString(-7)': '"-7"',
    }),
    parse: of(
      0,
      [STRING],
      optionOf(INT),
      'Reads `-?[0-9]+` in the range of Int; `None` of any other text: no `+`, no space, no `_`. Leading zeros are allowed.',
      {
        'Int.parse("-12")': 'Some(-12)',
        'Int.parse("007")': 'Some(7)',
        'Int.parse("+1")': 'None',
        'Int.parse(" 1")': 'None',
        'Int.parse("9007199254740992")': 'None',
      },
    ),
    min: of(0, [INT, INT], INT, 'The smaller one.', { 'Int.min(3, -2)': '-2' }),
    max: of(0, [INT, INT], INT, 'The larger one.', { 'Int.max(3, -2)': '3' }),
    abs: of(0, [INT], INT, 'The number without its sign.', { 'Int.abs(-3)': '3' }),
  },
  Option: {
    withDefault: of(1, [optionOf(a), a], a, 'What is in the `Some`; the second argument for `None`.', {
      'Option.withDefault(Some(1), 7)': '1',
      'Option.withDefault(None, 7)': '7',
    }),
    map: of(
      2,
      [optionOf(a), functionOf(a, b)],
      optionOf(b),
      'What the function gives of what is in the `Some`; `None` of `None`.',
      { 'Option.map(Some(1), n -> n + 1)': 'Some(2)', 'Option.map(None, n -> n + 1)': 'None' },
    ),
    isSome: of(1, [optionOf(a)], BOOL, 'Whether it is a `Some`.', { 'Option.isSome(Some(1))': 'true' }),
  },
  Result: {
    withDefault: of(2, [resultOf(a, b), a], a, 'What is in the `Ok`; the second argument for an `Err`.', {
      'Result.withDefault(Ok(1), 7)': '1',
      'Result.withDefault(Err("no"), 7)': '7',
    }),
    map: of(
      3,
      [resultOf(a, b), functionOf(a, c)],
      resultOf(c, b),
      'What the function gives of what is in the `Ok`; an `Err` stays as it is.',
      { 'Result.map(Ok(1), n -> n + 1)': 'Ok(2)', 'Result.map(Err("no"), n -> n + 1)': 'Err("no")' },
    ),
    isOk: of(2, [resultOf(a, b)], BOOL, 'Whether it is an `Ok`.', { 'Result.isOk(Err("no"))': 'false' }),
  },
  Time: {
    toMillis: of(0, [TIME], INT, 'Milliseconds since 1970-01-01T00:00:00Z, negative before it.', {
      'Time.toMillis(@1970-01-01T00:00:01Z)': '1000',
    }),
    fromMillis: of(
      0,
      [INT],
      TIME,
      'The time so many milliseconds after 1970-01-01T00:00:00Z. A fault, `time out of range`, beyond 8640000000000000 both ways.',
      { 'Time.fromMillis(6000)': '@6000', 'Time.fromMillis(8640000000000001)': 'fault' },
    ),
    addMillis: of(
      0,
      [TIME, INT],
      TIME,
      'The time so many milliseconds later, or earlier where the number is negative. A fault where it is out of range.',
      { 'Time.addMillis(@6000, -5)': '@5995', 'Time.addMillis(@8640000000000000, 1)': 'fault' },
    ),
    diffMillis: of(
      0,
      [TIME, TIME],
      INT,
      'The first time minus the second, in milliseconds: positive where the first is later.',
      { 'Time.diffMillis(@6000, @1000)': '5000', 'Time.diffMillis(@1000, @6000)': '-5000' },
    ),
  },
};
