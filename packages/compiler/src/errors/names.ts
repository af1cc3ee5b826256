import type { Diagnostic, Span } from '@smc/protocol';
import { error, label } from './error.ts';
import { insteadOf } from './foreign.ts';

/** Diagnostics about names: what is not known, and what is there twice. */

const didYouMean = (suggestion: string | null): string =>
  suggestion === null ? '' : `; did you mean \`${suggestion}\`?`;

/** A value, function or arrow that is not known. `hint` says more than the nearest name could. */
export function unknownName(span: Span, name: string, near: string | null, hint: string | null): Diagnostic {
  const instead = hint ?? insteadOf('value', name);
  const suggestion = instead === null ? near : null;
  const help =
    instead ??
    (suggestion === null
      ? 'Declare it with `let`, or as a parameter, a `fun` or an `arrow`.'
      : `The name \`${suggestion}\` is known here.`);
  return error(
    'E0201',
    `\`${name}\` is not known here${didYouMean(suggestion)}`,
    [label(span, 'not known')],
    [help],
  );
}

/** What to do where a name stands for the state that was not read. */
export const stateNotRead = (name: string): string =>
  `If it stands for the state, read that first: \`${name} <- get\`.`;

/** E0202: a field that is not there. */
export function unknownField(
  span: Span,
  name: string,
  record: string,
  suggestion: string | null,
  recordSpan: Span | null,
): Diagnostic {
  const labels = [label(span, 'no such field')];
  if (recordSpan !== null) labels.push(label(recordSpan, record));
  return error('E0202', `there is no field \`${name}\`${didYouMean(suggestion)}`, labels, [
    `The record is ${record}.`,
  ]);
}

/** E0203: a type that is not known; `file` is that of the import it would be of, if it is. */
export function unknownType(span: Span, name: string, near: string | null, file: string | null): Diagnostic {
  const instead = insteadOf('type', name);
  const suggestion = instead === null ? near : null;
  const help =
    suggestion === null
      ? file === null
        ? `Declare it, \`type ${name} = …\`, or import the file that does.`
        : `There is no type of this name in ${file}; what that file imports itself is not handed on.`
      : `The type \`${suggestion}\` is known here.`;
  const message = `the type \`${name}\` is not known${didYouMean(suggestion)}`;
  return error('E0203', message, [label(span)], [instead ?? help]);
}

/** `where` is the declaration, `parameters` its type variables, where it can have some; `meant` a type of nearly this name. */
export function unknownTypeVariable(
  span: Span,
  name: string,
  where: string,
  parameters: readonly string[] | null,
  meant: string | null,
): Diagnostic {
  const help =
    (meant === null ? insteadOf('type', name) : null) ??
    (meant !== null
      ? 'The names of types start with a capital letter; one in lower case stands for any type.'
      : parameters !== null
        ? `Declare it after the name: \`${where}<${[...parameters, name].join(', ')}>\`. (The names of types start with a capital letter.)`
        : `Types of ${where} are written out: only a \`fun\` or an \`arrow\` has type variables. (The names of types start with a capital letter.)`);
  return error(
    'E0203',
    `the type variable \`${name}\` is not declared${didYouMean(meant)}`,
    [label(span)],
    [help],
  );
}

/** E0205: a constructor that is not known. */
export function unknownConstructor(
  span: Span,
  name: string,
  near: string | null,
  hint: string | null,
): Diagnostic {
  const instead = hint ?? insteadOf('constructor', name);
  const suggestion = instead === null ? near : null;
  return error(
    'E0205',
    `the constructor \`${name}\` is not known${didYouMean(suggestion)}`,
    [label(span)],
    [
      instead ??
        (suggestion === null
          ? `Declare it as part of a type: \`type T = ${name} | …\`.`
          : `The constructor \`${suggestion}\` is known here.`),
    ],
  );
}

/** E0206: a machine that is not known. */
export function unknownMachine(
  span: Span,
  name: string,
  where: string,
  suggestion: string | null,
): Diagnostic {
  return error(
    'E0206',
    `there is no machine \`${name}\` in ${where}${didYouMean(suggestion)}`,
    [label(span)],
    [
      suggestion === null
        ? 'Names of machines are as declared with `machine`; one of an imported file takes its alias before it.'
        : `There is a machine \`${suggestion}\`.`,
    ],
  );
}

/** E0207: an operation that is not known. */
export function unknownOperation(
  span: Span,
  name: string,
  machine: string,
  machineSpan: Span,
  suggestion: string | null,
): Diagnostic {
  return error(
    'E0207',
    `\`${machine}\` has no operation \`${name}\`${didYouMean(suggestion)}`,
    [label(span), label(machineSpan, 'this machine')],
    [`Declare it in the machine, \`on ${name} { … }\`, or use one that it has.`],
  );
}

/** E0208: an import that is not known. */
export function unknownImport(span: Span, alias: string, suggestion: string | null): Diagnostic {
  return error(
    'E0208',
    `nothing is imported as \`${alias}\`${didYouMean(suggestion)}`,
    [label(span)],
    [
      alias === 'get' || alias === 'state'
        ? 'The state is read first, `s <- get`; its fields are then `s.name`.'
        : `Import a file under this name: \`import "./file.sm" as ${alias}\`.`,
    ],
  );
}

/** `what` with its article: `the operation`, `the field`. */
export function duplicate(span: Span, what: string, name: string, first: Span): Diagnostic {
  return error(
    'E0209',
    `${what} \`${name}\` is declared twice`,
    [label(span, 'declared again'), label(first, 'first declared here')],
    ['Rename one of them, or take it out.'],
  );
}

/** What an expression or a pattern gives twice: `what` is `the field`, `the argument`. */
export function givenTwice(span: Span, what: string, name: string, first: Span): Diagnostic {
  return error(
    'E0209',
    `${what} \`${name}\` is given twice`,
    [label(span, 'given again'), label(first, 'first given here')],
    ['Take one of them out.'],
  );
}

/** E0202: a named argument that a constructor or an operation does not take; `known` are those that it does. */
export function unknownArgument(
  span: Span,
  name: string,
  what: string,
  known: readonly string[],
  suggestion: string | null,
): Diagnostic {
  const list = known.map((each) => `\`${each}\``).join(', ');
  return error(
    'E0202',
    `${what} has no argument \`${name}\`${didYouMean(suggestion)}`,
    [label(span, 'no such argument')],
    [known.length === 0 ? 'It takes none.' : `It takes ${list}.`],
  );
}

/** E0210: a name that is built in. */
export function reservedName(span: Span, what: string, name: string): Diagnostic {
  return error(
    'E0210',
    `${what} \`${name}\` is built in`,
    [label(span)],
    ['What is built in can not be declared again: choose another name.'],
  );
}

/** A local variable that is around a `proc`, in the `proc`. */
export function hiddenLocal(span: Span, name: string, declared: Span): Diagnostic {
  return error(
    'E0211',
    `\`${name}\` is not known here: a \`proc\` sees only what is fed to it`,
    [label(span), label(declared, 'the local value')],
    [`Feed it in with the rest: \`proc (x, ${name}) { … } -< (x, ${name})\`.`],
  );
}

/** E0201: a parameter in the default of another one. */
export function parameterInDefault(span: Span, name: string, declared: Span): Diagnostic {
  return error(
    'E0201',
    `the parameter \`${name}\` is not known in a default`,
    [label(span, 'not known'), label(declared, 'the parameter')],
    [
      'A default is the same for each input. Where it depends on another argument, take an `Option<…>` with the default `None`, and choose by `case` in the operation.',
    ],
  );
}

/** A local variable where an arrow stands, left of `-<`. */
export function localInArrow(span: Span, name: string, declared: Span): Diagnostic {
  return error(
    'E0211',
    `\`${name}\` is a local value, and no arrow`,
    [label(span), label(declared, 'the local value')],
    [
      `A command is an arrow, and what it is fed stands right of \`-<\`: \`return -< ${name}\` gives the value.`,
    ],
  );
}

/** E0201: the key of a machine in a constant, which is the same for all keys. */
export function keyInConstant(span: Span, name: string, declared: Span): Diagnostic {
  return error(
    'E0201',
    `the key \`${name}\` is not known in a constant`,
    [label(span, 'not known'), label(declared, 'the key')],
    [
      'Initial values and defaults are the same for each key. The key is known in operations, arrows and invariants.',
    ],
  );
}
