import { describe, expect, test } from 'vitest';
import {
  BOOL,
  type FunctionCode,
  INT,
  OP,
  partsRead,
  showPath,
  STRING,
  type TypeId,
  TypeTable,
  UNIT,
  type Unit,
  unreadParts,
} from '../src/index.ts';
import { cart, item, types } from './cart.ts';

/** What a function does not read of its argument; functions before it are called by it. */
function unread(types: TypeTable, from: TypeId, ...codes: readonly number[][]): string[] {
  const functions: FunctionCode[] = codes.map((code) => ({ from, to: UNIT, code: Int32Array.from(code) }));
  const unit: Unit = { types, constants: [{ type: UNIT, value: null }], functions };
  const used = partsRead(unit, functions.length - 1);
  if (used === null) throw new Error('too large');
  return unreadParts(types, from, used, ['state']).map((leaf) => showPath(leaf.path));
}

describe('what a function reads', () => {
  test('identity carries all', () => {
    expect(unread(types, cart, [OP.RETURN])).toEqual([]);
  });

  test('a constant reads nothing', () => {
    expect(unread(types, cart, [OP.QUOTE, 0, OP.RETURN])).toEqual(['state']);
  });

  test('a component that is carried is read, the others are not', () => {
    expect(unread(types, cart, [OP.PROJECT, 0, OP.RETURN])).toEqual(['state.note', 'state.status']);
  });

  test('what is taken apart and thrown away is not read', () => {
    const code = [OP.PUSH, OP.PROJECT, 1, OP.SWAP, OP.PROJECT, 0, OP.CONS, OP.FST, OP.RETURN];
    expect(unread(types, cart, code)).toEqual(['state.items', 'state.status']);
  });

  test('what is computed with is read, and no more', () => {
    const pair = types.tuple([INT, INT, INT]);
    const add = [OP.PUSH, OP.PROJECT, 0, OP.SWAP, OP.PROJECT, 2, OP.CONS, OP.ADD, OP.RETURN];
    expect(unread(types, pair, add)).toEqual(['state.1']);
  });

  test('a choice reads what either arm reads, and the condition', () => {
    const triple = types.tuple([BOOL, INT, INT]);
    // (s, s.0) branches to s.1 or to a constant
    const code = [
      OP.PUSH,
      OP.PUSH,
      OP.PROJECT,
      0,
      OP.CONS,
      OP.BRANCH,
      12,
      14,
      OP.PROJECT,
      1,
      OP.JUMP,
      14,
      OP.QUOTE,
      0,
      OP.RETURN,
    ];
    expect(unread(types, triple, code)).toEqual(['state.2']);
  });

  test('a case reads the constructor; payloads as the arms do', () => {
    // (s, s.status): Open -> s.items, Paid(at) -> s.items
    const start = [OP.PUSH, OP.PUSH, OP.PROJECT, 2, OP.CONS, OP.SWITCH, 15, 1, 12];
    const code = [...start, OP.FST, OP.JUMP, 15, OP.FST, OP.JUMP, 15, OP.PROJECT, 0, OP.RETURN];
    code.splice(13, 2, OP.PUSH, OP.FST);
    expect(unread(types, cart, code)).toEqual(['state.note', 'state.status.Paid']);
  });

  test('the body of an iteration is read for every item', () => {
    // fold((), s.items) with (e, b, a) -> b, and: b is replaced by a.price
    const fold = (body: number[]): number[] => {
      // s -> ((), (), s.items)
      const code = [OP.PUSH, OP.QUOTE, 0, OP.SWAP, OP.PUSH, OP.QUOTE, 0, OP.SWAP, OP.PROJECT, 0, OP.TUPLE, 3];
      return [...code, OP.FOLD, code.length + 2 + body.length + 1, ...body, OP.NEXT, OP.RETURN];
    };
    expect(unread(types, cart, fold([OP.PROJECT, 2, OP.PROJECT, 1]))).toEqual([
      'state.items[].name',
      'state.note',
      'state.status',
    ]);
    expect(unread(types, cart, fold([OP.PROJECT, 1]))).toEqual([
      'state.items[]',
      'state.note',
      'state.status',
    ]);
    expect(unread(types, cart, fold([OP.PROJECT, 2]))).toEqual(['state.note', 'state.status']);
  });

  test('what an iteration carries goes round', () => {
    // (a, b, c) with a list: the carried pair is swapped in each turn, and its first is returned
    const carried = types.tuple([INT, INT]);
    const state = types.tuple([UNIT, carried, types.list(UNIT)]);
    const swap = [OP.PROJECT, 1, OP.PUSH, OP.SND, OP.SWAP, OP.FST, OP.CONS];
    expect(unread(types, state, [OP.FOLD, 10, ...swap, OP.NEXT, OP.FST, OP.RETURN])).toEqual([]);
    expect(unread(types, state, [OP.FOLD, 5, OP.PROJECT, 1, OP.NEXT, OP.FST, OP.RETURN])).toEqual([
      'state.1.1',
    ]);
  });

  test('the length of a list reads none of its items', () => {
    expect(unread(types, cart, [OP.PROJECT, 0, OP.LIST_LENGTH, OP.RETURN])).toEqual([
      'state.items[]',
      'state.note',
      'state.status',
    ]);
  });

  test('a closure reads what its body reads of where it was made', () => {
    const pair = types.tuple([INT, INT]);
    const closure = types.function(UNIT, INT);
    const body = [OP.FST, OP.FST, OP.RETURN];
    const code = [
      OP.CUR,
      closure,
      3 + body.length,
      ...body,
      OP.PUSH,
      OP.QUOTE,
      0,
      OP.CONS,
      OP.APP,
      OP.RETURN,
    ];
    expect(unread(types, pair, code)).toEqual(['state.1']);
  });

  test('functions that call each other twice cost no more than their number', () => {
    const triple = types.tuple([INT, INT, INT]);
    const first = [OP.PROJECT, 0, OP.RETURN];
    const twice = (callee: number): number[] => [
      OP.PUSH,
      OP.CALL,
      callee,
      OP.SWAP,
      OP.CALL,
      callee,
      OP.CONS,
      OP.ADD,
      OP.RETURN,
    ];
    const chain = Array.from({ length: 200 }, (_, i) => (i === 0 ? first : twice(i - 1)));
    expect(unread(types, triple, ...chain)).toEqual(['state.1', 'state.2']);
  });

  describe('of collections', () => {
    // Fields by name: open 0, sets 1, shops 2.
    const tag = types.intern({
      kind: 'sum',
      name: 'Tag',
      arguments: [],
      constructors: [{ name: 'Tag', labels: null, payload: types.pair(INT, STRING) }],
    });
    const shops = types.map(STRING, types.option(types.list(item)));
    const nested = types.record([
      { name: 'open', type: types.option(item) },
      { name: 'sets', type: types.set(tag) },
      { name: 'shops', type: shops },
    ]);

    /** MAP over the accumulator, with () beside it, and what is made of each item, which stands alone. */
    const mapping = (start: number, body: readonly number[]): number[] => {
      const before = [OP.PUSH, OP.QUOTE, 0, OP.SWAP, OP.CONS];
      const exit = start + before.length + 2 + 1 + body.length + 1;
      return [...before, OP.MAP, exit, OP.SND, ...body, OP.NEXT];
    };
    /** The accumulator is an option: it is mapped by this code. */
    const switching = (start: number, type: TypeId, some: readonly number[]): number[] => {
      const before = [OP.PUSH, OP.QUOTE, 0, OP.SWAP, OP.CONS];
      const arms = start + before.length + 4;
      const first = [OP.SND, OP.INJECT, type, 0];
      const second = arms + first.length + 2;
      const last = [OP.SND, ...some, OP.INJECT, type, 1];
      const join = second + last.length;
      return [...before, OP.SWITCH, join, 1, second, ...first, OP.JUMP, join, ...last];
    };

    /** Converts the items of all shops by this code: a map, of options, of lists. */
    const converted = (fields: readonly number[]): string[] => {
      const toList = [OP.PROJECT, 2, OP.MAP_ENTRIES];
      const pair = [OP.PUSH, OP.FST, OP.SWAP, OP.SND];
      // SND of the body, the head of the MAP, and the pair stand before the option.
      const option = toList.length + 5 + 2 + 1 + pair.length;
      const list = option + 5 + 4 + 4 + 2 + 1;
      const inner = [...pair, ...switching(option, 0, mapping(list, fields)), OP.CONS];
      return unread(types, nested, [
        ...toList,
        ...mapping(toList.length, inner),
        OP.MAP_FROM_LIST,
        shops,
        OP.RETURN,
      ]);
    };

    test('what a conversion of a list in an option in a map does not read is not read', () => {
      const rest = ['state.open', 'state.sets'];
      expect(converted([])).toEqual(rest);
      expect(converted([OP.PROJECT, 0])).toEqual([...rest, 'state.shops[].Some[].price']);
      expect(converted([OP.PROJECT, 1])).toEqual([...rest, 'state.shops[].Some[].name']);
      expect(converted([OP.QUOTE, 0])).toEqual([...rest, 'state.shops[].Some[]']);
    });

    const states = {
      list: types.list(types.pair(INT, STRING)),
      map: types.map(STRING, types.pair(INT, STRING)),
      set: types.set(tag),
    };
    const onMap = (...code: number[]): number[] => [OP.PUSH, OP.QUOTE, 1, OP.CONS, ...code];
    const firsts = mapping(0, [OP.FST]);
    test.each<[string, keyof typeof states, number[], string[]]>([
      ['MAP of one component', 'list', firsts, ['state[].1']],
      ['LIST_REVERSE carries all', 'list', [OP.LIST_REVERSE], []],
      ['LIST_TAKE carries all', 'list', onMap(OP.LIST_TAKE), []],
      ['LIST_FLATTEN', 'list', [...mapping(0, [OP.FST, OP.LIST, 0, 1]), OP.LIST_FLATTEN], ['state[].1']],
      ['LIST_UNCONS of what it gives', 'list', [...firsts, OP.LIST_UNCONS], ['state[].1']],
      ['LIST_GET', 'list', [...firsts, ...onMap(OP.LIST_GET)], ['state[].1']],
      ['LIST_PREPEND', 'list', [...firsts, ...onMap(OP.LIST_PREPEND)], ['state[].1']],
      ['LIST_SELECT reads the condition', 'list', [OP.LIST_SELECT], []],
      ['LIST_SORT reads the key', 'list', [OP.LIST_SORT, INT, OP.LIST_LENGTH], ['state[].1']],
      [
        'LIST_ZIP',
        'list',
        [OP.PUSH, ...mapping(1, [OP.FST]), OP.CONS, OP.LIST_ZIP, OP.LIST_LENGTH],
        ['state[]'],
      ],
      ['LIST_CONTAINS', 'list', [...firsts, ...onMap(OP.LIST_CONTAINS)], ['state[].1']],
      ['MAP_SIZE reads no entry', 'map', [OP.MAP_SIZE], ['state[key]', 'state[]']],
      ['MAP_KEYS', 'map', [OP.MAP_KEYS], ['state[]']],
      ['MAP_VALUES', 'map', [OP.MAP_VALUES], ['state[key]']],
      [
        'MAP_VALUES, of which a part',
        'map',
        [OP.MAP_VALUES, ...mapping(1, [OP.SND])],
        ['state[key]', 'state[].0'],
      ],
      ['MAP_ENTRIES', 'map', [OP.MAP_ENTRIES], []],
      ['MAP_GET compares the keys', 'map', onMap(OP.MAP_GET, OP.QUOTE, 0), ['state[]']],
      ['MAP_GET gives a value', 'map', onMap(OP.MAP_GET), []],
      ['MAP_HAS', 'map', onMap(OP.MAP_HAS), ['state[]']],
      ['MAP_REMOVE', 'map', onMap(OP.MAP_REMOVE), []],
      ['MAP_INSERT', 'map', [OP.PUSH, OP.QUOTE, 1, OP.PUSH, OP.QUOTE, 2, OP.TUPLE, 3, OP.MAP_INSERT], []],
      ['MAP_FROM_LIST compares the keys', 'list', [OP.MAP_FROM_LIST, 0, OP.MAP_SIZE], ['state[].1']],
      ['SET_SIZE', 'set', [OP.SET_SIZE], ['state[]']],
      ['SET_TO_LIST of what is not used', 'set', [OP.SET_TO_LIST, OP.LIST_LENGTH], ['state[]']],
      ['SET_TO_LIST', 'set', [OP.SET_TO_LIST], []],
      ['SET_FROM_LIST of a part', 'list', [...firsts, OP.SET_FROM_LIST, 0], ['state[].1']],
      ['SET_INSERT', 'set', onMap(OP.SET_INSERT), []],
      ['the message of a fault', 'map', [OP.MAP_KEYS, OP.PUSH, OP.STRING_JOIN, OP.QUOTE, 0], ['state[]']],
    ])('%s', (_, state, code, expected) => {
      expect(unread(types, states[state], [...code, OP.RETURN])).toEqual(expected);
    });

    test('an arm that only faults accounts for its payload, one that may go on does not', () => {
      const either = types.intern({
        kind: 'sum',
        name: 'Either',
        arguments: [],
        constructors: [
          { name: 'Left', labels: null, payload: types.pair(BOOL, STRING) },
          { name: 'Right', labels: null, payload: INT },
        ],
      });
      /** (e, s) of both arms, from the instruction at 9. */
      const choice = (left: number[], right: number[]): string[] => {
        const second = 9 + left.length + 2;
        const join = second + right.length;
        const start = [OP.PUSH, OP.QUOTE, 0, OP.SWAP, OP.CONS, OP.SWITCH, join, 1, second];
        return unread(types, either, [...start, ...left, OP.JUMP, join, ...right, OP.RETURN]);
      };
      const fail = [OP.QUOTE, 1, OP.FAIL, UNIT];
      expect(choice([OP.QUOTE, 0], [OP.SND])).toEqual(['state.Left']);
      expect(choice(fail, [OP.SND])).toEqual([]);
      expect(choice(fail, [OP.QUOTE, 0])).toEqual(['state.Right']);
      expect(choice([OP.SND], fail)).toEqual([]);
      expect(choice(fail, fail)).toEqual([]);
      const branch = [OP.SND, OP.PUSH, OP.FST, OP.CONS];
      const may = [...branch, OP.BRANCH, 22, 24, ...fail, OP.FST, OP.FST, OP.JUMP, 24, OP.QUOTE, 0];
      // A condition was read, and nothing else of it.
      expect(choice(may, [OP.SND])).toEqual(['state.Left.1']);
      const closure = [OP.CUR, types.function(UNIT, UNIT), 17, ...fail, OP.RETURN, OP.QUOTE, 0];
      expect(choice(closure, [OP.SND])).toEqual(['state.Left']);
      // After the join it is an arm no longer.
      expect(unread(types, types.pair(STRING, INT), [OP.FST, OP.FAIL, INT, OP.RETURN])).toEqual(['state']);
    });

    test('a message of a fault alone is lost', () => {
      expect(unread(types, types.pair(STRING, INT), [OP.FST, OP.FAIL, INT, OP.RETURN])).toEqual(['state']);
    });
  });

  test('values as deep as types can be need no stack', () => {
    const deep = [
      OP.PUSH,
      ...Array.from({ length: 1_900 }, () => [OP.PUSH, OP.CONS]).flat(),
      OP.SND,
      OP.RETURN,
    ];
    const own = new TypeTable();
    const codes = [
      [OP.CUR, own.function(UNIT, UNIT), 4, OP.RETURN, OP.RETURN],
      deep,
      [OP.CALL, 1, OP.CALL, 1, OP.RETURN],
    ];
    expect(unread(own, own.tuple([INT, INT]), ...codes.slice(1, 2))).toEqual([]);
    expect(unread(own, own.tuple([INT, INT]), ...codes)).toEqual([]);
  });

  test('code that is too much is refused, not analysed forever', () => {
    const wide = types.tuple([INT, INT]);
    const code = Array.from({ length: 900 }, () => OP.PUSH);
    for (let i = 0; i < 20_000; i++) {
      const at = code.length;
      code.push(OP.PUSH, OP.QUOTE, 0, OP.CONS, OP.BRANCH, at + 8, at + 9, OP.JUMP);
      code.push(at + 9);
    }
    const functions = [{ from: wide, to: UNIT, code: Int32Array.from([...code, OP.RETURN]) }];
    expect(partsRead({ types, constants: [], functions }, 0)).toBe(null);
  });
});
