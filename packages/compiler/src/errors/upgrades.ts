import type { Diagnostic, Span } from '@smc/protocol';
import type { Type } from '../types/typed.ts';
import { display } from '../types/type.ts';
import { definitionsThatDiffer } from './definitions.ts';
import { circle, error, label } from './error.ts';

/** Diagnostics about upgrades: what changed between two versions of a machine. */

/** At most this many parts of one upgrade are told one by one. */
export const TOLD_MAX = 20;

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
  /** Where the type is declared that the clause is for. */
  readonly places: readonly Span[];
  readonly types: readonly [Type, Type] | null;
  /** The clause that would say what becomes of it. */
  readonly clause: string;
  /** Whether a clause says it of the other direction, so that `what` tells all. */
  readonly isOneWay: boolean;
  /** Whether it is the end of a clause that is there. */
  readonly isContinued: boolean;
  /** The clause for the other direction, where there is one. */
  readonly back: string | null;
  /** The field or parameter that may have a default instead. */
  readonly takesDefault: string | null;
  /** A type whose conversion would be one of this, too, since both are one by their structure. */
  readonly shared: string | null;
  /** Clauses for what may have been renamed. */
  readonly renames: readonly string[];
}): Diagnostic {
  const { what, types, clause, back, takesDefault, shared } = change;
  const { shown } = circle(change.renames);
  return error(
    'E0403',
    change.isOneWay ? what : `${what}, and no clause says what becomes of it`,
    [
      label(change.new, 'in the new version'),
      label(change.old, 'in the old version'),
      ...change.places.map((place) => label(place, 'its type')),
    ],
    [
      `Say it ${change.isContinued ? 'at the end of its clause' : 'in the upgrade'}: \`${clause}\`${back === null ? '' : `, and for old clients and the way back \`${back}\``}.`,
      ...(shared === null
        ? []
        : [
            `Or, in place of the rename, write one conversion of both: \`${shared} old -> { … }\`, and \`back ${shared} new -> { … }\`.`,
          ]),
      ...(takesDefault === null
        ? []
        : [`Or give it a default where it is declared: \`${takesDefault}: … = …\`.`]),
      ...shown.map((rename) => `If it has a new name: \`${rename}\`.`),
      ...(types === null ? [] : definitionsThatDiffer(...types)),
    ],
    [[...shown, ...(change.isContinued ? [] : [clause])]].filter((each) => each.length > 0),
  );
}

/** What is needed beside what is told one by one; `clauses` would settle each. */
export function moreNeeded(span: Span, machine: Span, clauses: readonly (readonly string[])[]): Diagnostic {
  const isOne = clauses.length === 1;
  return error(
    'E0403',
    `… and ${clauses.length} more ${isOne ? 'part' : 'parts'} changed, and no clause says what becomes of ${isOne ? 'it' : 'them'}`,
    [label(span), label(machine, 'the new version')],
    ['What is said of those above goes for them, too. `smc diff` lists the clauses.'],
    clauses,
  );
}

/** Operations that the new version does not have, and no clause says what old clients get. */
export function goneOperations(
  span: Span,
  machine: Span,
  gone: readonly {
    readonly name: string;
    readonly span: Span;
    /** Clauses for what it may be called now. */
    readonly renames: readonly string[];
    /** Whether a rename gave its name to another operation. */
    readonly isTaken: boolean;
  }[],
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
      label(machine, gone.some(({ isTaken }) => isTaken) ? 'the new version' : 'not in the new version'),
    ],
    [
      `\`drop ${name}\` in the upgrade tells old clients that it is gone; \`on ${name}(…) -> New(…)\` serves them by another operation.`,
      ...shown.flatMap(({ name: own, isTaken }) =>
        isTaken ? [`\`${own}\` of the new version is another one, which a rename leads to.`] : [],
      ),
      ...shown.flatMap((operation) =>
        circle(operation.renames).shown.map((rename) => `If it has a new name: \`${rename}\`.`),
      ),
    ],
    gone.map((operation) => [...circle(operation.renames).shown, `drop ${operation.name}`]),
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

/** A rename of a part inside the state, by its place; `type` is what the record or sum is declared as. */
export function renamedInside(
  span: Span,
  place: string,
  part: string,
  target: string,
  type: string | null,
): Diagnostic {
  const [field] = place.split('.');
  return error(
    'E0405',
    `\`${place}\` is inside a field of the state: a rename speaks of a field of the state itself, or of a declared type`,
    [label(span)],
    [
      type === null
        ? `Its record has no name. Convert the field: \`state.${field} old -> …\`.`
        : `Name its type: \`rename ${type}.${part} -> ${target}\`.`,
    ],
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

/** Two renames to one name: two things would become one. */
export function renamedToOne(span: Span, name: string, first: Span): Diagnostic {
  return error(
    'E0406',
    `something else is \`${name}\` now: two would become one`,
    [label(span), label(first, 'by this clause')],
    [
      'Keep one of them, and write a conversion by hand for the other: `Type old -> …`, or `state.field old -> …`.',
    ],
  );
}

/** A constructor under the name of another one, which is still there. */
export function mergedConstructors(span: Span, type: string, source: string, target: string): Diagnostic {
  return error(
    'E0406',
    `\`${target}\` is a constructor of the old \`${type}\` already: \`${source}\` and it would become one`,
    [label(span)],
    [
      `Write the conversion by hand, \`${type} old -> case old { … }\`, and the way back, \`back ${type} new -> case new { … }\`.`,
    ],
  );
}

/** A name that is both of an operation and of a type. */
export function ambiguousSubject(span: Span, name: string, target: string): Diagnostic {
  return error(
    'E0407',
    `\`${name}\` is of an operation and of a type of the old version: it is not clear which is renamed`,
    [label(span)],
    [
      name.includes('.')
        ? `For the parameter, write how old clients are served: \`on ${name.split('.')[0]}(…) -> …\`. For the field, write the conversion of the type.`
        : `For the operation, write \`on ${name}(…) -> ${target}(…)\`. The type can be renamed in an upgrade after it.`,
    ],
  );
}

/** A conversion of one type, where the name stands for several. */
export function severalTypes(span: Span, name: string): Diagnostic {
  return error(
    'E0405',
    `\`${name}\` stands for several types, and a clause converts one`,
    [label(span)],
    ['Convert the fields that have it: `state.field old -> …`.'],
  );
}

/** A conversion of another name for a type that is nobody's own. */
export function convertedAlias(span: Span, name: string, type: Type): Diagnostic {
  const shown = display(type);
  return error(
    'E0405',
    `\`${name}\` is another name for ${shown}: a clause for it would convert every ${shown}`,
    [label(span)],
    [
      'Convert the fields that are meant: `state.field old -> …`.',
      `Or make it a type of its own, \`type ${name} = ${name}(${shown})\`, and convert to that.`,
    ],
  );
}

/** A clause that changes nothing in the upgrade; `noWayBack` where it could only have a part in that. */
export function withoutEffect(span: Span, noWayBack: boolean): Diagnostic {
  return error(
    'E0405',
    noWayBack
      ? 'this clause has no effect: there is no way back that it could be a part of'
      : 'this clause has no effect: nothing is left for it to say',
    [label(span)],
    [
      noWayBack
        ? 'Where the migration is written, or a field of it, the way back is written too: `back new -> …`. Or leave the clause out.'
        : 'What it speaks of is converted by another clause, or is not in what is converted. Leave it out.',
    ],
  );
}

/** A drop of something that is not lost. */
export function needlessDrop(span: Span): Diagnostic {
  return error(
    'E0405',
    'nothing is lost here: this clause has no effect',
    [label(span)],
    ['What it speaks of is kept, or another clause gives it up. Leave it out.'],
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

/** A machine that changed since it was deployed, and no upgrade leads from there. */
export function forgottenUpgrade(span: Span, name: string, deployed: Span, alias: string): Diagnostic {
  return error(
    'E0411',
    `\`${name}\` is not what was deployed last, and no upgrade leads from there`,
    [label(span), label(deployed, 'what was deployed')],
    [
      `Write \`upgrade ${alias}.${name} -> ${name} {}\`: what is left out of it is derived. \`smc diff deployed FILE\` shows what that is.`,
    ],
  );
}

/** A clause of the upgrade that led to what is deployed. */
export function carriedOutClause(span: Span): Diagnostic {
  return error(
    'E0412',
    'this clause has been carried out: it led to what is deployed',
    [label(span)],
    [
      'Take it away. If it is meant once more, write it in another way: parentheses around its expression, or a conversion in the place of a rename.',
    ],
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

/** An adapter between equal interfaces; `operation` where a clause makes one without naming it. */
export function needlessAdapter(span: Span, operation: string | null): Diagnostic {
  return error(
    'E0410',
    'both versions have the same interface: old and new clients can not be told apart',
    [label(span, operation === null ? undefined : `changes what \`${operation}\` means`)],
    [
      operation === null
        ? 'Leave the clause out. What changed is behind the interface.'
        : `Convert the state alone, \`state.field old -> …\`; or change \`${operation}\`, so that both can be told apart: another name of a type, a parameter or an operation.`,
    ],
  );
}
