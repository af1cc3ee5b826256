import { showPath, type Diagnostic, type Span } from '@smc/protocol';
import type { PartSubject } from '../types/typed.ts';
import { circle, error, label, sameSpan } from './error.ts';

/** Diagnostics about upgrades that a node would refuse. */

/** The places of what the judge refused, in both versions. */
export interface JudgedPlaces {
  /** The conversion, or the upgrade where none is written. */
  readonly main: Span;
  readonly old: Span;
  readonly new: Span;
}

/**
 * Part of the old state or of an old request is gone, and nothing accounts for it; `path` as the judge
 * has it, `message` the judge's, where it is to be told.
 */
export function lossyUpgrade(
  places: JudgedPlaces,
  path: readonly string[],
  { drop, renames, places: declared }: PartSubject,
  message: string | null,
): Diagnostic {
  // Constructors start in upper case: what is lost of one is its argument.
  const isConstructor = path.length > 1 && /^[A-Z]/.test(path[path.length - 1]);
  const what = `${isConstructor ? 'the argument of ' : ''}\`${showPath(path)}\``;
  const reader = path[0] === 'state' ? 'the migration' : `the adapter of \`${path[0]}\``;
  const { shown } = circle(renames);
  const here = label(places.old, 'it is here in the old version');
  const isWritten = !sameSpan(places.main, places.new);
  const reading = isWritten ? `Read it in ${reader}` : 'Write the migration, `state old -> …`';
  const dropping = `say that it is to be lost: \`drop ${drop}\``;
  const clauses = [...shown, ...(drop === null ? [] : [`drop ${drop}`])];
  return error(
    'E0402',
    `${what} of the old version would be lost: ${isWritten ? `${reader} does not read it` : 'nothing in the new version takes it over'}`,
    [
      ...(isWritten
        ? [label(places.main, 'this does not read it'), here, label(places.new, 'the new version')]
        : [label(places.main, 'the new version'), here]),
      ...declared.map((place) => label(place, 'its type')),
    ],
    [
      drop === null
        ? `${reading}.`
        : isWritten
          ? `${reading}, or ${dropping}.`
          : `In an upgrade, ${dropping}.`,
      ...shown.map((clause) => `If it has a new name: \`${clause}\`.`),
      ...(message === null || !isWritten ? [] : [`A node would say: ${message}.`]),
    ],
    clauses.length === 0 ? [] : [clauses],
  );
}

/** What is lost beside what is told one by one; `clauses` would settle each. */
export function moreLost(
  places: JudgedPlaces,
  count: number,
  clauses: readonly (readonly string[])[],
): Diagnostic {
  return error(
    'E0402',
    `… and ${count} more ${count === 1 ? 'part' : 'parts'} of the old version would be lost`,
    [label(places.main), label(places.old, 'the first of them'), label(places.new, 'the new version')],
    ['What is said of those above goes for them, too. `smc diff` lists the clauses.'],
    clauses.filter((each) => each.length > 0),
  );
}

/** The judge refuses for a reason that has no message of its own. */
export function refusedUpgrade(places: JudgedPlaces, message: string): Diagnostic {
  return error(
    'E0401',
    message,
    [label(places.main), label(places.old, 'the old version'), label(places.new, 'the new version')],
    ['A node would refuse this upgrade.'],
  );
}

/** Both versions have the same code: sent twice, the upgrade would happen twice. */
export function unchangedUpgrade(places: JudgedPlaces, name: string): Diagnostic {
  return error(
    'E0401',
    `both versions of \`${name}\` have the same code: there is nothing to upgrade`,
    [label(places.main), label(places.old, 'the old version'), label(places.new, 'the new version')],
    ['Leave the upgrade out. A migration of the state alone goes with a change of the machine.'],
  );
}

/** An upgrade leads to a machine that is not in the bundle of its file. */
export function upgradeOfImported(span: Span, name: string, machine: Span): Diagnostic {
  return error(
    'E0401',
    `the upgrade leads to \`${name}\` of another file`,
    [label(span), label(machine, 'it leads here')],
    ['Write the upgrade into the file of the new version.'],
  );
}
