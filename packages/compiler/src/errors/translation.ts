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

/** An argument that gives a function, of which it can not be known which one: the expression's kind. */
export function unknownFunction(span: Span, kind: string): Diagnostic {
  const isChoice = kind === 'if' || kind === 'case' || kind === 'let';
  return error(
    'E0304',
    `it can not be known which function ${isChoice ? `this \`${kind}\`` : 'this'} gives`,
    [label(span)],
    [
      isChoice
        ? `Functions are no values. Write one in place, with the \`${kind}\` in it: \`x -> ${kind} …\`.`
        : 'Functions are no values. Write one in place, `x -> …`, or the name of a `fun`.',
    ],
  );
}

/** A test stands in another file than its machine, whose bundle it belongs to. */
export function testOfImported(span: Span, name: string, machine: Span): Diagnostic {
  return error(
    'E0303',
    `the test is of \`${name}\`, a machine of another file`,
    [label(span), label(machine, 'it is declared here')],
    ['Write the test into the file of its machine.'],
  );
}

/** The initial state breaks an invariant; `failure` is the fault, where it is none that it is false. */
export function brokenInitially(span: Span, state: Span, failure: string | null): Diagnostic {
  const why = failure === null ? 'does not hold' : `has no value (${failure})`;
  return error(
    'E0305',
    `this invariant ${why} for the initial state`,
    [label(span), label(state, 'the state')],
    ['A machine starts in its initial state: give it another one, or let the invariant allow this one.'],
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

/** Two declared record types of one structure, with two defaults for a field. */
export function conflictingDefaults(span: Span, field: string, other: Span): Diagnostic {
  return error(
    'E0306',
    `inputs of this machine have two defaults for the field \`${field}\` of one record type`,
    [label(span), label(other, 'the other one')],
    ['Record types with the same fields are the same type. Give both the same default, or use one of them.'],
  );
}
