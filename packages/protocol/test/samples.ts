import {
  BOOL,
  EMIT,
  type Fingerprints,
  fingerprints,
  type Image,
  type ImageDebug,
  INT,
  List,
  OP,
  STRING,
  Sum,
  TIME,
  TypeTable,
  UNIT,
  type Upgrade,
} from '../src/index.ts';

/** The counter, by hand: `state { count: Int = 0 }`, `on Read -> Int`, `on Incr(by: Int = 1)`. */
export function counter(): Image {
  const types = new TypeTable();
  const state = types.record([{ name: 'count', type: INT }]);
  return {
    emit: EMIT,
    name: 'Counter',
    key: 'none',
    unit: {
      types,
      constants: [
        { type: state, value: [0] },
        { type: INT, value: 1 },
      ],
      functions: [
        { from: UNIT, to: INT, code: Int32Array.of(OP.GET, OP.PROJECT, 0, OP.RETURN) },
        {
          from: INT,
          to: UNIT,
          code: Int32Array.from(
            [OP.PUSH, OP.GET, OP.PROJECT, 0, OP.CONS, OP.ADD].concat(OP.RECORD, state, OP.PUT, OP.RETURN),
          ),
        },
      ],
    },
    state,
    initial: 0,
    operations: [
      { name: 'Incr', parameters: [{ name: 'by', type: INT, default: 1 }], reply: UNIT, body: 1 },
      { name: 'Read', parameters: [], reply: INT, body: 0 },
    ],
    invariants: [],
    defaults: [],
  };
}

/** The counter that also knows a direction: `state { count: Int = 0, down: Bool = false }`. */
export function counterWithDirection(): Image {
  const old = counter();
  const types = new TypeTable();
  const state = types.record([
    { name: 'count', type: INT },
    { name: 'down', type: BOOL },
  ]);
  return {
    ...old,
    unit: {
      types,
      constants: [
        { type: state, value: [0, false] },
        { type: INT, value: 1 },
      ],
      functions: [
        { from: UNIT, to: INT, code: Int32Array.of(OP.GET, OP.PROJECT, 0, OP.RETURN) },
        { from: INT, to: UNIT, code: Int32Array.of(OP.QUOTE, 0, OP.PUT, OP.RETURN) },
      ],
    },
    state,
  };
}

/** From `counter()` to `counterWithDirection()`: everything is carried, the way back drops the direction. */
export function counterUpgrade(): Upgrade {
  const types = new TypeTable();
  const from = types.record([{ name: 'count', type: INT }]);
  const to = types.record([
    { name: 'count', type: INT },
    { name: 'down', type: BOOL },
  ]);
  return {
    machine: 'Counter',
    old: fingerprints(counter()),
    oldEmit: EMIT,
    image: 0,
    unit: {
      types,
      constants: [{ type: BOOL, value: false }],
      functions: [
        { from, to, code: Int32Array.of(OP.PROJECT, 0, OP.PUSH, OP.QUOTE, 0, OP.RECORD, to, OP.RETURN) },
        { from: to, to: from, code: Int32Array.of(OP.PROJECT, 0, OP.RECORD, from, OP.RETURN) },
      ],
    },
    migration: 0,
    back: 1,
    operations: [
      { kind: 'identity', name: 'Incr' },
      { kind: 'identity', name: 'Read' },
    ],
    backOperations: [
      { kind: 'identity', name: 'Incr' },
      { kind: 'identity', name: 'Read' },
    ],
    clauses: [],
  };
}

export const NO_DEBUG: ImageDebug = {
  files: [],
  functions: [],
  fieldOrder: [],
  typeNames: [],
  documentation: [],
  carriedOut: [],
};

export const NO_FINGERPRINTS: Fingerprints = {
  code: '00'.repeat(32),
  state: '00'.repeat(32),
  interface: '00'.repeat(32),
};

/** A machine with sums, lists and an iteration in it: of its code, only the form is right. */
export function shop(): Image {
  const types = new TypeTable();
  const paidAt = types.record([
    { name: 'at', type: TIME },
    { name: 'by', type: STRING },
  ]);
  const status = types.intern({
    kind: 'sum',
    name: 'Status',
    arguments: [],
    constructors: [
      { name: 'Open', labels: [], payload: UNIT },
      { name: 'Paid', labels: ['by', 'at'], payload: paidAt },
      { name: 'Gone', labels: null, payload: INT },
    ],
  });
  const prices = types.list(INT);
  const state = types.record([
    { name: 'prices', type: prices },
    { name: 'status', type: status },
  ]);
  const closure = types.function(INT, INT);
  const total = [OP.PUSH, OP.QUOTE, 1, OP.SWAP, OP.PUSH, OP.GET, OP.PROJECT, 0, OP.TUPLE, 3, OP.FOLD, 21];
  const add = [OP.PUSH, OP.PROJECT, 1, OP.SWAP, OP.PROJECT, 2, OP.CONS, OP.ADD, OP.NEXT];
  const choose = [
    OP.SWITCH,
    14,
    2,
    7,
    10,
    OP.JUMP,
    14,
    OP.SND,
    OP.JUMP,
    14,
    OP.FST,
    OP.INJECT,
    status,
    2,
    OP.RETURN,
  ];
  const curried = [OP.CUR, closure, 5, OP.SND, OP.RETURN, OP.RETURN];
  return {
    emit: EMIT,
    name: 'Shop',
    key: 'string',
    unit: {
      types,
      constants: [
        { type: state, value: [List.of([]), new Sum(0, null)] },
        { type: INT, value: 0 },
      ],
      functions: [
        { from: UNIT, to: INT, code: Int32Array.of(...total, ...add, OP.RETURN) },
        { from: status, to: status, code: Int32Array.from(choose) },
        { from: INT, to: closure, code: Int32Array.of(...curried) },
      ],
    },
    state,
    initial: 0,
    operations: [
      { name: 'Move', parameters: [{ name: 'to', type: status, default: null }], reply: status, body: 1 },
      { name: 'Total', parameters: [], reply: INT, body: 0 },
    ],
    invariants: [2],
    defaults: [],
  };
}
