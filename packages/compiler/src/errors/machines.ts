import { KEY_BYTES_MAX } from '@smc/protocol';
import type { Diagnostic, Span } from '@smc/protocol';
import { displayWithArticle } from '../types/type.ts';
import type { Type } from '../types/typed.ts';
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

/** A key of another type than String and Int. */
export function badKey(span: Span, type: Type): Diagnostic {
  return error(
    'E0273',
    `the key of a machine is a String or an Int, not ${displayWithArticle(type)}`,
    [label(span)],
    ['It is part of the address of an instance: `machine Account(id: String)`.'],
  );
}

/** A test of an instance that there can not be. */
export function keyOutOfBounds(span: Span, machine: string, bytes: number): Diagnostic {
  return error(
    'E0273',
    `the key of \`${machine}\` has 1 to ${KEY_BYTES_MAX} bytes of text, and this one has ${bytes}`,
    [label(span)],
    ['It is part of the address of an instance.'],
  );
}

/** A type that is declared in a machine. */
export function typeInMachine(span: Span, name: string): Diagnostic {
  return error(
    'E0274',
    `the type \`${name}\` is declared in a machine`,
    [label(span)],
    ['Declare it beside the machine: types belong to the file.'],
  );
}

/** A test of a keyed machine without a key. */
export function keyMissing(span: Span, machine: string, key: Span): Diagnostic {
  return error(
    'E0276',
    `\`${machine}\` has a key, and the test does not say which one is meant`,
    [label(span), label(key, 'the key')],
    [`Write it after the name: \`for ${machine}("a")\`.`],
  );
}
