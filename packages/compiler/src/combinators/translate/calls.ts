import type { Span, TypeId } from '@smc/protocol';
import type { PrimitiveArrow } from '../../types/typed.ts';
import type { Program } from '../construct.ts';
import type { Term } from '../term.ts';
import { builtInTerm } from './builtins.ts';
import { at } from './context.ts';
import type { Context } from './context.ts';
import type { KnownFunction } from './functions.ts';

/** What is called by its name, as terms. */

/** A function that needs nothing from outside, as a term from its argument. */
export function applyClosed(
  context: Context,
  known: KnownFunction,
  from: TypeId,
  to: TypeId,
  span: Span,
): Term {
  const { program } = context;
  switch (known.code.kind) {
    case 'primitive':
      return primitiveArrow(program, known.code.name, from, to, span);
    case 'builtin':
      return at(span, builtInTerm(program, known.code.name, from));
    default:
      return at(span, context.call(known, []));
  }
}

function primitiveArrow(program: Program, name: PrimitiveArrow, from: TypeId, to: TypeId, span: Span): Term {
  switch (name) {
    case 'id':
    case 'return':
      return program.identity(from);
    case 'fst':
      return program.project(from, 0);
    case 'snd':
      return program.project(from, 1);
    case 'inl':
      return program.inject(to, 0);
    case 'inr':
      return program.inject(to, 1);
    case 'get':
      return at(span, program.get(from));
    case 'put':
      return at(span, program.put());
    case 'now':
      return at(span, program.now(from));
    case 'fail':
      return at(span, program.fail(to));
  }
}

/** A call: the function, what it captures as a term from the environment, and its argument. */
export interface Application {
  readonly known: KnownFunction;
  readonly captured: Term;
  readonly argument: Term;
  /** The functions among the arguments. */
  readonly functions: readonly (KnownFunction | null)[];
  readonly to: TypeId;
  readonly span: Span;
}

/** The term of a call, from the environment. */
export function applyKnown(context: Context, call: Application): Term {
  const { program } = context;
  const { known, captured, argument, functions, to, span } = call;
  const { kind } = known.code;
  if (kind === 'builtin' || kind === 'primitive') {
    return program.compose(argument, applyClosed(context, known, argument.to, to, span));
  }
  const input = known.captures.length === 0 ? argument : program.tuple([captured, argument]);
  return program.compose(input, at(span, context.call(known, functions)));
}
