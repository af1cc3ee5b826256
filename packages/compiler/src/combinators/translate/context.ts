import type { Span, TypeId } from '@smc/protocol';
import type { Callee, Type, TypedExpression } from '../../types/typed.ts';
import type { Program } from '../construct.ts';
import type { Term } from '../term.ts';
import type { KnownFunction } from './functions.ts';
import type { Capture } from './scope.ts';
import type { Code } from './uses.ts';

/** What the translation of one body needs to know of the program around it. */
export interface Context {
  readonly program: Program;
  /** Of the function that is translated; for people. */
  readonly name: string;
  /** The interned type, with the type arguments of this instance in it. */
  lower(type: Type): TypeId;
  /** The function that a callee stands for. */
  resolve(callee: Callee): KnownFunction;
  /** The function that an expression of a function type is. */
  functionOf(node: TypedExpression): KnownFunction;
  /** The functions among the arguments of a call, by their place; null where it is data. */
  functionsOf(argument: TypedExpression): readonly (KnownFunction | null)[];
  /** The variables from outside that code needs, its callees included. */
  capturesOf(code: Code): readonly Capture[];
  /**
   * The call of a function with code of its own, for these functions among its arguments: from
   * the argument, or from the pair of what it captures and the argument. It was translated before.
   */
  call(known: KnownFunction, functions: readonly (KnownFunction | null)[]): Term;
  /** Notes the place that is translated now: where a limit was met, it is the place to show. */
  visit(span: Span): void;
}

/** The place in the source that the translation has come to. */
export interface Position {
  span: Span;
}

/** The same term, from a place in the source. */
export function at(span: Span, term: Term): Term {
  return { ...term, span };
}
