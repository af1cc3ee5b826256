import type { Span, TypeId } from '@smc/protocol';
import type { Type } from '../../types/typed.ts';
import type { Program } from '../construct.ts';
import type { Term } from '../term.ts';
import type { DeclaredCallee } from './callees.ts';

/** What the translation of one body needs to know of the program around it. */
export interface Context {
  readonly program: Program;
  /** Of the function that is translated; for people. */
  readonly name: string;
  /** The interned type, with the type arguments of this instance in it. */
  lower(type: Type): TypeId;
  /** The call of a declared function or arrow, whose instance was translated before. */
  call(callee: DeclaredCallee): Term;
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
