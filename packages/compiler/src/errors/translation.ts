import type { Diagnostic, Span } from '@smc/protocol';
import { error, label } from './error.ts';

/** Diagnostics of the translation to combinators and of the evaluation of constants. */

/** The translation of what is at `span` goes over a limit; `what` is one sentence. */
export function programTooLarge(span: Span, what: string): Diagnostic {
  return error(
    'E0301',
    `this is too large to compile: ${what}`,
    [label(span)],
    ['Divide it: into several functions, or into records with fewer parts.'],
  );
}

/** The value of a constant can not be found; `failure` is the fault. */
export function faultInConstant(span: Span, what: string, failure: string): Diagnostic {
  return error(
    'E0302',
    `${what} has no value: ${failure}`,
    [label(span, failure)],
    ['It is computed once, when the program is compiled.'],
  );
}
