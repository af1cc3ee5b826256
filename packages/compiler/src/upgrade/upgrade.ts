import { fingerprints, judge, sameOperation, showPath } from '@smc/protocol';
import type { Checked, Image, Judgement, Span, Upgrade } from '@smc/protocol';
import { emitUpgrade } from '../emit/emit.ts';
import type { UpgradeTerms } from '../combinators/term.ts';
import { refusedUpgrade, unchangedUpgrade } from '../errors/judgement.ts';
import { needlessDrop } from '../errors/upgrades.ts';
import type { JudgedPlaces } from '../errors/judgement.ts';
import { type LostPart, lossyUpgrades, placeOf } from './lost.ts';
import type { TypedConversion, TypedUpgrade, TypedWay } from '../types/typed.ts';

/** The record of an upgrade, judged here as the node will judge it. */

/**
 * The upgrade with operations as they are where both images have the same one: only images have
 * the values of defaults. What a clause says of one stays.
 */
export function withIdentities(node: TypedUpgrade, old: Image, next: Image): TypedUpgrade {
  const isSame = (name: string): boolean => {
    const [before, after] = [old, next].map(({ operations }) =>
      operations.find((operation) => operation.name === name),
    );
    return before !== undefined && after !== undefined && sameOperation(old, before, next, after);
  };
  const settled = (way: TypedWay): TypedWay => {
    const isDerived = way.kind === 'adapter' && way.isSame && !way.isWritten;
    return isDerived && isSame(way.name) ? { kind: 'identity', name: way.name } : way;
  };
  return {
    ...node,
    operations: node.operations.map(settled),
    backOperations: node.backOperations.map(settled),
  };
}

/** The record that leads from the old image to the new one, whose index in the bundle is `image`. */
export function makeUpgrade(
  node: TypedUpgrade,
  terms: UpgradeTerms,
  old: Image,
  next: Image,
  image: number,
): Checked<{ readonly upgrade: Upgrade; readonly judgement: Judgement }> {
  const upgrade: Upgrade = {
    machine: old.name,
    old: fingerprints(old),
    oldEmit: old.emit,
    image,
    unit: emitUpgrade(terms),
    migration: terms.migration,
    back: terms.back,
    operations: terms.operations,
    backOperations: terms.backOperations,
    clauses: terms.clauses,
  };
  if (upgrade.old.code === fingerprints(next).code)
    return { ok: false, diagnostics: [unchangedUpgrade(placesOf(node, ['state']), node.new.name)] };
  const judgement = judge(old, next, upgrade);
  if (judgement.ok) return { ok: true, value: { upgrade, judgement }, diagnostics: [] };
  if (judgement.needless !== undefined) {
    const { needless } = judgement;
    const diagnostics = needlessDrops(node, needless).map(needlessDrop);
    if (diagnostics.length > 0) return { ok: false, diagnostics };
    // Of a clause for a type with parameters some are needed: the node is told those.
    const isNeeded = (_: unknown, i: number): boolean => !needless.includes(i);
    const needed = { ...terms, clauses: terms.clauses.filter(isNeeded) };
    return makeUpgrade({ ...node, clauses: node.clauses.filter(isNeeded) }, needed, old, next, image);
  }
  const { path, lost, message } = judgement;
  if (lost === undefined) return { ok: false, diagnostics: [refusedUpgrade(placesOf(node, path), message)] };
  // What one clause would settle is said once. One for a type would cover the state, too.
  const parts = lost.map((each) => ({ path: each, subject: node.subjectOf(each) }));
  const ofState = new Set(parts.flatMap((each) => (each.path[0] === 'state' ? each.subject.drop : [])));
  const settled = new Map<string, LostPart>();
  for (const part of parts) {
    const { drop, whole } = part.subject;
    const clause = ofState.has(drop) ? drop : whole;
    const key = clause ?? showPath(part.path);
    if (!settled.has(key)) settled.set(key, { ...part, subject: { ...part.subject, drop: clause } });
  }
  return {
    ok: false,
    diagnostics: lossyUpgrades(
      { old: node.old, new: node.new, conversionAt: (path) => conversionOf(node, path).span },
      [...settled.values()],
      message,
    ),
  };
}

/** Drops that give up nothing; several are made of one where a type has type parameters. */
function needlessDrops({ clauses }: TypedUpgrade, needless: readonly number[]): readonly Span[] {
  const isNeedless = (i: number): boolean => needless.includes(i);
  const places = new Set(clauses.filter(({ kind }) => kind === 'drop').map(({ span }) => span));
  return [...places].filter((place) => clauses.every(({ span }, i) => span !== place || isNeedless(i)));
}

function placesOf(node: TypedUpgrade, path: readonly string[]): JudgedPlaces {
  return {
    main: conversionOf(node, path).span,
    old: placeOf(node.old, path),
    new: node.new.nameSpan,
  };
}

/** What converts a part of the old version: an adapter, or the migration. */
function conversionOf({ migration, operations }: TypedUpgrade, [first]: readonly string[]): TypedConversion {
  const way = operations.find(({ name }) => name === first);
  return way?.kind === 'adapter' ? way.request : migration;
}
