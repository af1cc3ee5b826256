import type { OperationWay, Span, TypeId, TypeTable, UpgradeClause, Value } from '@smc/protocol';

/**
 * Combinators: arrows of the free distributive Cartesian closed category with state and
 * bounded iteration, over the types of `@smc/protocol`. A term is closed and variable-free:
 * it takes a value of type `from` to one of type `to`, may read and replace the state, and
 * may fault.
 *
 * Products and sums are n-ary. Effects run in the order in which the parts are written: of
 * `compose` the first, then the second; of a `fork` from the left.
 *
 * Sources: Elliott, Compiling to Categories (2017), for the vocabulary; Cousineau, Curien
 * and Mauny, The Categorical Abstract Machine (1985), for what each becomes; Paterson,
 * Arrows and Computation (2003), for the translation of arrow notation.
 */
export type Term = {
  readonly from: TypeId;
  readonly to: TypeId;
  /** Where in the source it comes from. */ readonly span?: Span;
} &
  /** a -> a */
  (
    | { readonly kind: 'identity' }
    /** `first` then `second` */
    | { readonly kind: 'compose'; readonly first: Term; readonly second: Term }
    /**
     * e -> (a₁, …, aₙ), or the record `to` with its fields in sorted order: each part is fed e.
     * 1 part or more for a record, 2 to 16 for a tuple.
     */
    | { readonly kind: 'fork'; readonly parts: readonly Term[] }
    /** Component `index` of a tuple or record. */
    | { readonly kind: 'project'; readonly index: number }
    /** Payload of constructor `index` -> the sum `to`. */
    | { readonly kind: 'inject'; readonly index: number }
    /** (e, Σ aᵢ) -> b, by one arm (e, aᵢ) -> b for each constructor: distribution and copairing in one. */
    | { readonly kind: 'case'; readonly arms: readonly Term[] }
    /** (e, Bool) -> b, by two arms e -> b. */
    | { readonly kind: 'if'; readonly then: Term; readonly else: Term }
    /** e -> (a → b), by a body (e, a) -> b that uses neither state nor clock. */
    | { readonly kind: 'curry'; readonly body: Term }
    /** (a → b, a) -> b */
    | { readonly kind: 'apply' }
    /** Any `from` -> the constant. */
    | { readonly kind: 'constant'; readonly value: Value }
    /** e -> List<a>, from one part or more e -> a. */
    | { readonly kind: 'list'; readonly items: readonly Term[] }
    /** (e, b, List<a>) -> b, by a body (e, b, a) -> b. */
    | { readonly kind: 'fold'; readonly body: Term }
    /** (e, List<a>) -> List<b>, by a body (e, a) -> b. */
    | { readonly kind: 'map'; readonly body: Term }
    /** Any `from` -> σ */
    | { readonly kind: 'get' }
    /** σ -> () */
    | { readonly kind: 'put' }
    /** Any `from` -> Time */
    | { readonly kind: 'now' }
    /** String -> any `to` */
    | { readonly kind: 'fail' }
    /** A definition of the program, by index below that of the one it stands in. */
    | { readonly kind: 'call'; readonly definition: number }
    /** An instruction without operands: arithmetic, comparison, a built-in. */
    | { readonly kind: 'primitive'; readonly instruction: Primitive }
  );

/**
 * The instructions that are primitive arrows of the category. Three of them name a type, which
 * follows from the term's: MAP_FROM_LIST and SET_FROM_LIST their `to`, LIST_SORT that of the keys.
 */
export const PRIMITIVES = [
  'ADD',
  'SUB',
  'MUL',
  'DIV',
  'REM',
  'NEG',
  'EQ',
  'NE',
  'LT',
  'LE',
  'GT',
  'GE',
  'NOT',
  'INT_TO_STRING',
  'INT_PARSE',
  'INT_MIN',
  'INT_MAX',
  'INT_ABS',
  'STRING_CONCAT',
  'STRING_LENGTH',
  'STRING_JOIN',
  'STRING_SPLIT',
  'STRING_SLICE',
  'STRING_CONTAINS',
  'STRING_STARTS_WITH',
  'STRING_ENDS_WITH',
  'STRING_INDEX_OF',
  'STRING_TO_UPPER',
  'STRING_TO_LOWER',
  'STRING_TRIM',
  'STRING_REPEAT',
  'STRING_TO_BYTES',
  'LIST_APPEND',
  'LIST_CONCAT',
  'LIST_LENGTH',
  'LIST_RANGE',
  'LIST_GET',
  'LIST_PREPEND',
  'LIST_FLATTEN',
  'LIST_REVERSE',
  'LIST_CONTAINS',
  'LIST_INDEX_OF',
  'LIST_TAKE',
  'LIST_DROP',
  'LIST_ZIP',
  'LIST_SUM',
  'LIST_SORT',
  'LIST_SELECT',
  'LIST_UNCONS',
  'BYTES_LENGTH',
  'BYTES_GET',
  'BYTES_SLICE',
  'BYTES_CONCAT',
  'BYTES_FLATTEN',
  'BYTES_TO_STRING',
  'BYTES_FROM_HEX',
  'BYTES_TO_HEX',
  'TIME_TO_MILLIS',
  'TIME_FROM_MILLIS',
  'TIME_ADD_MILLIS',
  'TIME_DIFF_MILLIS',
  'MAP_SIZE',
  'MAP_GET',
  'MAP_HAS',
  'MAP_INSERT',
  'MAP_REMOVE',
  'MAP_KEYS',
  'MAP_VALUES',
  'MAP_ENTRIES',
  'MAP_FROM_LIST',
  'SET_SIZE',
  'SET_HAS',
  'SET_INSERT',
  'SET_REMOVE',
  'SET_UNION',
  'SET_INTERSECT',
  'SET_DIFF',
  'SET_TO_LIST',
  'SET_FROM_LIST',
] as const;

/** A combinator that is one instruction or a few. */
export type Primitive = (typeof PRIMITIVES)[number];

/** A named term of a program. Calls refer to definitions before it. */
export interface Definition {
  /** For people: `Incr`, `swap<Int, String>`. */
  readonly name: string;
  readonly body: Term;
}

/** A machine as combinators: what `emit` makes an image of. */
export interface MachineTerms {
  readonly name: string;
  readonly key: 'none' | 'string' | 'int';
  readonly types: TypeTable;
  readonly definitions: readonly Definition[];
  /** At least the words of the definitions, as they are before they are made simpler, and the bytes of their constants. */
  readonly extent: number;
  readonly state: TypeId;
  readonly initial: Value;
  readonly operations: readonly OperationTerms[];
  /** Definitions, from the state to Bool; in a keyed machine from `(key, state)`. */
  readonly invariants: readonly number[];
  /** Fields of record types that JSON and callers may leave out; see `Image.defaults`. */
  readonly defaults: readonly { readonly type: TypeId; readonly field: number; readonly value: Value }[];
  /** Declared orders of record fields, for printing. */
  readonly fieldOrder: readonly (readonly string[])[];
  /** Declared names of record types. */
  readonly typeNames: readonly { readonly name: string; readonly type: TypeId }[];
  readonly documentation: readonly { readonly subject: string; readonly text: string }[];
}

/** An operation of a machine: its body is a definition. */
export interface OperationTerms {
  readonly name: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly type: TypeId;
    readonly default: Value | undefined;
  }[];
  readonly reply: TypeId;
  /** Definition, from `inputType(parameters)` to `reply`; in a keyed machine from `(key, input)`. */
  readonly body: number;
}

/** The functions of an upgrade as combinators; `definitions` is their own program. */
export interface UpgradeTerms {
  readonly types: TypeTable;
  readonly definitions: readonly Definition[];
  readonly migration: number;
  readonly back: number | null;
  /** As in the protocol's `Upgrade`: functions of adapters are definitions. */
  readonly operations: readonly OperationWay[];
  readonly backOperations: readonly OperationWay[];
  readonly clauses: readonly UpgradeClause[];
}
