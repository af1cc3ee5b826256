import {
  BOOL,
  EMIT,
  type Fingerprints,
  fingerprints,
  type Image,
  type ImageDebug,
  INT,
  OP,
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
          code: Int32Array.of(
            ...[OP.PUSH, OP.GET, OP.PROJECT, 0, OP.CONS, OP.ADD],
            ...[OP.RECORD, state, OP.PUT, OP.RETURN],
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

export const NO_DEBUG: ImageDebug = { files: [], functions: [], fieldOrder: [], documentation: [] };

export const NO_FINGERPRINTS: Fingerprints = {
  code: '00'.repeat(32),
  state: '00'.repeat(32),
  interface: '00'.repeat(32),
};
