import type { TypeId } from '@smc/protocol';
import type {
  Local,
  PrimitiveArrow,
  Type,
  TypedArrow,
  TypedExpression,
  TypedFun,
  TypedPattern,
} from '../../types/typed.ts';
import type { Capture } from './scope.ts';

/**
 * Functions as arguments. Which function it is, is known at each use, so that at run time
 * nothing is left of it but what it captures: that is data, and stands where the function
 * stood (closure conversion, with the code in the instance and not in the value).
 */
export interface KnownFunction {
  /** Equal where the code is. */
  readonly key: string;
  readonly code: FunctionCode;
  /** The variables from outside that its code needs: of a lambda, and of an arrow that reads the key. */
  readonly captures: readonly Capture[];
}

/** An expression that is a function. */
export type Lambda = Extract<TypedExpression, { kind: 'lambda' }>;

/** What is done where the function is called; types are those of the instance it was named in. */
export type FunctionCode =
  | { readonly kind: 'fun'; readonly fun: TypedFun; readonly typeArguments: readonly TypeId[] }
  | { readonly kind: 'arrow'; readonly arrow: TypedArrow; readonly typeArguments: readonly TypeId[] }
  | { readonly kind: 'lambda'; readonly node: Lambda; readonly environment: Environment }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'primitive'; readonly name: PrimitiveArrow };

/** What names stand for in one instance. */
export interface Environment {
  readonly typeArguments: readonly TypeId[];
  /** The function parameters that can be seen. */
  readonly functions: ReadonlyMap<Local, KnownFunction>;
  /** The lambdas in it, once they were asked for. */
  readonly lambdas: Map<Lambda, KnownFunction>;
}

/** No type arguments, no functions. */
export function closedEnvironment(): Environment {
  return { typeArguments: [], functions: new Map(), lambdas: new Map() };
}

/** Whether a value of the type is a function, or a tuple with one: it has a type of its own in each instance. */
export function holdsFunction(type: Type): boolean {
  return type.kind === 'function' || (type.kind === 'tuple' && type.items.some(holdsFunction));
}

/** The function parameters that a pattern binds, for these functions among the arguments. */
export function bindFunctions(
  outer: ReadonlyMap<Local, KnownFunction>,
  pattern: TypedPattern,
  functions: readonly (KnownFunction | null)[],
): ReadonlyMap<Local, KnownFunction> {
  if (functions.every((known) => known === null)) return outer;
  const bound = new Map(outer);
  const isOne = functions.length === 1;
  for (const [i, known] of functions.entries()) {
    if (known === null) continue;
    const part = isOne ? pattern : pattern.kind === 'tuple' ? pattern.items[i] : pattern;
    // A name for all arguments together is the name of none of them.
    if (part.kind === 'bind' && part.type.kind === 'function') bound.set(part.local, known);
  }
  return bound;
}
