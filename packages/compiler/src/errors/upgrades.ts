import type { Diagnostic, Label, Span } from '@smc/protocol';
import { display } from '../types/type.ts';
import type { Type } from '../types/typed.ts';
import { definitionsThatDiffer } from './definitions.ts';
import { error, label } from './error.ts';
import { notSupportedYet } from './unsupported.ts';

/** Diagnostics about upgrades: what changed between two versions of a machine. */

export function otherMachine(span: Span, oldName: string, newName: string, places: readonly [Span, Span]): Diagnostic {
  return error(
    'E0290',
    `an upgrade leads from a machine to the same machine; \`${oldName}\` is not \`${newName}\``,
    [label(span), label(places[0], 'the old machine'), label(places[1], 'the new machine')],
    ['A machine keeps its name. Give both the same, or deploy the new one beside the old one.'],
  );
}

const marked = (diagnostic: Diagnostic, ...labels: Label[]): Diagnostic => ({
  ...diagnostic,
  labels: [...diagnostic.labels, ...labels],
});

/** Two versions of a state of different types, and no clause that says how one becomes the other. */
export function derivedMigration(
  span: Span,
  states: { readonly old: Type; readonly oldSpan: Span; readonly new: Type; readonly newSpan: Span },
): Diagnostic {
  const found = notSupportedYet(
    span,
    'deriving a migration; write `state old -> …`',
    `The state was ${display(states.old)}, and is ${display(states.new)} now. Add the clause \`state old -> …\`, which makes a new state of an old one, and \`back new -> …\` for the way back.`,
  );
  return marked(
    { ...found, help: [...found.help, ...definitionsThatDiffer(states.old, states.new)] },
    label(states.oldSpan, `before: ${display(states.old)}`),
    label(states.newSpan, `now: ${display(states.new)}`),
  );
}

/** An operation that the new version does not have any more. */
export function removedOperation(span: Span, name: string, machine: string, places: readonly [Span, Span]): Diagnostic {
  const found = notSupportedYet(
    span,
    `taking away an operation; \`${name}\` of \`${machine}\` is gone`,
    `Old clients still call it. Keep the operation \`${name}\`.`,
  );
  return marked(found, label(places[0], 'it was here'), label(places[1], 'the new version has none of this name'));
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
