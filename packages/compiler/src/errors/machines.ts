import type { Diagnostic, Span } from '@smc/protocol';
import { error, label } from './error.ts';

/** Diagnostics about machines and the limits of what is declared. */

/** E0270: a state without fields. */
export function emptyState(span: Span): Diagnostic {
  return error(
    'E0270',
    'the state has no field',
    [label(span)],
    ['Add one, `count: Int = 0`; or leave `state` out where there is nothing to remember.'],
  );
}

/** More parts than the bytecode can hold; `what` is counted, `few` says what to do. */
export function tooMany(span: Span, what: string, count: number, countMax: number, help: string): Diagnostic {
  return error('E0271', `${count} ${what}; there can be at most ${countMax}`, [label(span)], [help]);
}

/** E0272: a test of one instance of a machine that has no key, and so one state. */
export function keyOfUnkeyed(span: Span, name: string, machine: Span): Diagnostic {
  return error(
    'E0272',
    `the machine \`${name}\` has no key`,
    [label(span), label(machine, 'declared here')],
    [`Leave the key out: \`for ${name} { … }\`.`],
  );
}
