import { BOOL, INT, STRING, UNIT } from '@smc/protocol';
import type { TypeId } from '@smc/protocol';
import type { Program } from '../construct.ts';
import type { Primitive, Term } from '../term.ts';
import { componentOf } from './scope.ts';
import type { Place, Scope } from './scope.ts';

/** The built-in functions as terms: an instruction, a few, or an iteration around a function. */

/** From the argument, which has the type `from`. */
type ClosedTerm = (program: Program, from: TypeId) => Term;

/** From the environment; `to` is the type of the result. */
type HigherTerm = (use: FunctionUse, to: TypeId) => Term;

/** A call of a built-in that takes a function. */
export interface FunctionUse {
  readonly program: Program;
  readonly scope: Scope;
  /** The other arguments, from the environment; they run in this order. */
  readonly values: readonly Term[];
  /** The function, applied to the values at these places of a scope within the one of the call. */
  readonly apply: (scope: Scope, places: readonly Place[]) => Term;
}

/** The term of a built-in that takes no function. */
export function builtInTerm(program: Program, name: string, from: TypeId): Term {
  const row = BUILT_INS[name];
  if (row === undefined) throw new Error(`the built-in ${name} is not known, or takes a function`);
  return typeof row === 'string' ? program.primitive(row, from) : row(program, from);
}

/** The term of a built-in whose last argument is a function; null for any other. */
export function higherBuiltIn(name: string): HigherTerm | null {
  return HIGHER_BUILT_INS[name] ?? null;
}

// ------------------------------------------------------------------- without functions

/** A primitive of the argument and a constant. */
const withConstant =
  (instruction: Primitive, type: TypeId, value: string | number): ClosedTerm =>
  (program, from) => {
    const both = program.tuple([program.identity(from), program.constant(from, type, value)]);
    return program.compose(both, program.primitive(instruction, both.to));
  };

const isEmptyList: ClosedTerm = (program, from) => {
  const length = program.primitive('LIST_LENGTH', from);
  return program.compose(length, withConstant('EQ', INT, 0)(program, INT));
};

/** Whether a sum has this constructor. */
const hasConstructor =
  (constructor: number): ClosedTerm =>
  (program, from) => {
    const arms = payloadsOf(program, from).map((payload, index) =>
      program.constant(program.types.pair(UNIT, payload), BOOL, index === constructor),
    );
    const input = program.tuple([program.constant(from, UNIT, null), program.identity(from)]);
    return program.compose(input, program.case(UNIT, from, arms));
  };

/** Of a sum and a value: the payload of this constructor, or else the value. */
const payloadOr =
  (constructor: number): ClosedTerm =>
  (program, from) => {
    const [sum, fallback] = program.types.components(from)!;
    const arms = payloadsOf(program, sum).map((payload, index) =>
      program.project(program.types.pair(fallback, payload), index === constructor ? 1 : 0),
    );
    const input = program.tuple([program.project(from, 1), program.project(from, 0)]);
    return program.compose(input, program.case(fallback, sum, arms));
  };

function payloadsOf(program: Program, sum: TypeId): readonly TypeId[] {
  const node = program.types.node(sum);
  if (node.kind !== 'sum') throw new Error(`type ${sum} is a ${node.kind}, not a sum`);
  return node.constructors.map(({ payload }) => payload);
}

/** Constructors of the built-in sums. */
const [NONE, SOME] = [0, 1];
const OK = 0;

const BUILT_INS: Readonly<Record<string, Primitive | ClosedTerm | undefined>> = {
  'List.isEmpty': isEmptyList,
  'List.length': 'LIST_LENGTH',
  'List.get': 'LIST_GET',
  'List.head': withConstant('LIST_GET', INT, 0),
  'List.append': 'LIST_APPEND',
  'List.prepend': 'LIST_PREPEND',
  'List.concat': 'LIST_FLATTEN',
  'List.reverse': 'LIST_REVERSE',
  'List.range': 'LIST_RANGE',
  'List.sum': 'LIST_SUM',
  'List.contains': 'LIST_CONTAINS',
  'List.indexOf': 'LIST_INDEX_OF',
  'List.take': 'LIST_TAKE',
  'List.drop': 'LIST_DROP',
  'List.zip': 'LIST_ZIP',
  'Map.size': 'MAP_SIZE',
  'Map.get': 'MAP_GET',
  'Map.has': 'MAP_HAS',
  'Map.insert': 'MAP_INSERT',
  'Map.remove': 'MAP_REMOVE',
  'Map.keys': 'MAP_KEYS',
  'Map.values': 'MAP_VALUES',
  'Map.entries': 'MAP_ENTRIES',
  'Map.fromList': 'MAP_FROM_LIST',
  'Set.size': 'SET_SIZE',
  'Set.has': 'SET_HAS',
  'Set.insert': 'SET_INSERT',
  'Set.remove': 'SET_REMOVE',
  'Set.union': 'SET_UNION',
  'Set.intersect': 'SET_INTERSECT',
  'Set.diff': 'SET_DIFF',
  'Set.toList': 'SET_TO_LIST',
  'Set.fromList': 'SET_FROM_LIST',
  'String.length': 'STRING_LENGTH',
  'String.isEmpty': withConstant('EQ', STRING, ''),
  'String.concat': withConstant('STRING_JOIN', STRING, ''),
  'String.split': 'STRING_SPLIT',
  'String.join': 'STRING_JOIN',
  'String.slice': 'STRING_SLICE',
  'String.contains': 'STRING_CONTAINS',
  'String.startsWith': 'STRING_STARTS_WITH',
  'String.endsWith': 'STRING_ENDS_WITH',
  'String.indexOf': 'STRING_INDEX_OF',
  'String.toUpper': 'STRING_TO_UPPER',
  'String.toLower': 'STRING_TO_LOWER',
  'String.trim': 'STRING_TRIM',
  'String.repeat': 'STRING_REPEAT',
  'String.toBytes': 'STRING_TO_BYTES',
  'Bytes.length': 'BYTES_LENGTH',
  'Bytes.get': 'BYTES_GET',
  'Bytes.slice': 'BYTES_SLICE',
  'Bytes.concat': 'BYTES_FLATTEN',
  'Bytes.toString': 'BYTES_TO_STRING',
  'Bytes.fromHex': 'BYTES_FROM_HEX',
  'Bytes.toHex': 'BYTES_TO_HEX',
  'Int.toString': 'INT_TO_STRING',
  'Int.parse': 'INT_PARSE',
  'Int.min': 'INT_MIN',
  'Int.max': 'INT_MAX',
  'Int.abs': 'INT_ABS',
  'Option.withDefault': payloadOr(SOME),
  'Option.isSome': hasConstructor(SOME),
  'Result.withDefault': payloadOr(OK),
  'Result.isOk': hasConstructor(OK),
  'Time.toMillis': 'TIME_TO_MILLIS',
  'Time.fromMillis': 'TIME_FROM_MILLIS',
  'Time.addMillis': 'TIME_ADD_MILLIS',
  'Time.diffMillis': 'TIME_DIFF_MILLIS',
};

// ---------------------------------------------------------------------- with functions

/** A primitive of what a term gives. */
const applied = (program: Program, instruction: Primitive, argument: Term): Term =>
  program.compose(argument, program.primitive(instruction, argument.to));

function itemOf(program: Program, list: TypeId): TypeId {
  const node = program.types.node(list);
  if (node.kind !== 'list') throw new Error(`type ${list} is a ${node.kind}, not a list`);
  return node.item;
}

/** The list of what `body` gives for each item of a list, in a scope that has the item. */
function mapped(use: FunctionUse, list: Term, body: (scope: Scope, item: Place) => Term): Term {
  const { program, scope } = use;
  const inner = scope.extend(program, itemOf(program, list.to));
  const input = program.tuple([program.identity(scope.type), list]);
  return program.compose(input, program.map(body(inner, inner.newest)));
}

/** What `body` gives for the value so far and the item, for each item of a list from the left. */
function folded(
  use: FunctionUse,
  list: Term,
  start: Term,
  body: (scope: Scope, soFar: Place, item: Place) => Term,
): Term {
  const { program, scope } = use;
  const inner = scope.extend(program, start.to, itemOf(program, list.to));
  const [soFar, item] = [1, 2].map((index) => componentOf(inner.whole, index));
  // The list runs first, as it is written first.
  const made = program.tuple([program.identity(scope.type), list, start]);
  const input = program.tuple([0, 2, 1].map((index) => program.project(made.to, index)));
  return program.sequence(scope.type, [made, input, program.fold(body(inner, soFar, item))]);
}

/** The pairs of what the function gives for an item and the item. */
const tagged = (use: FunctionUse, list: Term, partsOfItem: (item: Place) => readonly Place[]): Term =>
  mapped(use, list, (inner, item) =>
    use.program.tuple([use.apply(inner, partsOfItem(item)), inner.project(use.program, item)]),
  );

const whole = (item: Place): readonly Place[] => [item];
const entry = (item: Place): readonly Place[] => [componentOf(item, 0), componentOf(item, 1)];

/** Folds to a Bool; where that is `decided` the function is not called any more. */
const until =
  (decided: boolean): HigherTerm =>
  (use) => {
    const { program, scope } = use;
    const start = program.constant(scope.type, BOOL, !decided);
    return folded(use, use.values[0], start, (inner, soFar, item) => {
      const further = use.apply(inner, [item]);
      const done = program.constant(inner.type, BOOL, decided);
      const input = program.tuple([program.identity(inner.type), inner.project(program, soFar)]);
      return program.compose(input, decided ? program.if(done, further) : program.if(further, done));
    });
  };

/** The function on the payload of one constructor; the other goes as it is into the result. */
const onPayload =
  (constructor: number): HigherTerm =>
  (use, to) => {
    const { program, scope, values } = use;
    const [sum] = values;
    const arms = payloadsOf(program, sum.to).map((payload, index) => {
      const inner = scope.extend(program, payload);
      const result =
        index === constructor ? use.apply(inner, [inner.newest]) : inner.project(program, inner.newest);
      return program.compose(result, program.inject(to, index));
    });
    const input = program.tuple([program.identity(scope.type), sum]);
    return program.compose(input, program.case(scope.type, sum.to, arms));
  };

/** Map.update: the value of a key, as the function makes it of what was there. */
const updated: HigherTerm = (use) => {
  const { program, scope, values } = use;
  const both = program.tuple(values);
  const named = scope.extend(program, both.to);
  const found = applied(program, 'MAP_GET', named.project(program, named.newest));
  const inner = named.extend(program, found.to);
  const next = use.apply(inner, [inner.newest]);
  const arms = payloadsOf(program, next.to).map((payload, index) => {
    const last = inner.extend(program, payload);
    const arguments_ = [...entry(named.newest), ...(index === NONE ? [] : [last.newest])];
    const argument = program.tuple(arguments_.map((place) => last.project(program, place)));
    return applied(program, index === NONE ? 'MAP_REMOVE' : 'MAP_INSERT', argument);
  });
  return program.sequence(scope.type, [
    program.tuple([program.identity(scope.type), both]),
    program.tuple([program.identity(named.type), found]),
    program.tuple([program.identity(inner.type), next]),
    program.case(inner.type, next.to, arms),
  ]);
};

const HIGHER_BUILT_INS: Readonly<Record<string, HigherTerm | undefined>> = {
  'List.map': (use) => mapped(use, use.values[0], (inner, item) => use.apply(inner, [item])),
  'List.filter': (use) => applied(use.program, 'LIST_SELECT', tagged(use, use.values[0], whole)),
  'List.sortBy': (use) => applied(use.program, 'LIST_SORT', tagged(use, use.values[0], whole)),
  'List.fold': (use) =>
    folded(use, use.values[0], use.values[1], (inner, soFar, item) => use.apply(inner, [soFar, item])),
  'List.any': until(true),
  'List.all': until(false),
  'Map.fold': (use) =>
    folded(use, entriesOf(use), use.values[1], (inner, soFar, item) =>
      use.apply(inner, [soFar, ...entry(item)]),
    ),
  'Map.map': (use) => {
    const { program } = use;
    const entries = mapped(use, entriesOf(use), (inner, item) =>
      program.tuple([inner.project(program, componentOf(item, 0)), use.apply(inner, entry(item))]),
    );
    return applied(program, 'MAP_FROM_LIST', entries);
  },
  'Map.filter': (use) =>
    applied(
      use.program,
      'MAP_FROM_LIST',
      applied(use.program, 'LIST_SELECT', tagged(use, entriesOf(use), entry)),
    ),
  'Map.update': updated,
  'Option.map': onPayload(SOME),
  'Result.map': onPayload(OK),
};

const entriesOf = ({ program, values }: FunctionUse): Term => applied(program, 'MAP_ENTRIES', values[0]);
