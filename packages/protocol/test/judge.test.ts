import { describe, expect, test } from 'vitest';
import {
  BOOL,
  EMIT,
  type FunctionCode,
  fingerprints,
  type Image,
  INT,
  judge,
  judgeStale,
  List,
  OP,
  showPath,
  STRING,
  type TypeId,
  TypeTable,
  UNIT,
  type Upgrade,
} from '../src/index.ts';
import { settle } from '../src/upgrade/clauses.ts';
import { cart, item, status, types } from './cart.ts';
import { counter, counterUpgrade, counterWithDirection } from './samples.ts';

const upgradeOf = (changes: Partial<Upgrade>): Upgrade => ({ ...counterUpgrade(), ...changes });

/** The same in all that the judge compares, and another image. */
const changed = (image: Image): Image => ({ ...image, emit: image.emit + 1 });

describe('the judge', () => {
  test('lets a right upgrade pass, and says what is not there on the way back', () => {
    expect(judge(counter(), counterWithDirection(), counterUpgrade())).toEqual({
      ok: true,
      dropped: [],
      lostOnWayBack: [['state', 'down']],
    });
  });

  test.each<[string, () => [Image, Image, Upgrade], string, string[]]>([
    [
      'another machine',
      () => [counter(), { ...counterWithDirection(), name: 'Clock' }, counterUpgrade()],
      'Counter is running, and the upgrade leads to Clock: a machine keeps its name',
      [],
    ],
    [
      'another kind of key',
      () => [counter(), { ...counterWithDirection(), key: 'string' }, counterUpgrade()],
      'the key of Counter is none in what runs, and a String in the new version',
      [],
    ],
    [
      'a migration to another type',
      () => [counter(), counterWithDirection(), upgradeOf({ migration: 1 })],
      'the migration of Counter takes { count: Int, down: Bool }, the running state is { count: Int }',
      ['state'],
    ],
    [
      'a way back of another type',
      () => [counter(), counterWithDirection(), upgradeOf({ back: 0 })],
      'the way back of Counter takes { count: Int }, the new state is { count: Int, down: Bool }',
      ['state'],
    ],
    [
      'an operation that is left out',
      () => [
        counter(),
        counterWithDirection(),
        upgradeOf({ operations: [{ kind: 'identity', name: 'Incr' }] }),
      ],
      'the operation Read of the running Counter has no way to the new version: nothing says what its clients get',
      ['Read'],
    ],
    [
      'an operation that the running machine does not have',
      () => [
        counter(),
        counterWithDirection(),
        upgradeOf({ operations: [{ kind: 'dropped', name: 'Dance' }] }),
      ],
      'the running Counter has no operation Dance',
      ['Dance'],
    ],
    [
      'an identity for an operation that differs',
      () => [counter(), withOtherRead(), counterUpgrade()],
      'the operation Read is not the same on both sides: running Read -> Int, new Read(twice: Bool) -> Int',
      ['Read'],
    ],
    [
      'an adapter that does not fit',
      () => [
        counter(),
        withOtherRead(),
        upgradeOf({
          operations: [
            { kind: 'identity', name: 'Incr' },
            { kind: 'adapter', name: 'Read', to: 'Read', request: 0, reply: 1 },
          ],
        }),
      ],
      'the adapter of Read does not lead from running Read -> Int to new Read(twice: Bool) -> Int: it takes { count: Int } -> { count: Int, down: Bool }, and back { count: Int, down: Bool } -> { count: Int }',
      ['Read'],
    ],
    [
      'an adapter to an operation that is not there',
      () => [
        counter(),
        withOtherRead(),
        upgradeOf({ operations: [{ kind: 'adapter', name: 'Read', to: 'Look', request: 0, reply: 1 }] }),
      ],
      'the new Counter has no operation Look',
      ['Read'],
    ],
    [
      'a word about equal interfaces',
      () => [
        counter(),
        counterWithDirection(),
        upgradeOf({ operations: [{ kind: 'dropped', name: 'Incr' }] }),
      ],
      'Incr is no longer itself, though both interfaces are equal: clients could not be told apart',
      ['Incr'],
    ],
  ])('refuses %s', (_, sides, message, path) => {
    expect(judge(...sides())).toEqual({ ok: false, code: 'ill-typed', message, path });
  });

  test('an adapter that fits passes', () => {
    const upgrade = counterUpgrade();
    const functions: FunctionCode[] = [
      ...upgrade.unit.functions,
      { from: UNIT, to: BOOL, code: Int32Array.of(OP.QUOTE, 0, OP.RETURN) },
      { from: INT, to: INT, code: Int32Array.of(OP.RETURN) },
    ];
    const operations = [
      { kind: 'identity', name: 'Incr' },
      { kind: 'adapter', name: 'Read', to: 'Read', request: 2, reply: 3 },
    ] as const;
    const adapted = { ...upgrade, unit: { ...upgrade.unit, functions }, operations, backOperations: [] };
    expect(judge(counter(), withOtherRead(), adapted)).toMatchObject({ ok: true });
  });

  test('what is lost without a word is refused, with a word it passes', () => {
    // The way from the counter with a direction to the one without it.
    const { unit } = counterUpgrade();
    const upgrade = upgradeOf({ unit, migration: 1, back: 0 });
    expect(judge(counterWithDirection(), counter(), upgrade)).toEqual({
      ok: false,
      code: 'lossy',
      message:
        'state.down, Bool in the running Counter, would be lost: the migration does not read it, and no clause drops it',
      path: ['state', 'down'],
      lost: [['state', 'down']],
    });
    const dropped = { ...upgrade, clauses: [{ kind: 'drop', type: null, path: ['state', 'down'] }] as const };
    expect(judge(counterWithDirection(), counter(), dropped)).toMatchObject({
      ok: true,
      dropped: [['state', 'down']],
    });
    const other = { ...upgrade, clauses: [{ kind: 'drop', type: null, path: ['state', 'count'] }] as const };
    expect(judge(counterWithDirection(), counter(), other)).toMatchObject({ ok: false, code: 'lossy' });
  });

  test('a clause may name a part, or a declared sum wherever it occurs', () => {
    const old: Image = {
      ...counter(),
      unit: { types, constants: [], functions: [] },
      state: cart,
      operations: [],
    };
    const functions = [{ from: cart, to: cart, code: Int32Array.of(OP.QUOTE, 0, OP.RETURN) }];
    const constants = [{ type: cart, value: [List.of([]), '', null] }];
    const judged = (...paths: string[][]) =>
      judge(old, changed(old), {
        ...upgradeOf({ back: null, operations: [], backOperations: [] }),
        unit: { types, constants, functions },
        clauses: paths.map((path) => ({ kind: 'drop', type: null, path })),
      });
    // The whole state is its fields: no clause speaks of it.
    expect(judged(['state'])).toMatchObject({ ok: false, code: 'ill-typed' });
    for (const nothing of [['state', 'gone'], ['Gone'], ['state', 'items', 'gone']])
      expect(judged(['state', 'items'], ['state', 'note'], ['state', 'status'], nothing)).toMatchObject({
        ok: false,
        code: 'ill-typed',
        message: expect.stringMatching(/names nothing/) as string,
        path: nothing,
      });
    // What a clause for the whole gives up already, none gives up again.
    const all = [
      ['state', 'items'],
      ['state', 'note'],
      ['state', 'status'],
    ];
    expect(judged(...all, ['state', 'items', 'name'])).toMatchObject({ ok: false });
    expect(judged(['state', 'items'], ['state', 'note'], ['Status', 'Paid'])).toMatchObject({
      ok: false,
      path: ['state', 'status'],
    });
    expect(judged(['state', 'items'], ['state', 'note'], ['state', 'status'])).toMatchObject({ ok: true });
    // What leads past the end of a type speaks of nothing.
    expect(judged(['state', 'items'], ['state', 'note', 'length'], ['state', 'status'])).toMatchObject({
      ok: false,
      path: ['state', 'note'],
    });
    // Of a state of which nothing is read each field is told.
    expect(judged([])).toMatchObject({
      ok: false,
      path: ['state', 'items'],
      lost: ['items', 'note', 'status'].map((field) => ['state', field]),
    });
    expect(judged(['state', 'items', 'name'], ['state', 'note'], ['state', 'status'])).toMatchObject({
      ok: false,
      path: ['state', 'items', '[]', 'price'],
    });
  });

  describe('what an old request says', () => {
    const parameter = (name: string, type: TypeId) => ({ name, type, default: null });
    /** An upgrade that feeds `Add` of these parameters through an adapter to `Add()`, or to `Put(what)`. */
    const adapted = (
      parameters: { name: string; type: TypeId }[],
      code: number[],
      paths: string[][] = [],
    ) => {
      const input =
        parameters.length === 1 ? parameters[0].type : types.tuple(parameters.map(({ type }) => type));
      const old: Image = {
        ...counter(),
        unit: { types, constants: [], functions: [] },
        state: UNIT,
        operations: [
          { name: 'Add', parameters: parameters.map((p) => parameter(p.name, p.type)), reply: UNIT, body: 0 },
        ],
      };
      const next: Image = {
        ...old,
        operations: [{ name: 'Put', parameters: [parameter('what', STRING)], reply: UNIT, body: 0 }],
      };
      const functions = [
        { from: UNIT, to: UNIT, code: Int32Array.of(OP.RETURN) },
        { from: input, to: STRING, code: Int32Array.of(...code, OP.RETURN) },
      ];
      const operations = [{ kind: 'adapter', name: 'Add', to: 'Put', request: 1, reply: 0 }] as const;
      return judge(old, next, {
        ...upgradeOf({ back: null, operations, backOperations: [], migration: 0 }),
        unit: { types, constants: [], functions },
        clauses: paths.map((path) => ({ kind: 'drop', type: null, path })),
      });
    };
    const two = [
      { name: 'note', type: STRING },
      { name: 'item', type: item },
    ];

    test('is lost where no adapter reads it', () => {
      expect(adapted(two, [OP.FST])).toEqual({
        ok: false,
        code: 'lossy',
        message:
          'Add.item, { name: String, price: Int } in the running Counter, would be lost: ' +
          'the adapter of Add does not read it, and no clause drops it',
        path: ['Add', 'item'],
        lost: [['Add', 'item']],
      });
      expect(adapted(two, [OP.SND, OP.PROJECT, 0])).toMatchObject({
        ok: false,
        message: expect.stringContaining('Add.note, String in the running Counter, would be lost: '),
        path: ['Add', 'note'],
      });
      const text = { name: 'text', type: STRING };
      expect(adapted([text], [OP.PUSH, OP.STRING_LENGTH, OP.INT_TO_STRING])).toMatchObject({ ok: true });
      expect(adapted([text], [OP.QUOTE, 0])).toMatchObject({ ok: false, path: ['Add', 'text'] });
      expect(adapted([{ name: 'text', type: UNIT }], [OP.QUOTE, 0])).toMatchObject({ ok: true });
    });

    test('or a clause drops it', () => {
      expect(adapted(two, [OP.FST], [['Add', 'item']])).toMatchObject({
        ok: true,
        dropped: [['Add', 'item']],
      });
      expect(adapted(two, [OP.FST], [['Add']])).toMatchObject({ ok: true });
      expect(adapted(two, [OP.FST], [['Add', 'note']])).toMatchObject({ ok: false, path: ['Add', 'item'] });
      expect(adapted(two, [OP.FST], [['Add', 'item', 'name']])).toMatchObject({
        ok: false,
        path: ['Add', 'item', 'price'],
      });
      expect(
        adapted(
          two,
          [OP.FST],
          [
            ['Add', 'item', 'name'],
            ['Add', 'item', 'price'],
          ],
        ),
      ).toMatchObject({ ok: true });
      expect(adapted(two, [OP.FST], [['state', 'item']])).toMatchObject({ ok: false });
    });
  });

  test('a rename gives up nothing', () => {
    const { unit } = counterUpgrade();
    const upgrade = upgradeOf({ unit, migration: 1, back: 0 });
    const renamed = { kind: 'rename', type: null, path: ['state', 'down'], to: 'up' } as const;
    expect(judge(counterWithDirection(), counter(), { ...upgrade, clauses: [renamed] })).toMatchObject({
      ok: false,
      code: 'lossy',
      path: ['state', 'down'],
    });
  });

  test('clauses go through collections and options, and through sums by constructor', () => {
    const state = types.record([{ name: 'carts', type: types.map(status, types.option(types.list(cart))) }]);
    const old: Image = { ...counter(), unit: { types, constants: [], functions: [] }, state, operations: [] };
    const functions = [{ from: state, to: state, code: Int32Array.of(OP.QUOTE, 0, OP.RETURN) }];
    const judged = (...paths: string[][]) =>
      judge(old, changed(old), {
        ...upgradeOf({ back: null, operations: [], backOperations: [] }),
        unit: { types, constants: [], functions },
        clauses: paths.map((path) => ({ kind: 'drop', type: null, path })),
      });
    expect(judged(['state', 'carts'])).toMatchObject({ ok: true });
    const lost = judged(['state', 'carts', 'items'], ['state', 'carts', 'note']);
    expect(lost).toMatchObject({ ok: false, path: ['state', 'carts', '[key]'] });
    expect(showPath(lost.ok ? [] : lost.path)).toBe('state.carts[key]');
    expect(lost).toMatchObject({ message: expect.stringContaining('(nor state.carts[].Some[].status)') });
  });

  test('a clause for a type holds where that very type is, and nowhere else', () => {
    const own = new TypeTable();
    const [item, service] = ['name', 'title'].map((name) =>
      own.record([
        { name, type: STRING },
        { name: 'price', type: INT },
      ]),
    );
    const boxOf = (type: TypeId, labels: string[] | null): TypeId =>
      own.intern({
        kind: 'sum',
        name: 'Box',
        arguments: [],
        constructors: [{ name: 'Full', labels, payload: type }],
      });
    const [items, services, named] = [
      boxOf(item, null),
      boxOf(service, null),
      boxOf(item, ['name', 'price']),
    ];
    const fields = { items, list: own.list(item), named, services };
    const state = own.record(Object.entries(fields).map(([name, type]) => ({ name, type })));
    const price = (...path: string[]) => ({ path: ['state', ...path, 'price'], type: INT });
    const unread = [
      price('items', 'Full'),
      price('list', '[]'),
      price('named', 'Full'),
      price('services', 'Full'),
    ];
    const settled = (...clauses: readonly [TypeId, ...string[]][]) => {
      const { lost, dropped, needless } = settle(own, [{ path: ['state'], type: state, unread }], {
        types: own,
        clauses: clauses.map(([type, ...path]) => ({ kind: 'drop', type, path })),
      });
      return { lost, dropped, needless };
    };
    expect(settled([item, 'price'])).toEqual({
      dropped: unread.slice(0, 2),
      lost: unread.slice(2),
      needless: [],
    });
    expect(settled([services, 'Full', 'price'])).toMatchObject({ dropped: unread.slice(3), needless: [] });
    // The arguments of a constructor are given up by its sum.
    expect(settled([named, 'Full'], [named, 'Full', 'name'])).toMatchObject({
      dropped: [unread[2]],
      needless: [1],
    });
    expect(settled([INT], [item, 'name'], [boxOf(state, null), 'Full'])).toMatchObject({
      dropped: unread,
      needless: [1, 2],
    });
  });

  test('what leads to the code that it is from would run twice', () => {
    expect(judge(counter(), counter(), upgradeOf({ operations: [], backOperations: [] }))).toEqual({
      ok: false,
      code: 'ill-typed',
      message: 'the upgrade of Counter leads to the code that it is from',
      path: [],
    });
  });

  test('an identity needs not have the same fields to be left out on both sides', () => {
    const own = new TypeTable();
    const line = own.record([
      { name: 'count', type: INT },
      { name: 'name', type: STRING },
    ]);
    const constants = [
      { type: INT, value: 1 },
      { type: INT, value: 2 },
      { type: own.list(line), value: List.of([]) },
    ];
    const image = (defaults: Image['defaults']): Image => ({
      ...counter(),
      unit: { types: own, constants, functions: [] },
      state: UNIT,
      operations: [
        {
          name: 'Add',
          parameters: [{ name: 'lines', type: own.list(line), default: 2 }],
          reply: INT,
          body: 0,
        },
      ],
      defaults,
    });
    const functions = [{ from: UNIT, to: UNIT, code: Int32Array.of(OP.RETURN) }];
    const upgrade: Upgrade = {
      ...upgradeOf({ migration: 0, back: null, backOperations: [], clauses: [] }),
      unit: { types: own, constants: [], functions },
      operations: [{ kind: 'identity', name: 'Add' }],
    };
    const one = { type: line, field: 0, constant: 0 };
    expect(judge(image([one]), changed(image([one])), upgrade)).toMatchObject({ ok: true });
    expect(judge(image([]), changed(image([])), upgrade)).toMatchObject({ ok: true });
    for (const other of [[], [{ ...one, constant: 1 }], [one, { type: line, field: 1, constant: 0 }]]) {
      expect(fingerprints(image([one])).interface).not.toBe(fingerprints(image(other)).interface);
      expect(judge(image([one]), image(other), upgrade)).toMatchObject({ ok: true });
      expect(judge(image(other), image([one]), upgrade)).toMatchObject({ ok: true });
    }
  });

  test('an upgrade from other code is stale, unless another compiler emitted it', () => {
    const running = { fingerprints: fingerprints(counter()), emit: EMIT };
    const upgrade = counterUpgrade();
    expect(judgeStale(running, upgrade)).toEqual({ ok: true, note: null });
    const other = { ...upgrade, old: { ...upgrade.old, code: 'ab'.repeat(32) } };
    const message = `the upgrade of Counter is from ${'ab'.repeat(6)}, but ${running.fingerprints.code.slice(0, 12)} is running`;
    expect(judgeStale(running, other)).toEqual({ ok: false, code: 'stale', message, path: [] });
    expect(judgeStale(running, { ...other, oldEmit: EMIT + 1 })).toMatchObject({
      ok: true,
      note: expect.stringContaining('another compiler'),
    });
    const state = { ...other, oldEmit: EMIT + 1, old: { ...other.old, state: 'cd'.repeat(32) } };
    expect(judgeStale(running, state)).toMatchObject({ ok: false, code: 'stale' });
  });

  test.each(['state', 'interface'] as const)(
    'an upgrade that says another %s of its code is stale',
    (what) => {
      const running = { fingerprints: fingerprints(counter()), emit: EMIT };
      const upgrade = counterUpgrade();
      const wrong = { ...upgrade, old: { ...upgrade.old, [what]: 'ab'.repeat(32) } };
      for (const oldEmit of [EMIT, EMIT + 1]) {
        expect(judgeStale(running, { ...wrong, oldEmit })).toMatchObject({
          ok: false,
          code: 'stale',
          message: expect.stringContaining(`says that its ${what} is ${'ab'.repeat(6)}, but it is`),
        });
      }
    },
  );
});

function withOtherRead(): Image {
  const image = counterWithDirection();
  const [incr, read] = image.operations;
  return {
    ...image,
    operations: [incr, { ...read, parameters: [{ name: 'twice', type: BOOL, default: null }] }],
  };
}
