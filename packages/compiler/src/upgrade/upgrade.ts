import { fingerprints, judge, sameOperation, showPath } from '@smc/protocol';
import type { Checked, Image, Judgement, Span, Upgrade } from '@smc/protocol';
import { emitUpgrade } from '../emit/emit.ts';
import type { UpgradeTerms } from '../combinators/term.ts';
import { lossyUpgrade, refusedUpgrade } from '../errors/judgement.ts';
import type { JudgedPlaces } from '../errors/judgement.ts';
import { prune } from '../types/type.ts';
import type { MachineSignature, TypedUpgrade, TypedWay } from '../types/typed.ts';
import { differ } from '../types/unify.ts';

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
    const isDerived = way.kind === 'adapter' && way.to === way.name && !way.isWritten;
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
    clauses: node.clauses,
  };
  const judgement = judge(old, next, upgrade);
  if (judgement.ok) return { ok: true, value: { upgrade, judgement }, diagnostics: [] };
  const { path, lost, message } = judgement;
  if (lost === undefined) return { ok: false, diagnostics: [refusedUpgrade(placesOf(node, path), message)] };
  const diagnostics = lost.map((each, i) =>
    lossyUpgrade(placesOf(node, each), showPath(each), renamesOf(node, each), i === 0 ? message : null),
  );
  return { ok: false, diagnostics };
}

/** Fields of the new state that what is lost may have become: new ones of the same type. */
function renamesOf(
  { old, new: next }: TypedUpgrade,
  [first, name, ...rest]: readonly string[],
): readonly string[] {
  const [before, after] = [prune(old.state), prune(next.state)];
  if (first !== 'state' || rest.length > 0 || before.kind !== 'record' || after.kind !== 'record') return [];
  const own = before.fields.find((field) => field.name === name);
  const added = after.fields.filter((field) => !before.fields.some((each) => each.name === field.name));
  return added.filter(({ type }) => own !== undefined && !differ(type, own.type)).map((field) => field.name);
}

function placesOf(node: TypedUpgrade, path: readonly string[]): JudgedPlaces {
  return {
    main: node.migration.span,
    old: placeOf(node.old, path),
    new: node.new.nameSpan,
  };
}

/** Where a part of a machine is declared: an operation, or a field of its state. */
function placeOf(machine: MachineSignature, path: readonly string[]): Span {
  const { operations, nameSpan, statePlaces, stateSpan } = machine;
  const [first, second] = path;
  if (first !== 'state') return operations.find(({ name }) => name === first)?.span ?? nameSpan;
  return statePlaces.get(second ?? '') ?? stateSpan;
}
