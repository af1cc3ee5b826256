import type { Diagnostic, Span } from '@smc/protocol';
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
 * Part of the old state is gone, and nothing accounts for it; `path` as in `state.note`, `renames`
 * names that it may have now, `message` the judge's, where it is to be told.
 */
export function lossyUpgrade(
  places: JudgedPlaces,
  path: string,
  renames: readonly string[],
  message: string | null,
): Diagnostic {
  // Constructors start in upper case: what is lost of one is its argument.
  const isConstructor = /(?:^|\.)[A-Z][^.]*$/.test(path);
  const subject = path.replace(/^state\./, '');
  const { shown } = circle(renames);
  const what = `${isConstructor ? 'the argument of ' : ''}\`${path}\``;
  const here = label(places.old, 'it is here in the old version');
  const isWritten = !sameSpan(places.main, places.new);
  const drop = `say that it is to be lost: \`drop ${subject}\``;
  return error(
    'E0402',
    `${what} of the old version would be lost: ${isWritten ? 'the migration does not read it' : 'nothing in the new version takes it over'}`,
    isWritten
      ? [label(places.main, 'this does not read it'), here, label(places.new, 'the new version')]
      : [label(places.main, 'the new version'), here],
    [
      isWritten ? `Read it in the migration, or ${drop}.` : `In an upgrade, ${drop}.`,
      ...shown.map((name) => `If it is \`${name}\` now: \`rename ${subject} -> ${name}\`.`),
      ...(message === null || !isWritten ? [] : [`A node would say: ${message}.`]),
    ],
    [[...shown.map((name) => `rename ${subject} -> ${name}`), `drop ${subject}`]],
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

/** An upgrade leads to a machine that is not in the bundle of its file. */
export function upgradeOfImported(span: Span, name: string, machine: Span): Diagnostic {
  return error(
    'E0401',
    `the upgrade leads to \`${name}\` of another file`,
    [label(span), label(machine, 'it leads here')],
    ['Write the upgrade into the file of the new version.'],
  );
}
