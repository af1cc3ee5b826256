import type { Diagnostic, Span } from '@smc/protocol';
import type { Effects } from '../types/typed.ts';
import { circle, error, label } from './error.ts';

/** Diagnostics about functions, arrows and blocks of commands. */

/** An arrow with effects that is called in an expression. */
export function impureInExpression(span: Span, name: string, effects: Effects): Diagnostic {
  const does = effects.writes
    ? 'changes the state'
    : effects.reads
      ? 'reads the state'
      : effects.clock
        ? 'reads the clock'
        : 'can fail';
  return error(
    'E0260',
    `\`${name}\` ${does}, so it is no function; feed it with \`-<\``,
    [label(span)],
    [`Expressions are pure. Write it as a command, and name what it gives: \`x <- ${name} -< …\`.`],
  );
}

/** `names` use each other in a circle, from the first; `uses` are the places, one for each. */
export function recursion(names: readonly string[], uses: readonly Span[]): Diagnostic {
  const { shown, more } = circle(names);
  const [first, ...others] = shown.map((name) => `\`${name}\``);
  const chain = [...others, ...(more ? ['…'] : []), first].join(', which uses ');
  const message =
    others.length === 0
      ? `${first} uses itself; there is no recursion`
      : `${first} uses ${chain}; there is no recursion`;
  return error(
    'E0261',
    message,
    circle(uses).shown.map((use, i) => label(use, i === 0 ? '' : 'and here')),
    [
      'Every step of a machine ends, so nothing is defined by itself. Work through a list by a built-in of `List`, or take one step with each input.',
    ],
  );
}

const LAMBDA_PLACE =
  'Functions are not stored, named or given back. Declare a `fun`, or write it where it is needed: `List.map(xs, x -> …)`.';

/** A function in place that is no argument. */
export function lambdaOutOfPlace(span: Span): Diagnostic {
  const message = 'a function in place stands only as an argument of a call';
  return error('E0233', message, [label(span)], [LAMBDA_PLACE]);
}

/** E0233: a function in place as the argument of what takes none; `due` is the type that is, where it is known. */
export function lambdaNotTaken(span: Span, name: string, due: string | null): Diagnostic {
  const help = due === null ? LAMBDA_PLACE : `It takes ${due}.`;
  return error('E0233', `\`${name}\` takes no function here`, [label(span)], [help]);
}

/** E0262: the state outside of a machine. */
export function stateOutsideMachine(span: Span, name: string): Diagnostic {
  return error(
    'E0262',
    `\`${name}\` uses the state of a machine, and this is outside of any`,
    [label(span)],
    ['Declare the arrow inside of the machine whose state it uses.'],
  );
}

/** `if` without `else`, where the output is more than `()`. */
export function missingElse(span: Span, type: string, place: Span): Diagnostic {
  return error(
    'E0263',
    `this \`if\` gives ${type}, and nothing where the condition is false`,
    [label(span), label(place, type)],
    [
      'Add an `else` that says what is to be done otherwise: `return` gives the value of its block, and does not leave the operation.',
    ],
  );
}

/** E0266: a `return` whose output is thrown away. */
export function lostReturn(span: Span): Diagnostic {
  return error(
    'E0266',
    'nobody takes the output of this `return`, and what follows runs all the same',
    [label(span)],
    [
      '`return` gives the output of its block; it does not end the operation. Put what follows into the `else`: `if … { return -< … } else { … }`.',
    ],
  );
}

/** E0264: the name of a function or arrow where a value is expected. */
export function functionAsValue(span: Span, name: string, isArrow: boolean): Diagnostic {
  const advice = isArrow
    ? `Feed it, \`x <- ${name} -< …\`, or call it, \`${name}(…)\`, where it is pure`
    : `Call it, \`${name}(…)\``;
  return error(
    'E0264',
    `\`${name}\` is ${isArrow ? 'an arrow' : 'a function'}, not a value`,
    [label(span)],
    [`${advice}; a function can not be stored or sent.`],
  );
}

/** Something that is called or fed, and is no function. */
export function notCallable(span: Span, name: string, what: string, help: string): Diagnostic {
  return error('E0264', `\`${name}\` is ${what}, not a function`, [label(span)], [help]);
}

/** E0264: `value.name(…)`; `instead` is the call that is meant, where it is known. */
export function noMethods(span: Span, text: string, instead: string | null): Diagnostic {
  const help =
    instead === null
      ? 'Values have no methods: a function is called by its name, and what it works on comes first.'
      : `Values have no methods. Write \`${instead}\`.`;
  return error('E0264', `\`${text}\` is no function`, [label(span)], [help]);
}

/** E0264: a constructor where a function is passed. */
export function constructorAsFunction(span: Span, name: string): Diagnostic {
  const help = `Write a function that uses it: \`x -> ${name}(x)\`.`;
  return error('E0264', `the constructor \`${name}\` is no function`, [label(span)], [help]);
}

/** Who calls operations. */
export const OPERATIONS =
  'It is an operation of this machine. Operations are called from outside of it; what several of them do stands in an `arrow` of the machine.';

/** E0264: an operation of the machine in one of its blocks. */
export function operationInside(span: Span, name: string): Diagnostic {
  return error('E0264', `\`${name}\` is an operation, and no arrow`, [label(span)], [OPERATIONS]);
}

/** E0260, E0265: a primitive with an effect in an expression, which `isConstant` says is a constant. */
export function primitiveInExpression(span: Span, name: string, isConstant: boolean): Diagnostic {
  const does = { get: 'reads the state', put: 'changes the state', now: 'reads the clock' }[name];
  if (does !== undefined) {
    const fed = name === 'put' ? '`put -< …`' : `\`x <- ${name}\``;
    const help = isConstant
      ? 'This is a constant: it is built of literals, pure functions and built-ins.'
      : `Expressions are pure. Write it as a command: ${fed}.`;
    return error(
      'E0260',
      isConstant
        ? `\`${name}\` ${does}, and a constant can not`
        : `\`${name}\` ${does}, so it is no function; feed it with \`-<\``,
      [label(span)],
      [help],
    );
  }
  return error(
    'E0265',
    '`fail` is an expression only in the clauses of an upgrade',
    [label(span)],
    ['In a block it is a command: `fail -< "why"`. A `fun` gives a `Result` where there may be none.'],
  );
}
