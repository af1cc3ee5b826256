import {
  List,
  BOOL,
  EMIT,
  encodeBundle,
  fingerprints,
  type FunctionCode,
  type Image,
  type ImageDebug,
  INT,
  OP,
  type OperationWay,
  STRING,
  TypeTable,
  UNIT,
  type Unit,
  type Upgrade,
  type Value,
} from '@smc/protocol';

// Machines assembled by hand, so that the node is tested without the compiler.

const code = (...words: number[]): Int32Array => Int32Array.from(words);

/** A unit under construction: constants and functions get their numbers as they are added. */
export class UnitBuilder {
  readonly types = new TypeTable();
  readonly constants: { type: number; value: Value }[] = [];
  readonly functions: { from: number; to: number; code: Int32Array }[] = [];

  constant(type: number, value: Value): number {
    return this.constants.push({ type, value }) - 1;
  }

  function(from: number, to: number, ...words: number[]): number {
    return this.functions.push({ from, to, code: code(...words) }) - 1;
  }

  get unit(): Unit {
    return { types: this.types, constants: this.constants, functions: this.functions };
  }
}

/** `state { count: Int = 0 }`, `Read -> Int`, `Incr`, `Divide(by: Int) -> Int` (read-only), `Refuse(why: String)`. */
export function counter({ name = 'Counter', step = 1, roundabout = false, twin = false } = {}): Image {
  const builder = new UnitBuilder();
  const { types } = builder;
  const state = types.record([{ name: 'count', type: INT }]);
  const initial = builder.constant(state, [0]);
  const by = builder.constant(INT, step);
  const divide = builder.function(
    INT,
    INT,
    OP.PUSH,
    OP.GET,
    OP.PROJECT,
    0,
    OP.SWAP,
    OP.CONS,
    OP.DIV,
    OP.RETURN,
  );
  const incr = builder.function(
    UNIT,
    UNIT,
    OP.GET,
    OP.PROJECT,
    0,
    OP.PUSH,
    OP.QUOTE,
    by,
    OP.CONS,
    OP.ADD,
    OP.RECORD,
    state,
    OP.PUT,
    OP.RETURN,
  );
  // Other code that does the same.
  const detour = roundabout ? [OP.PUSH, OP.CONS, OP.FST] : [];
  const read = builder.function(UNIT, INT, OP.GET, OP.PROJECT, 0, ...detour, OP.RETURN);
  // Changes the state first, so that a fault has something to undo.
  const refuse = builder.function(
    STRING,
    UNIT,
    OP.PUSH,
    OP.QUOTE,
    initial,
    OP.PUT,
    OP.SWAP,
    OP.FAIL,
    UNIT,
    OP.CONS,
    OP.SND,
    OP.RETURN,
  );
  return {
    emit: EMIT,
    name,
    key: 'none',
    unit: builder.unit,
    state,
    initial,
    operations: [
      { name: 'Divide', parameters: [{ name: 'by', type: INT, default: null }], reply: INT, body: divide },
      { name: 'Incr', parameters: [], reply: UNIT, body: incr },
      { name: 'Read', parameters: [], reply: INT, body: read },
      {
        name: 'Refuse',
        parameters: [{ name: 'why', type: STRING, default: null }],
        reply: UNIT,
        body: refuse,
      },
      // The same as Read, for another interface.
      ...(twin ? [{ name: 'Twin', parameters: [], reply: INT, body: read }] : []),
    ],
    invariants: [],
    defaults: [],
  };
}

/**
 * The next version of it: `state { count: Int = 0, label: String = "" }`, `Incr(by: Int = 1) -> Int`
 * gives the new count, `Label(text: String)`, `Read -> Int`; no `Divide`, no `Refuse`.
 */
export function labelled(): Image {
  const builder = new UnitBuilder();
  const { types } = builder;
  const state = types.record([
    { name: 'count', type: INT },
    { name: 'label', type: STRING },
  ]);
  const initial = builder.constant(state, [0, '']);
  const one = builder.constant(INT, 1);
  const incr = builder.function(
    INT,
    INT,
    // The sum is pushed, then stored beside the old label.
    OP.PUSH,
    OP.GET,
    OP.PROJECT,
    0,
    OP.CONS,
    OP.ADD,
    OP.PUSH,
    OP.PUSH,
    OP.GET,
    OP.PROJECT,
    1,
    OP.RECORD,
    state,
    OP.PUT,
    OP.CONS,
    OP.FST,
    OP.RETURN,
  );
  const label = builder.function(
    STRING,
    UNIT,
    OP.PUSH,
    OP.GET,
    OP.PROJECT,
    0,
    OP.SWAP,
    OP.RECORD,
    state,
    OP.PUT,
    OP.RETURN,
  );
  const read = builder.function(UNIT, INT, OP.GET, OP.PROJECT, 0, OP.RETURN);
  return {
    emit: EMIT,
    name: 'Counter',
    key: 'none',
    unit: builder.unit,
    state,
    initial,
    operations: [
      { name: 'Incr', parameters: [{ name: 'by', type: INT, default: one }], reply: INT, body: incr },
      {
        name: 'Label',
        parameters: [{ name: 'text', type: STRING, default: null }],
        reply: UNIT,
        body: label,
      },
      { name: 'Read', parameters: [], reply: INT, body: read },
    ],
    invariants: [],
    defaults: [],
  };
}

/**
 * `state List<{ x…x: () }>`, `Swell` makes it some megabytes long, which is many times that when it
 * is written out; `All` replies with it.
 */
export function swelling({ twin = false } = {}): Image {
  const builder = new UnitBuilder();
  const { types } = builder;
  const item = types.record([{ name: 'x'.repeat(100), type: UNIT }]);
  const state = types.list(item);
  const initial = builder.constant(state, List.of([]));
  const unit = builder.constant(UNIT, null);
  const doubled = Array.from({ length: 18 }, () => [OP.PUSH, OP.CONS, OP.LIST_CONCAT]).flat();
  const swell = builder.function(
    UNIT,
    UNIT,
    OP.RECORD,
    item,
    OP.LIST,
    state,
    1,
    ...doubled,
    OP.PUT,
    OP.RETURN,
  );
  const all = builder.function(UNIT, state, OP.GET, OP.RETURN);
  const none = builder.function(UNIT, UNIT, OP.QUOTE, unit, OP.RETURN);
  return {
    emit: EMIT,
    name: 'Swelling',
    key: 'none',
    unit: builder.unit,
    state,
    initial,
    operations: [
      { name: 'All', parameters: [], reply: state, body: all },
      { name: 'Swell', parameters: [], reply: UNIT, body: swell },
      ...(twin ? [{ name: 'Twin', parameters: [], reply: UNIT, body: none }] : []),
    ],
    invariants: [],
    defaults: [],
  };
}

/** An upgrade of `swelling` that divides by zero. */
export function faultingSwelling(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const state = builder.types.adopt(from.unit.types, from.state);
  const zero = builder.constant(INT, 0);
  const migration = builder.function(
    state,
    state,
    ...[OP.PUSH, OP.QUOTE, zero, OP.PUSH, OP.QUOTE, zero, OP.CONS, OP.DIV, OP.CONS, OP.FST, OP.RETURN],
  );
  return { ...sameShape(from), unit: builder.unit, migration, back: null };
}

/** An image of a few hundred bytes whose operations are 900 KB long when they are written out. */
export function broad(name: string): Image {
  const builder = new UnitBuilder();
  const { types } = builder;
  let wide = INT;
  for (let i = 0; i < 12; i++) wide = types.tuple([wide, wide]);
  const unit = builder.constant(UNIT, null);
  const input = types.tuple(Array.from({ length: 16 }, () => wide));
  const body = builder.function(input, UNIT, OP.QUOTE, unit, OP.RETURN);
  const parameters = Array.from({ length: 16 }, (_, i) => ({ name: `p${i}`, type: wide, default: null }));
  return {
    emit: EMIT,
    name,
    key: 'none',
    unit: builder.unit,
    state: UNIT,
    initial: unit,
    operations: Array.from({ length: 2 }, (_, i) => ({
      name: `Operation${i}`,
      parameters,
      reply: UNIT,
      body,
    })),
    invariants: [],
    defaults: [],
  };
}

const NO_DEBUG: ImageDebug = {
  files: [],
  functions: [],
  fieldOrder: [],
  typeNames: [],
  documentation: [],
  carriedOut: [],
};

/** An image alone. */
export function bundleOf(...images: Image[]): Uint8Array {
  return encodeBundle({ images, upgrades: [], debug: images.map(() => NO_DEBUG) });
}

/** An image with the upgrade that leads to it. */
export function upgradeBundle(image: Image, ...upgrades: Upgrade[]): Uint8Array {
  return encodeBundle({ images: [image], upgrades, debug: [NO_DEBUG] });
}

/** Several images, each with the upgrade that leads to it. */
export function upgradeBundles(...pairs: [Image, Upgrade][]): Uint8Array {
  return encodeBundle({
    images: pairs.map(([image]) => image),
    upgrades: pairs.map(([, upgrade], index) => ({ ...upgrade, image: index })),
    debug: pairs.map(() => NO_DEBUG),
  });
}

type Header = Pick<Upgrade, 'machine' | 'old' | 'oldEmit' | 'image' | 'backOperations' | 'clauses'>;

function header(from: Image): Header {
  const { name: machine, emit: oldEmit } = from;
  return { machine, old: fingerprints(from), oldEmit, image: 0, backOperations: [], clauses: [] };
}

const identities = (...names: string[]): OperationWay[] => names.map((name) => ({ kind: 'identity', name }));

/** Between two images with the same state and the same operations. */
export function sameShape(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const state = builder.types.adopt(from.unit.types, from.state);
  const identity = builder.function(state, state, OP.RETURN);
  const operations = identities(...from.operations.map(({ name }) => name));
  return { ...header(from), unit: builder.unit, migration: identity, back: identity, operations };
}

/** From `counter` to `labelled`: adapts `Incr`, drops `Divide` and `Refuse`. */
export function toLabelled(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const { types } = builder;
  const old = types.record([{ name: 'count', type: INT }]);
  const next = types.record([
    { name: 'count', type: INT },
    { name: 'label', type: STRING },
  ]);
  const text = builder.constant(STRING, 'new');
  const one = builder.constant(INT, 1);
  const unit = builder.constant(UNIT, null);
  const migration = builder.function(
    old,
    next,
    OP.PROJECT,
    0,
    OP.PUSH,
    OP.QUOTE,
    text,
    OP.RECORD,
    next,
    OP.RETURN,
  );
  const back = builder.function(next, old, OP.PROJECT, 0, OP.RECORD, old, OP.RETURN);
  const request = builder.function(UNIT, INT, OP.QUOTE, one, OP.RETURN);
  const reply = builder.function(INT, UNIT, OP.QUOTE, unit, OP.RETURN);
  return {
    ...header(from),
    unit: builder.unit,
    migration,
    back,
    operations: [
      { kind: 'dropped', name: 'Divide' },
      { kind: 'adapter', name: 'Incr', to: 'Incr', request, reply },
      { kind: 'identity', name: 'Read' },
      { kind: 'dropped', name: 'Refuse' },
    ],
    clauses: [
      { kind: 'drop', type: null, path: ['Divide'] },
      { kind: 'drop', type: null, path: ['Refuse'] },
    ],
  };
}

/** The same, with an adapter of `Incr` that faults, on the request or on the reply. */
export function withFaultingAdapter(from: Image, side: 'request' | 'reply'): Upgrade {
  const upgrade = toLabelled(from);
  const { types, constants, functions } = upgrade.unit;
  const why = constants.length;
  const fault = (input: number, output: number): FunctionCode => ({
    from: input,
    to: output,
    code: code(OP.QUOTE, why, OP.FAIL, output, OP.RETURN),
  });
  const unit: Unit = {
    types,
    constants: [...constants, { type: STRING, value: `no ${side}` }],
    functions: [...functions, side === 'request' ? fault(UNIT, INT) : fault(INT, UNIT)],
  };
  const operations = upgrade.operations.map((way) =>
    way.kind === 'adapter' ? { ...way, [side]: functions.length } : way,
  );
  return { ...upgrade, unit, operations };
}

/** The same as `toLabelled`, with a way back that calls a function that faults. */
export function withFaultingBack(from: Image): Upgrade {
  const upgrade = toLabelled(from);
  const { types, constants, functions } = upgrade.unit;
  const { from: next, to: old } = functions[upgrade.back!];
  const fails: FunctionCode = {
    from: next,
    to: old,
    code: code(OP.PUSH, OP.QUOTE, constants.length, OP.FAIL, old, OP.CONS, OP.SND, OP.RETURN),
  };
  const back: FunctionCode = {
    from: next,
    to: old,
    code: code(OP.CALL, functions.length, OP.RETURN),
  };
  const unit: Unit = {
    types,
    constants: [...constants, { type: STRING, value: 'no way' }],
    functions: [...functions, fails, back],
  };
  return { ...upgrade, unit, back: functions.length + 1 };
}

/** From `labelled` back to `counter`, as an upgrade of its own: the label is dropped. */
export function toCounter(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const { types } = builder;
  const old = types.record([
    { name: 'count', type: INT },
    { name: 'label', type: STRING },
  ]);
  const next = types.record([{ name: 'count', type: INT }]);
  const unit = builder.constant(UNIT, null);
  const zero = builder.constant(INT, 0);
  const migration = builder.function(old, next, OP.PROJECT, 0, OP.RECORD, next, OP.RETURN);
  const request = builder.function(INT, UNIT, OP.QUOTE, unit, OP.RETURN);
  const reply = builder.function(UNIT, INT, OP.QUOTE, zero, OP.RETURN);
  return {
    ...header(from),
    unit: builder.unit,
    migration,
    back: null,
    operations: [
      { kind: 'adapter', name: 'Incr', to: 'Incr', request, reply },
      { kind: 'dropped', name: 'Label' },
      { kind: 'identity', name: 'Read' },
    ],
    clauses: [
      { kind: 'drop', type: null, path: ['state', 'label'] },
      { kind: 'drop', type: null, path: ['Label'] },
      { kind: 'drop', type: null, path: ['Incr', 'by'] },
    ],
  };
}

/** The same as `sameShape`, but its migration divides by zero. */
export function faultingMigration(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const state = builder.types.adopt(from.unit.types, from.state);
  const zero = builder.constant(INT, 0);
  const migration = builder.function(
    state,
    state,
    OP.PROJECT,
    0,
    OP.PUSH,
    OP.QUOTE,
    zero,
    OP.CONS,
    OP.DIV,
    OP.RECORD,
    state,
    OP.RETURN,
  );
  return { ...sameShape(from), unit: builder.unit, migration, back: null };
}

/** The same as `sameShape`, but its migration has more to do than any step. */
export function endlessMigration(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const state = builder.types.adopt(from.unit.types, from.state);
  const zero = builder.constant(INT, 0);
  const many = builder.constant(INT, 4_000);
  // Folds over a range within a fold over it; each gives 0.
  const fold = (end: number): number[] => [
    ...[OP.PUSH, OP.PUSH, OP.QUOTE, zero, OP.SWAP, OP.TUPLE, 3, OP.FOLD, end],
  ];
  const migration = builder.function(
    state,
    state,
    ...[OP.PUSH, OP.QUOTE, zero, OP.PUSH, OP.QUOTE, many, OP.CONS, OP.LIST_RANGE],
    ...fold(32),
    ...[OP.PROJECT, 0, ...fold(31), OP.PROJECT, 1, OP.NEXT],
    OP.NEXT,
    ...[OP.CONS, OP.FST, OP.RETURN],
  );
  return { ...sameShape(from), unit: builder.unit, migration, back: null };
}

/** The same as `sameShape`, but its migration gives another type. */
export function illTypedMigration(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const state = builder.types.adopt(from.unit.types, from.state);
  const truth = builder.constant(BOOL, true);
  const migration = builder.function(state, BOOL, OP.QUOTE, truth, OP.RETURN);
  return { ...sameShape(from), unit: builder.unit, migration, back: null };
}

/** The same as `sameShape`, but a body is not of its type. */
export function unverifiedMigration(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const state = builder.types.adopt(from.unit.types, from.state);
  const migration = builder.function(state, state, OP.FST, OP.RETURN);
  return { ...sameShape(from), unit: builder.unit, migration, back: null };
}
