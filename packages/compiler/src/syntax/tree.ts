import type { Span } from '@smc/protocol';

/**
 * The syntax tree: what the parser found, as written, all of `language.md`. What a later
 * phase does not support yet it refuses at the node's span; the parser does not.
 *
 * Names are as written; `Name` and `Path` carry their spans so that a diagnostic can mark them.
 */

/** A name where it stands. */
export interface Name {
  readonly text: string;
  readonly span: Span;
}

/** `x`, `v1.x`, `List.map`, `v1.Counter`: an optional qualifier, then a name. */
export interface Path {
  readonly qualifier: Name | null;
  readonly name: Name;
  readonly span: Span;
}

/** A file. */
export interface Module {
  readonly file: string;
  readonly imports: readonly Import[];
  readonly declarations: readonly Declaration[];
  /** Declarations, and members of machines, of which nothing could be read. */
  readonly unread: readonly Span[];
  readonly span: Span;
}

/** `import "./shapes.sm" as shapes`, `import deployed as old` */
export interface Import {
  readonly kind: 'import';
  /** A path as written, or `deployed`. */
  readonly source: { readonly kind: 'path'; readonly path: string } | { readonly kind: 'deployed' };
  readonly sourceSpan: Span;
  readonly alias: Name;
  readonly span: Span;
}

/** What a file declares. */
export type Declaration = TypeDeclaration | Fun | Arrow | Machine | Upgrade | Test;

/** `type Status = Open | Paid(at: Time)` */
export interface TypeDeclaration {
  readonly kind: 'type';
  readonly name: Name;
  readonly parameters: readonly Name[];
  /** `type Id = Int` may be an alias or a sum with one constructor: the checker tells. */
  readonly body:
    | { readonly kind: 'type'; readonly type: TypeNode }
    | { readonly kind: 'sum'; readonly constructors: readonly ConstructorNode[] };
  readonly doc: string | null;
  readonly span: Span;
}

/** A constructor of a declared sum. */
export interface ConstructorNode {
  readonly name: Name;
  readonly arguments:
    | { readonly kind: 'none' }
    | { readonly kind: 'unnamed'; readonly type: TypeNode }
    | { readonly kind: 'named'; readonly fields: readonly Parameter[] };
  readonly span: Span;
}

/** `name: Type` or `name: Type = default`: a field, a parameter, a constructor's argument. */
export interface Parameter {
  readonly name: Name;
  readonly type: TypeNode;
  readonly default: Expression | null;
  readonly span: Span;
}

/** `fun f<a>(x: a) -> a = e` */
export interface Fun {
  readonly kind: 'fun';
  readonly name: Name;
  readonly typeParameters: readonly Name[];
  readonly parameters: readonly Parameter[];
  readonly result: TypeNode;
  readonly body: Expression;
  readonly doc: string | null;
  readonly span: Span;
}

/** `arrow f<a> : A -> B = g >>> h` */
export interface Arrow {
  readonly kind: 'arrow';
  readonly name: Name;
  readonly typeParameters: readonly Name[];
  readonly from: TypeNode;
  readonly to: TypeNode;
  readonly body: ArrowExpression;
  readonly doc: string | null;
  readonly span: Span;
}

/** `machine M { … }` */
export interface Machine {
  readonly kind: 'machine';
  readonly name: Name;
  /** `machine Account(id: String)` */
  readonly key: Parameter | null;
  readonly members: readonly Member[];
  /** Whether all of it could be read: otherwise there may be members that are not in the list. */
  readonly isWhole: boolean;
  readonly doc: string | null;
  readonly span: Span;
}

/** What a machine declares. */
export type Member = State | Operation | Arrow | Fun | Invariant | TypeDeclaration;

/** `state { field: Type = initial }` or `state: Type = initial`. */
export interface State {
  readonly kind: 'state';
  readonly form:
    | { readonly kind: 'fields'; readonly fields: readonly Parameter[] }
    | { readonly kind: 'value'; readonly type: TypeNode; readonly initial: Expression };
  readonly span: Span;
}

/** `on Op(x: Int) -> Reply { … }` */
export interface Operation {
  readonly kind: 'on';
  readonly name: Name;
  readonly parameters: readonly Parameter[];
  /** Null: `()`. */
  readonly reply: TypeNode | null;
  readonly body: Block;
  readonly doc: string | null;
  readonly span: Span;
}

/** `invariant s -> e` */
export interface Invariant {
  readonly kind: 'invariant';
  readonly pattern: Pattern;
  readonly body: Expression;
  readonly span: Span;
}

/** `upgrade old.M -> M { … }` */
export interface Upgrade {
  readonly kind: 'upgrade';
  readonly old: Path;
  readonly new: Path;
  readonly clauses: readonly Clause[];
  readonly span: Span;
}

/** A clause of an upgrade. */
export type Clause =
  /** `state old -> e`, `back new -> e`, `state.price old -> e`, `Item old -> e`, `back Status new -> e` */
  | {
      readonly kind: 'convert';
      readonly direction: 'forward' | 'back';
      /** `state` (path empty or the fields under it) or a type's name. */
      readonly subject:
        | { readonly kind: 'state'; readonly path: readonly Name[] }
        | { readonly kind: 'type'; readonly name: Path };
      readonly pattern: Pattern;
      readonly body: Expression;
      readonly span: Span;
    }
  /** `on Old(p, …) -> New(…) reply r -> e`, `back on New(p, …) -> Old(…) reply r -> e` */
  | {
      readonly kind: 'on';
      readonly direction: 'forward' | 'back';
      readonly from: Name;
      readonly parameters: readonly Pattern[];
      readonly to: Name;
      readonly arguments: readonly Argument[];
      readonly reply: { readonly pattern: Pattern; readonly body: Expression } | null;
      readonly span: Span;
    }
  | { readonly kind: 'rename'; readonly from: readonly Name[]; readonly to: Name; readonly span: Span }
  | { readonly kind: 'drop'; readonly path: readonly Name[]; readonly span: Span };

/** `test "name" for M { … }` */
export interface Test {
  readonly kind: 'test';
  readonly title: string;
  readonly titleSpan: Span;
  readonly machine: Path;
  readonly key: Expression | null;
  readonly lines: readonly TestLine[];
  readonly span: Span;
}

/** A line of a test: an input, the state, or the clock. */
export type TestLine =
  | {
      readonly kind: 'input';
      readonly input: Input;
      readonly expected: Expression | 'fault';
      readonly span: Span;
    }
  | { readonly kind: 'state'; readonly expected: Expression; readonly span: Span }
  | { readonly kind: 'now'; readonly time: Expression; readonly span: Span };

/** `Op`, `Op(1, 2)`, `Op(by: 1)` in tests and on the command line. */
export interface Input {
  readonly operation: Name;
  readonly arguments: readonly Argument[];
  readonly span: Span;
}

/** Positional where `name` is null; all of a call are of one kind (the checker says so). */
export interface Argument {
  readonly name: Name | null;
  readonly value: Expression;
  readonly span: Span;
}

// ---------------------------------------------------------------------------- types

/** A type as it is written. */
export type TypeNode =
  | { readonly kind: 'unit'; readonly span: Span }
  /** `Int`, `List<a>`, `p.Status`; a lower-case name without arguments is a type variable. */
  | {
      readonly kind: 'named';
      readonly path: Path;
      readonly arguments: readonly TypeNode[];
      readonly span: Span;
    }
  | { readonly kind: 'variable'; readonly name: Name; readonly span: Span }
  | { readonly kind: 'tuple'; readonly items: readonly TypeNode[]; readonly span: Span }
  | { readonly kind: 'record'; readonly fields: readonly Parameter[]; readonly span: Span }
  | { readonly kind: 'function'; readonly from: TypeNode; readonly to: TypeNode; readonly span: Span }
  /** Left by error recovery where a type should be. */
  | { readonly kind: 'missing'; readonly span: Span };

// ---------------------------------------------------------------------- expressions

/** The operators between two expressions. */
export type BinaryOperator =
  | '||'
  | '&&'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '++'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

/** A constant that is one token; unit is two. */
export type Literal =
  | {
      readonly kind: 'int';
      readonly value: number;
      readonly span: Span;
    }
  | { readonly kind: 'string'; readonly value: string; readonly span: Span }
  | { readonly kind: 'bool'; readonly value: boolean; readonly span: Span }
  | { readonly kind: 'unit'; readonly span: Span }
  | { readonly kind: 'bytes'; readonly value: Uint8Array; readonly span: Span }
  /** Milliseconds since the epoch. */
  | { readonly kind: 'time'; readonly value: number; readonly span: Span };

/** An expression: pure, and a value. */
export type Expression =
  | Literal
  | { readonly kind: 'variable'; readonly path: Path; readonly span: Span }
  /** `f(a, b)`; the callee is a name. `f()` has no arguments. */
  | {
      readonly kind: 'call';
      readonly callee: Path;
      readonly arguments: readonly Argument[];
      readonly span: Span;
    }
  /** `Ctor`, `Ctor(a)`, `Ctor(name: a)`, `p.Ctor(a)` */
  | {
      readonly kind: 'construct';
      readonly constructor: Path;
      readonly arguments: readonly Argument[];
      readonly span: Span;
    }
  | { readonly kind: 'tuple'; readonly items: readonly Expression[]; readonly span: Span }
  /** `{ x: 1 }`, `{ ...r, x: 3 }` */
  | {
      readonly kind: 'record';
      readonly base: Expression | null;
      readonly fields: readonly FieldNode[];
      readonly span: Span;
    }
  /** `r.x`; also `v1.f` that is not called, where `v1` may be an import: the checker tells. */
  | { readonly kind: 'field'; readonly record: Expression; readonly name: Name; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Expression[]; readonly span: Span }
  | {
      readonly kind: 'map';
      readonly entries: readonly { readonly key: Expression; readonly value: Expression }[];
      readonly span: Span;
    }
  | { readonly kind: 'set'; readonly items: readonly Expression[]; readonly span: Span }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: Expression;
      readonly else: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: 'case';
      readonly subject: Expression;
      readonly arms: readonly { readonly pattern: Pattern; readonly body: Expression; readonly span: Span }[];
      readonly span: Span;
    }
  | {
      readonly kind: 'let';
      readonly pattern: Pattern;
      readonly type: TypeNode | null;
      readonly value: Expression;
      readonly body: Expression;
      readonly span: Span;
    }
  /** `x -> e`, `(a, b) -> e`: an argument only. */
  | { readonly kind: 'lambda'; readonly pattern: Pattern; readonly body: Expression; readonly span: Span }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly operatorSpan: Span;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: 'unary';
      readonly operator: '-' | '!';
      readonly operand: Expression;
      readonly span: Span;
    }
  /** Left by error recovery where an expression should be: the checker gives it any type, silently. */
  | { readonly kind: 'missing'; readonly span: Span };

/** A field in a record expression. */
export interface FieldNode {
  readonly name: Name;
  readonly value: Expression;
  readonly span: Span;
}

/** What stands left of `<-`, `=` and `->`. */
export type Pattern =
  | Literal
  | { readonly kind: 'wildcard'; readonly span: Span }
  | { readonly kind: 'bind'; readonly name: Name; readonly span: Span }
  | {
      readonly kind: 'construct';
      readonly constructor: Path;
      readonly arguments: readonly {
        readonly name: Name | null;
        readonly pattern: Pattern;
        readonly span: Span;
      }[];
      readonly span: Span;
    }
  | { readonly kind: 'tuple'; readonly items: readonly Pattern[]; readonly span: Span }
  | {
      readonly kind: 'record';
      readonly fields: readonly { readonly name: Name; readonly pattern: Pattern; readonly span: Span }[];
      readonly span: Span;
    }
  /** `[a, b]`, `[a, ...rest]`; `rest` is `'closed'` where there is no `...`. */
  | {
      readonly kind: 'list';
      readonly items: readonly Pattern[];
      readonly rest: Pattern | 'closed';
      readonly span: Span;
    }
  | { readonly kind: 'missing'; readonly span: Span };

// ------------------------------------------------------------------ arrows, commands

/** What stands left of `-<`, and the body of an `arrow`. */
export type ArrowExpression =
  /** A name: a primitive, a `fun`, an `arrow`, a built-in (`List.length`). */
  | { readonly kind: 'name'; readonly path: Path; readonly span: Span }
  | { readonly kind: 'proc'; readonly pattern: Pattern; readonly body: Block; readonly span: Span }
  | {
      readonly kind: 'compose';
      readonly operator: '>>>' | '<<<' | '|||' | '+++' | '&&&' | '***';
      readonly operatorSpan: Span;
      readonly left: ArrowExpression;
      readonly right: ArrowExpression;
      readonly span: Span;
    }
  | {
      readonly kind: 'prefix';
      readonly operator: 'first' | 'second' | 'left' | 'right';
      readonly operand: ArrowExpression;
      readonly span: Span;
    }
  | { readonly kind: 'missing'; readonly span: Span };

/** `{ commands }`; an empty one gives `()`. */
export interface Block {
  readonly commands: readonly Command[];
  readonly span: Span;
}

/** A statement of a block. */
export type Command =
  /** `arrow -< expression`; `argument` is null where the arrow stands alone and is fed `()`. */
  | {
      readonly kind: 'feed';
      readonly arrow: ArrowExpression;
      readonly argument: Expression | null;
      readonly span: Span;
    }
  | { readonly kind: 'bind'; readonly pattern: Pattern; readonly command: Command; readonly span: Span }
  | {
      readonly kind: 'let';
      readonly pattern: Pattern;
      readonly type: TypeNode | null;
      readonly value: Expression;
      readonly span: Span;
    }
  /** `else if` is a block of one `if`; `else` is null where it was left out. */
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: Block;
      readonly else: Block | null;
      readonly span: Span;
    }
  | {
      readonly kind: 'case';
      readonly subject: Expression;
      readonly arms: readonly { readonly pattern: Pattern; readonly body: Block; readonly span: Span }[];
      readonly span: Span;
    }
  | { readonly kind: 'missing'; readonly span: Span };
