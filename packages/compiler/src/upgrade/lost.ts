import type { Diagnostic, Span } from '@smc/protocol';
import { type JudgedPlaces, lossyUpgrade, moreLost } from '../errors/judgement.ts';
import { TOLD_MAX } from '../errors/upgrades.ts';
import type { MachineSignature, PartSubject } from '../types/typed.ts';

/** Parts of the old version that an upgrade would lose. */

/** A part of the old version that nothing takes over. */
export interface LostPart {
  /** As the judge has it. */
  readonly path: readonly string[];
  readonly subject: PartSubject;
}

/** Both versions of a machine, and what converts its parts. */
export interface Versions {
  readonly old: MachineSignature;
  readonly new: MachineSignature;
  readonly conversionAt: (path: readonly string[]) => Span;
}

/** What is lost, one by one as far as it is shown; `message` is the judge's of the first, where it said one. */
export function lossyUpgrades(
  versions: Versions,
  parts: readonly LostPart[],
  message: string | null,
): readonly Diagnostic[] {
  const shown = parts
    .slice(0, TOLD_MAX)
    .map(({ path, subject }, i) =>
      lossyUpgrade(placesOf(versions, path), path, subject, i === 0 ? message : null),
    );
  const rest = parts.slice(TOLD_MAX);
  if (rest.length === 0) return shown;
  const clauses = rest.map(({ subject: { drop, renames } }) => [
    ...renames.slice(0, 1),
    ...(drop === null ? [] : [`drop ${drop}`]),
  ]);
  return [...shown, moreLost(placesOf(versions, rest[0].path), rest.length, clauses)];
}

const placesOf = ({ old, new: next, conversionAt }: Versions, path: readonly string[]): JudgedPlaces => ({
  main: conversionAt(path),
  old: placeOf(old, path),
  new: next.nameSpan,
});

/** Where a part of a machine is declared: an operation, or a field of its state. */
export function placeOf(machine: MachineSignature, path: readonly string[]): Span {
  const { operations, nameSpan, statePlaces, stateSpan } = machine;
  const [first, second] = path;
  if (first !== 'state') return operations.find(({ name }) => name === first)?.span ?? nameSpan;
  return statePlaces.get(second ?? '') ?? stateSpan;
}
