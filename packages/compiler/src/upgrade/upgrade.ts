import { fingerprints, judge, sameOperation, showPath } from '@smc/protocol';
import type { Checked, Image, Judgement, Refusal, Span, Upgrade } from '@smc/protocol';
import { emitUpgrade } from '../emit/emit.ts';
import type { UpgradeTerms } from '../combinators/term.ts';
import { lossyUpgrade, refusedUpgrade } from '../errors/judgement.ts';
import type { JudgedPlaces } from '../errors/judgement.ts';
import type { MachineSignature, TypedUpgrade, TypedWay } from '../types/typed.ts';

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
  const { code, path, message } = judgement;
  const places = placesOf(node, judgement);
  const diagnostic =
    code === 'lossy' ? lossyUpgrade(places, showPath(path), message) : refusedUpgrade(places, message);
  return { ok: false, diagnostics: [diagnostic] };
}

function placesOf(node: TypedUpgrade, { path }: Refusal): JudgedPlaces {
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
