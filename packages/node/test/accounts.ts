import {
  BOOL,
  EMIT,
  fingerprints,
  type Image,
  INT,
  OP,
  type OperationParameter,
  STRING,
  type TypeId,
  type TypeTable,
  UNIT,
  type Upgrade,
} from '@smc/protocol';
import { UnitBuilder } from './images.ts';

// A keyed machine assembled by hand, in three versions.

const parameter = (name: string, type: TypeId): OperationParameter => ({ name, type, default: null });

/**
 * `machine Account(id: String)`, `state { balance: Int = 0 }`: `Balance -> Int`, `Close` puts the
 * initial state, `Deposit(n: Int) -> Int` (which adds `step` too), `Id -> String`.
 */
export function account({ key = 'string' as 'string' | 'int', step = 0 } = {}): Image {
  const builder = new UnitBuilder();
  const { types } = builder;
  const state = types.record([{ name: 'balance', type: INT }]);
  const initial = builder.constant(state, [0]);
  const extra = builder.constant(INT, step);
  const keyType = key === 'int' ? INT : STRING;
  const from = (input: TypeId): TypeId => types.pair(keyType, input);
  const plus = [
    OP.SND,
    OP.PUSH,
    OP.GET,
    OP.PROJECT,
    0,
    OP.CONS,
    OP.ADD,
    OP.PUSH,
    OP.QUOTE,
    extra,
    OP.CONS,
    OP.ADD,
  ];
  const put = [OP.PUSH, OP.RECORD, state, OP.PUT, OP.CONS, OP.FST, OP.RETURN];
  const balance = builder.function(from(UNIT), INT, OP.GET, OP.PROJECT, 0, OP.RETURN);
  const close = builder.function(from(UNIT), UNIT, OP.QUOTE, initial, OP.PUT, OP.RETURN);
  const deposit = builder.function(from(INT), INT, ...plus, ...put);
  const id = builder.function(from(UNIT), keyType, OP.FST, OP.RETURN);
  return {
    emit: EMIT,
    name: 'Account',
    key,
    unit: builder.unit,
    state,
    initial,
    operations: [
      { name: 'Balance', parameters: [], reply: INT, body: balance },
      { name: 'Close', parameters: [], reply: UNIT, body: close },
      { name: 'Deposit', parameters: [parameter('n', INT)], reply: INT, body: deposit },
      { name: 'Id', parameters: [], reply: keyType, body: id },
    ],
    invariants: [],
    defaults: [],
  };
}

const withFee = (types: TypeTable): TypeId =>
  types.record([
    { name: 'balance', type: INT },
    { name: 'fee', type: INT },
  ]);

/**
 * The next version: `state { balance: Int = 0, fee: Int = 3 }`, `Fee -> Int` too, and
 * `Deposit(n: Int, note: String)`; with a limit `invariant s -> s.balance <= limit`, which reads
 * the key where it is said to (`id != "" || …`).
 */
export function accountWithFee({ limit = null as number | null, readsKey = false } = {}): Image {
  const builder = new UnitBuilder();
  const { types } = builder;
  const state = withFee(types);
  const initial = builder.constant(state, [0, 3]);
  const from = (input: TypeId): TypeId => types.pair(STRING, input);
  const balance = builder.function(from(UNIT), INT, OP.GET, OP.PROJECT, 0, OP.RETURN);
  const close = builder.function(from(UNIT), UNIT, OP.QUOTE, initial, OP.PUT, OP.RETURN);
  const input = types.pair(INT, STRING);
  const put = [OP.PUSH, OP.PUSH, OP.GET, OP.PROJECT, 1, OP.RECORD, state, OP.PUT, OP.CONS, OP.FST, OP.RETURN];
  const sum = [OP.SND, OP.FST, OP.PUSH, OP.GET, OP.PROJECT, 0, OP.CONS, OP.ADD];
  const deposit = builder.function(from(input), INT, ...sum, ...put);
  const fee = builder.function(from(UNIT), INT, OP.GET, OP.PROJECT, 1, OP.RETURN);
  const set = [OP.SND, OP.PUSH, OP.GET, OP.PROJECT, 0, OP.SWAP, OP.RECORD, state, OP.PUT, OP.RETURN];
  const setFee = builder.function(from(INT), UNIT, ...set);
  const invariants: number[] = [];
  if (limit !== null) {
    const most = builder.constant(INT, limit);
    const within = [OP.SND, OP.PROJECT, 0, OP.PUSH, OP.QUOTE, most, OP.CONS, OP.LE];
    const both = readsKey ? [OP.PUSH, OP.FST, OP.STRING_LENGTH, OP.SWAP, ...within, OP.CONS, OP.SND] : within;
    invariants.push(builder.function(types.pair(STRING, state), BOOL, ...both, OP.RETURN));
  }
  return {
    emit: EMIT,
    name: 'Account',
    key: 'string',
    unit: builder.unit,
    state,
    initial,
    operations: [
      { name: 'Balance', parameters: [], reply: INT, body: balance },
      { name: 'Close', parameters: [], reply: UNIT, body: close },
      {
        name: 'Deposit',
        parameters: [parameter('n', INT), parameter('note', STRING)],
        reply: INT,
        body: deposit,
      },
      { name: 'Fee', parameters: [], reply: INT, body: fee },
      { name: 'SetFee', parameters: [parameter('fee', INT)], reply: UNIT, body: setFee },
    ],
    invariants,
    defaults: [],
  };
}

/**
 * From `account` to `accountWithFee`: the fee is `700 / (100 - balance)`, so that a balance of 100
 * cannot be migrated, and what nobody wrote has the fee 7; or as many as are said.
 */
export function toFee(from: Image, { fault = 100 } = {}): Upgrade {
  const builder = new UnitBuilder();
  const { types } = builder;
  const old = types.record([{ name: 'balance', type: INT }]);
  const next = withFee(types);
  const worst = builder.constant(INT, fault);
  const much = builder.constant(INT, 7 * fault);
  const none = builder.constant(STRING, '');
  const rest = [OP.PUSH, OP.QUOTE, worst, OP.SWAP, OP.CONS, OP.SUB];
  const fee = [...rest, OP.PUSH, OP.QUOTE, much, OP.SWAP, OP.CONS, OP.DIV];
  const migration = builder.function(old, next, OP.PROJECT, 0, OP.PUSH, ...fee, OP.RECORD, next, OP.RETURN);
  const back = builder.function(next, old, OP.PROJECT, 0, OP.RECORD, old, OP.RETURN);
  const request = builder.function(INT, types.pair(INT, STRING), OP.PUSH, OP.QUOTE, none, OP.CONS, OP.RETURN);
  const reply = builder.function(INT, INT, OP.RETURN);
  return {
    machine: 'Account',
    old: fingerprints(from),
    oldEmit: EMIT,
    image: 0,
    unit: builder.unit,
    migration,
    back,
    operations: [
      { kind: 'identity', name: 'Balance' },
      { kind: 'identity', name: 'Close' },
      { kind: 'adapter', name: 'Deposit', to: 'Deposit', request, reply },
      { kind: 'dropped', name: 'Id' },
    ],
    backOperations: [],
    clauses: [{ kind: 'drop', type: null, path: ['Id'] }],
  };
}

/** And back again: the fee and the note are dropped. */
export function toPlain(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const { types } = builder;
  const next = types.record([{ name: 'balance', type: INT }]);
  const migration = builder.function(withFee(types), next, OP.PROJECT, 0, OP.RECORD, next, OP.RETURN);
  const request = builder.function(types.pair(INT, STRING), INT, OP.FST, OP.RETURN);
  const reply = builder.function(INT, INT, OP.RETURN);
  return {
    machine: 'Account',
    old: fingerprints(from),
    oldEmit: EMIT,
    image: 0,
    unit: builder.unit,
    migration,
    back: null,
    operations: [
      { kind: 'identity', name: 'Balance' },
      { kind: 'identity', name: 'Close' },
      { kind: 'adapter', name: 'Deposit', to: 'Deposit', request, reply },
      { kind: 'dropped', name: 'Fee' },
      { kind: 'dropped', name: 'SetFee' },
    ],
    backOperations: [],
    clauses: [
      { kind: 'drop', type: null, path: ['state', 'fee'] },
      { kind: 'drop', type: null, path: ['Deposit', 'note'] },
    ],
  };
}
