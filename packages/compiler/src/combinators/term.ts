import type { Span, TypeId, TypeTable, Value } from '@smc/protocol';

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

/** The instructions that are primitive arrows of the category. */
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
  'STRING_CONCAT',
  'STRING_LENGTH',
  'LIST_APPEND',
  'LIST_CONCAT',
  'LIST_LENGTH',
  'LIST_RANGE',
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
  readonly state: TypeId;
  readonly initial: Value;
  readonly operations: readonly OperationTerms[];
  /** Definitions. */
  readonly invariants: readonly number[];
  /** Declared orders of record fields, for printing. */
  readonly fieldOrder: readonly (readonly string[])[];
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
  /** Definition, from `inputType(parameters)` to `reply`. */
  readonly body: number;
}

/** The functions of an upgrade as combinators; `definitions` is their own program. */
export interface UpgradeTerms {
  readonly types: TypeTable;
  readonly definitions: readonly Definition[];
  readonly migration: number;
  readonly back: number | null;
}
