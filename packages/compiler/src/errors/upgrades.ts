import type { Diagnostic, Span } from '@smc/protocol';
import type { Type } from '../types/typed.ts';
import { definitionsThatDiffer } from './definitions.ts';
import { circle, error, label } from './error.ts';

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

/** E0290: an upgrade to a machine that is there as bytecode. */
export function toBytecode(span: Span, name: string, place: Span): Diagnostic {
  return error(
    'E0290',
    `an upgrade leads to a machine of this file; this \`${name}\` is bytecode`,
    [label(span), label(place, 'imported here')],
    ['Write the new version after `->`: it is compiled with its upgrade.'],
  );
}

/** E0290: a machine keeps its key. */
export function otherKey(span: Span, name: string, old: Span, now: Span): Diagnostic {
  return error(
    'E0290',
    `the key of \`${name}\` changed`,
    [label(span), label(old, 'before'), label(now, 'now')],
    [
      'A machine keeps its key type, and being keyed or not. Deploy the new one under another name, beside the old one.',
    ],
  );
}

/** Something that changed in no way that has one sensible answer. */
export function needsClause(change: {
  /** What changed, as a sentence. */
  readonly what: string;
  readonly old: Span;
  readonly new: Span;
  readonly types: readonly [Type, Type] | null;
  /** The clause that would say what becomes of it. */
  readonly clause: string;
  /** What may have been renamed, and to what. */
  readonly renamed: readonly [string, string] | null;
}): Diagnostic {
  const { what, types, clause, renamed } = change;
  return error(
    'E0403',
    `${what}, and no clause says what becomes of it`,
    [label(change.new, 'in the new version'), label(change.old, 'in the old version')],
    [
      `Say it in the upgrade: \`${clause}\`.`,
      ...(renamed === null
        ? []
        : [`If it is \`${renamed[0]}\` under a new name: \`rename ${renamed[0]} -> ${renamed[1]}\`.`]),
      ...(types === null ? [] : definitionsThatDiffer(...types)),
    ],
    [[...(renamed === null ? [] : [`rename ${renamed[0]} -> ${renamed[1]}`]), clause]],
  );
}

/** Operations that the new version does not have, and no clause says what old clients get. */
export function goneOperations(
  span: Span,
  machine: Span,
  gone: readonly { readonly name: string; readonly span: Span; readonly near: string | null }[],
): Diagnostic {
  const { shown, more } = circle(gone);
  const list = [...shown.map(({ name }) => `\`${name}\``), ...(more ? ['…'] : [])].join(', ');
  const isOne = gone.length === 1;
  const [{ name }] = gone;
  return error(
    'E0404',
    `${isOne ? 'the operation' : 'the operations'} ${list} ${isOne ? 'is' : 'are'} gone, and old clients still call ${isOne ? 'it' : 'them'}`,
    [
      label(span),
      ...shown.map((operation) => label(operation.span, 'it was here')),
      label(machine, 'not in the new version'),
    ],
    [
      `\`drop ${name}\` in the upgrade tells old clients that it is gone; \`on ${name}(…) -> New(…)\` serves them by another operation.`,
      ...shown.flatMap((operation) =>
        operation.near === null
          ? []
          : [`If it has a new name: \`rename ${operation.name} -> ${operation.near}\`.`],
      ),
    ],
    gone.map((operation) => [
      ...(operation.near === null ? [] : [`rename ${operation.name} -> ${operation.near}`]),
      `drop ${operation.name}`,
    ]),
  );
}

/** A clause about something that is not there. */
export function unknownSubject(span: Span, name: string, what: string, near: string | null): Diagnostic {
  return error(
    'E0405',
    `\`${name}\` is not ${what}${near === null ? '' : `; did you mean \`${near}\`?`}`,
    [label(span)],
    ['A clause of an upgrade speaks of something that changed between the two versions.'],
  );
}

/** Two clauses that say the same thing. */
export function clauseTwice(span: Span, first: Span): Diagnostic {
  return error(
    'E0406',
    'another clause says what becomes of this',
    [label(span), label(first, 'the first one')],
    ['Keep one of them.'],
  );
}

/** A name that is both an operation and a type. */
export function ambiguousSubject(span: Span, name: string): Diagnostic {
  return error(
    'E0407',
    `\`${name}\` is an operation and a type of the old version: it is not clear which is renamed`,
    [label(span)],
    ['Rename one of the two at a time, in two upgrades.'],
  );
}

/** A clause for an operation whose parameters are not those of the operation. */
export function clauseParameters(span: Span, name: string, expected: number, given: number): Diagnostic {
  const count = (n: number): string => (n === 1 ? 'one parameter' : `${n} parameters`);
  return error(
    'E0408',
    `\`${name}\` has ${count(expected)}, and the clause names ${given}`,
    [label(span)],
    ['Name each, in the declared order; `_` for what is not needed.'],
  );
}

/** A constructor is not dropped. */
export function droppedConstructor(span: Span, type: string, constructor: string): Diagnostic {
  return error(
    'E0409',
    `the constructor \`${constructor}\` can not be dropped: values of it are there`,
    [label(span)],
    [`Say what becomes of them: \`${type} old -> case old { … }\`.`],
  );
}

/** An adapter between equal interfaces. */
export function needlessAdapter(span: Span): Diagnostic {
  return error(
    'E0410',
    'both versions have the same interface: old and new clients can not be told apart',
    [label(span)],
    ['Leave the clause out. What changed is behind the interface.'],
  );
}
