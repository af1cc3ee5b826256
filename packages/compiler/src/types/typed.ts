import type { Image, Span, Value } from '@smc/protocol';
import type { BinaryOperator } from '../syntax/tree.ts';

/**
 * The typed tree: what the checker found out, all names resolved, sugar still there.
 *
 * Inside a generic `fun` or `arrow` a type may contain its parameters; a use of it says which
 * types they stand for (`typeArguments`), and the translation to combinators makes one
 * definition for each choice, so that code is monomorphic. Functions that a `fun` takes are
 * known at each use, too, and have no value in the combinators.
 */

/** A type of the checker. No `unknown` is left in a typed tree. */
export type Type =
  | { readonly kind: 'unit' | 'int' | 'bool' | 'string' | 'bytes' | 'time' }
  | { readonly kind: 'tuple'; readonly items: readonly Type[] }
  /** Sorted by name. */
  | { readonly kind: 'record'; readonly fields: readonly { readonly name: string; readonly type: Type }[] }
  | { readonly kind: 'list'; readonly item: Type }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type }
  | { readonly kind: 'set'; readonly item: Type }
  | { readonly kind: 'sum'; readonly declaration: SumDeclaration; readonly arguments: readonly Type[] }
  | { readonly kind: 'function'; readonly from: Type; readonly to: Type }
  /** A type parameter of the declaration it stands in, by position. */
  | { readonly kind: 'parameter'; readonly name: string; readonly index: number }
  /** A unification variable: only while inferring. */
  | { readonly kind: 'unknown'; readonly cell: UnknownCell };

/** What a unification variable stands for, once that is known. */
export interface UnknownCell {
  readonly id: number;
  solution: Type | null;
}

/** A sum as a file declares it, or a built-in one; types in it may contain its parameters. */
export interface SumDeclaration {
  /** Declarations of the same type have the same, wherever they are; each has its own defaults in it. */
  readonly identity: number;
  readonly name: string;
  readonly parameters: readonly string[];
  readonly constructors: readonly {
    readonly name: string;
    /** As in the protocol's `Constructor`. */
    readonly labels: readonly string[] | null;
    /** Unit, the one argument's, or the record of the named ones. */
    readonly payload: Type;
  }[];
}

/** A variable that a pattern or parameter binds; identity is the object. */
export interface Local {
  readonly name: string;
  readonly type: Type;
  readonly span: Span;
}

/** The function that a name stands for, at a use. */
export type Callee =
  | { readonly kind: 'fun'; readonly fun: TypedFun; readonly typeArguments: readonly Type[] }
  | { readonly kind: 'arrow'; readonly arrow: TypedArrow; readonly typeArguments: readonly Type[] }
  /** `id fst snd inl inr get put return now fail` */
  | { readonly kind: 'primitive'; readonly name: PrimitiveArrow }
  /** `List.append`: a row of `types/builtins.ts`. */
  | { readonly kind: 'builtin'; readonly name: string }
  /** A function that the enclosing `fun` takes: a local of a function type. */
  | { readonly kind: 'local'; readonly local: Local };

/** The names of the primitive arrows. */
export type PrimitiveArrow = 'id' | 'fst' | 'snd' | 'inl' | 'inr' | 'get' | 'put' | 'return' | 'now' | 'fail';

/** `span` of each is that of the tree it came from. */
export type TypedExpression = { readonly type: Type; readonly span: Span } & (
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'local'; readonly local: Local }
  /** One argument: unit, the value, or a tuple for several. Its effects are none, but it may fault. */
  | { readonly kind: 'call'; readonly callee: Callee; readonly argument: TypedExpression }
  /** Payload is unit, the argument, or a `record` expression of the named arguments. */
  | { readonly kind: 'construct'; readonly constructor: number; readonly payload: TypedExpression }
  | { readonly kind: 'tuple'; readonly items: readonly TypedExpression[] }
  /** Every field of the type, in the order in which they are evaluated (as written; `base` fields are `field` expressions of a `let`). */
  | {
      readonly kind: 'record';
      readonly fields: readonly {
        readonly name: string;
        /** Where the name is written, if it is. */
        readonly nameSpan?: Span;
        readonly value: TypedExpression;
      }[];
    }
  | { readonly kind: 'field'; readonly record: TypedExpression; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly TypedExpression[] }
  /** Of equal keys the last wins. */
  | {
      readonly kind: 'map';
      readonly entries: readonly { readonly key: TypedExpression; readonly value: TypedExpression }[];
    }
  | { readonly kind: 'set'; readonly items: readonly TypedExpression[] }
  /**
   * A function, of a function type: only an argument of a call (the whole argument, or an item
   * of its tuple). The pattern takes the unit, the one argument or the tuple of all.
   */
  | { readonly kind: 'lambda'; readonly pattern: TypedPattern; readonly body: TypedExpression }
  /** A function by its name, in the same places. */
  | { readonly kind: 'function'; readonly callee: Callee }
  | {
      readonly kind: 'if';
      readonly condition: TypedExpression;
      readonly then: TypedExpression;
      readonly else: TypedExpression;
    }
  | {
      readonly kind: 'case';
      readonly subject: TypedExpression;
      readonly arms: readonly { readonly pattern: TypedPattern; readonly body: TypedExpression }[];
    }
  | {
      readonly kind: 'let';
      readonly pattern: TypedPattern;
      readonly value: TypedExpression;
      readonly body: TypedExpression;
    }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: TypedExpression;
      readonly right: TypedExpression;
    }
  | { readonly kind: 'unary'; readonly operator: '-' | '!'; readonly operand: TypedExpression }
);

/** Exhaustive and without redundant arms wherever it stands in a `case`; irrefutable elsewhere. */
export type TypedPattern = { readonly type: Type; readonly span: Span } & (
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'bind'; readonly local: Local }
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'construct'; readonly constructor: number; readonly payload: TypedPattern }
  | { readonly kind: 'tuple'; readonly items: readonly TypedPattern[] }
  /** `[a, b]` where `rest` is null, else `[a, b, ...rest]`. */
  | {
      readonly kind: 'list';
      readonly items: readonly TypedPattern[];
      readonly rest: TypedPattern | null;
    }
  /** Only the fields that were written. */
  | {
      readonly kind: 'record';
      readonly fields: readonly { readonly name: string; readonly pattern: TypedPattern }[];
    }
);

/** `from` and `to` at this use. */
export type TypedArrowExpression = { readonly from: Type; readonly to: Type; readonly span: Span } & (
  | { readonly kind: 'name'; readonly callee: Callee }
  | { readonly kind: 'proc'; readonly pattern: TypedPattern; readonly body: TypedBlock }
  | {
      readonly kind: 'compose';
      readonly operator: '>>>' | '<<<' | '|||' | '+++' | '&&&' | '***';
      readonly left: TypedArrowExpression;
      readonly right: TypedArrowExpression;
    }
  | {
      readonly kind: 'prefix';
      readonly operator: 'first' | 'second' | 'left' | 'right';
      readonly operand: TypedArrowExpression;
    }
);

/** The last command's output is the block's; an empty block gives `()`. `type` is that of the output. */
export interface TypedBlock {
  readonly commands: readonly TypedCommand[];
  readonly type: Type;
  readonly span: Span;
}

/** `type` is that of the output. */
export type TypedCommand = { readonly type: Type; readonly span: Span } & (
  | { readonly kind: 'feed'; readonly arrow: TypedArrowExpression; readonly argument: TypedExpression }
  | { readonly kind: 'bind'; readonly pattern: TypedPattern; readonly command: TypedCommand }
  | { readonly kind: 'let'; readonly pattern: TypedPattern; readonly value: TypedExpression }
  | {
      readonly kind: 'if';
      readonly condition: TypedExpression;
      readonly then: TypedBlock;
      readonly else: TypedBlock;
    }
  | {
      readonly kind: 'case';
      readonly subject: TypedExpression;
      readonly arms: readonly { readonly pattern: TypedPattern; readonly body: TypedBlock }[];
    }
);

/** A `fun`, checked. */
export interface TypedFun {
  readonly name: string;
  readonly typeParameters: readonly string[];
  /** Irrefutable; takes the unit, the one parameter or the tuple of all. */
  readonly parameter: TypedPattern;
  readonly result: Type;
  readonly body: TypedExpression;
  readonly span: Span;
}

/** An `arrow`, checked. */
export interface TypedArrow {
  readonly name: string;
  readonly typeParameters: readonly string[];
  readonly from: Type;
  readonly to: Type;
  readonly body: TypedArrowExpression;
  readonly effects: Effects;
  readonly span: Span;
}

/** What can be reached from an arrow. */
export interface Effects {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly clock: boolean;
  readonly fails: boolean;
}

/** A machine, checked. */
export interface TypedMachine extends MachineSignature {
  readonly operations: readonly TypedOperation[];
  readonly invariants: readonly TypedConversion[];
  /** The key as its handlers, arrows and invariants see it; its type is String or Int. */
  readonly keyLocal: Local | null;
  /**
   * Fields of records that inputs may leave out: the record type, the field, a constant. Declarations of one type may
   * each have one: their values must be equal.
   */
  readonly defaults: readonly {
    readonly type: Type;
    readonly field: string;
    readonly value: TypedExpression;
  }[];
  /** Declared orders of the record types that occur in it. */
  readonly fieldOrder: readonly (readonly string[])[];
  /** Declared names of the record types that occur in it, sorted by name. */
  readonly typeNames: readonly { readonly name: string; readonly type: Type }[];
  readonly documentation: readonly { readonly subject: string; readonly text: string }[];
  readonly span: Span;
  readonly image: null;
}

/** A machine of a compiled bundle (`import "./v1.smb"`, `import deployed`). */
export interface CompiledMachine extends MachineSignature {
  readonly image: Image;
}

/**
 * What others see of a machine, from source or from bytecode: an upgrade leads from one. Spans
 * of a bundle's machine are those of the import.
 */
export interface MachineSignature {
  readonly name: string;
  readonly key: 'none' | 'string' | 'int';
  readonly state: Type;
  /** A constant: an expression in source, a value in bytecode. */
  readonly initial: TypedExpression;
  readonly operations: readonly OperationSignature[];
  /** Null where it was compiled from source here. */
  readonly image: Image | null;
  readonly nameSpan: Span;
  /** Where the fields of the state are declared, by name, as far as they are written there. */
  readonly statePlaces: ReadonlyMap<string, Span>;
  /** Where the type of the state is written; the name of the machine where it has none. */
  readonly stateSpan: Span;
}

/** An operation, as its callers see it. */
export interface OperationSignature {
  readonly name: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly type: Type;
    /** A constant: an expression in source, a value in bytecode. */
    readonly default: TypedExpression | null;
  }[];
  readonly reply: Type;
  readonly nameSpan: Span;
  readonly span: Span;
}

/** An operation of a machine, checked. */
export interface TypedOperation extends OperationSignature {
  readonly parameters: readonly {
    readonly name: string;
    readonly local: Local;
    readonly type: Type;
    readonly default: TypedExpression | null;
  }[];
  readonly body: TypedBlock;
}

/**
 * `upgrade old.M -> M { … }`: both machines, and all conversions, written or derived, as pure
 * functions over the whole state, request or reply.
 */
export interface TypedUpgrade {
  readonly old: TypedMachine | CompiledMachine;
  readonly new: TypedMachine | CompiledMachine;
  readonly migration: TypedConversion;
  /** Null: there is no way back. */
  readonly back: TypedConversion | null;
  /** Where a derived way back fails: constructors that the old version lacks, with the steps to them. */
  readonly backFails: readonly string[];
  /** One for each operation of the old interface, sorted by name. */
  readonly operations: readonly TypedWay[];
  /** For operations of the new interface that an older node can serve, sorted by name. */
  readonly backOperations: readonly TypedWay[];
  /** Every `rename` and `drop`, as the node is told of them. */
  readonly clauses: readonly TypedClause[];
  /** For what the judge may refuse, by its paths. */
  readonly subjectOf: (path: readonly string[]) => PartSubject;
  readonly span: Span;
}

/** What can be said in clauses of a part of the old version; texts can be pasted. */
export interface PartSubject {
  /** `Item.price`; null where nothing short of the whole can be named. */
  readonly drop: string | null;
  /** The same for this place alone: `Add.item.price`; null where it can not be named. */
  readonly whole: string | null;
  /** The innermost type that a clause could convert, and so settle it. */
  readonly convert: string | null;
  /** The type that has the part, where it has a name. */
  readonly type: string | null;
  /** `rename Item.price -> cost`: to what is new, and of the same type. */
  readonly renames: readonly string[];
  /** Where that type is declared, in both versions as far as it is known. */
  readonly places: readonly Span[];
}

/** As the protocol's `UpgradeClause`, with the place of what is written. */
export type TypedClause = {
  readonly type: Type | null;
  readonly path: readonly string[];
  readonly span: Span;
} & ({ readonly kind: 'rename'; readonly to: string } | { readonly kind: 'drop' });

/** How an operation is served by the other version; as the protocol's `OperationWay`. */
export type TypedWay =
  | { readonly kind: 'identity'; readonly name: string }
  | {
      readonly kind: 'adapter';
      readonly name: string;
      readonly to: string;
      /** From the packed input of `name` to that of `to`. */
      readonly request: TypedConversion;
      /** From the reply of `to` to that of `name`. */
      readonly reply: TypedConversion;
      /** Whether a clause says it; else it is derived. */
      readonly isWritten: boolean;
      /** Whether it changes no value: all that may differ are defaults. */
      readonly isSame: boolean;
      /** Where what is derived of them fails: constructors without counterpart, with the steps to them. */
      readonly requestFails: readonly string[];
      readonly replyFails: readonly string[];
    }
  | { readonly kind: 'dropped'; readonly name: string };

/** A pure function of one argument. In its body `fail("why")` is an expression (a call of the primitive). */
export interface TypedConversion {
  readonly pattern: TypedPattern;
  readonly body: TypedExpression;
  readonly span: Span;
}

/** `test "…" for M { … }`, checked: every expression in it is a constant. */
export interface TypedTest {
  readonly title: string;
  readonly titleSpan: Span;
  readonly machine: TypedMachine;
  readonly key: TypedExpression | null;
  readonly lines: readonly TypedTestLine[];
  readonly span: Span;
}

/** A line of a test. */
export type TypedTestLine = { readonly span: Span } & (
  | {
      readonly kind: 'input';
      readonly operation: TypedOperation;
      /** The packed input, with defaults filled in. */
      readonly input: TypedExpression;
      readonly expected: TypedExpression | 'fault';
    }
  | { readonly kind: 'state'; readonly expected: TypedExpression }
  | { readonly kind: 'now'; readonly time: TypedExpression }
);

/** One file, checked, with what it declares itself. */
export interface TypedModule {
  readonly file: string;
  readonly machines: readonly TypedMachine[];
  readonly upgrades: readonly TypedUpgrade[];
  readonly tests: readonly TypedTest[];
}
