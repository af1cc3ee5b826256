import type { Diagnostic, Label, Span } from '@smc/protocol';
import { display } from '../types/type.ts';
import type { Type } from '../types/typed.ts';
import { definitionsThatDiffer } from './definitions.ts';
import { circle, error, label } from './error.ts';
import { notSupportedYet } from './unsupported.ts';

/** Diagnostics about upgrades: what changed between two versions of a machine. */

/** E0290: an upgrade between two machines. */
export function otherMachine(
  span: Span,
  oldName: string,
  newName: string,
  places: readonly [Span, Span],
): Diagnostic {
  return error(
    'E0290',
    `an upgrade leads from a machine to the same machine; \`${oldName}\` is not \`${newName}\``,
    [label(span), label(places[0], 'the old machine'), label(places[1], 'the new machine')],
    ['A machine keeps its name. Give both the same, or deploy the new one beside the old one.'],
  );
}

/** E0290: an upgrade from a declaration to itself. */
export function sameMachine(span: Span, name: string, place: Span): Diagnostic {
  return error(
    'E0290',
    `an upgrade leads from an older version of a machine; both sides name this \`${name}\``,
    [label(span), label(place, 'both sides')],
    [
      `Import the file of the version that runs, \`import "./older.sm" as old\`, and name it: \`old.${name}\`.`,
    ],
  );
}

const marked = (diagnostic: Diagnostic, ...labels: Label[]): Diagnostic => ({
  ...diagnostic,
  labels: [...diagnostic.labels, ...labels],
});

/** Two versions of a state of different types, and no clause that says how one becomes the other. */
export function derivedMigration(states: {
  readonly old: Type;
  readonly oldSpan: Span;
  readonly new: Type;
  readonly newSpan: Span;
}): Diagnostic {
  const [before, now] = [display(states.old), display(states.new)];
  return error(
    'E0190',
    'not supported yet: deriving a migration; write `state old -> …`',
    [label(states.newSpan, `now: ${now}`), label(states.oldSpan, `before: ${before}`)],
    [
      'The type of the state changed. In the upgrade, the clause `state old -> …` makes a new state of an old one, and `back new -> …` is the way back.',
      ...definitionsThatDiffer(states.old, states.new),
    ],
  );
}

/** Operations that the new version does not have any more; `span` is the head of the upgrade. */
export function removedOperations(
  span: Span,
  machine: { readonly name: string; readonly span: Span },
  removed: readonly { readonly name: string; readonly span: Span }[],
): Diagnostic {
  const { shown, more } = circle(removed);
  const list = [...shown.map(({ name }) => `\`${name}\``), ...(more ? ['…'] : [])].join(', ');
  const one = removed.length === 1;
  const found = notSupportedYet(
    span,
    `taking away ${one ? 'an operation' : 'operations'}; ${list} of \`${machine.name}\` ${one ? 'is' : 'are'} gone`,
    `Old clients still call ${one ? 'it' : 'them'}. Keep ${list}.`,
  );
  return marked(
    found,
    ...shown.map((operation) => label(operation.span, 'it was here')),
    label(machine.span, `not in the new version`),
  );
}

/** An operation whose parameters or reply are not those of the old version. */
export function changedOperation(change: {
  readonly span: Span;
  readonly name: string;
  /** `parameters` or `reply`, with what it was and is. */
  readonly what: 'parameters' | 'reply';
  readonly before: string;
  readonly after: string;
  readonly oldSpan: Span;
  /** Of the two types that differ. */
  readonly types: readonly [Type, Type];
}): Diagnostic {
  const { span, name, what, before, after, oldSpan, types } = change;
  const found = notSupportedYet(
    span,
    `changing the ${what} of an operation; \`${name}\` ${what === 'reply' ? 'replied' : 'took'} ${before}`,
    `Old clients still ${what === 'reply' ? 'expect' : 'send'} ${before}. Keep \`${name}\` as it was, and add an operation with another name.`,
  );
  return marked(
    {
      ...found,
      labels: [label(span, `now: ${after}`)],
      help: [...found.help, ...definitionsThatDiffer(...types)],
    },
    label(oldSpan, `before: ${before}`),
  );
}
