import { fingerprints, judge, showPath } from '@smc/protocol';
import type { Checked, Image, Refusal, Span, Upgrade } from '@smc/protocol';
import { emitUpgrade } from '../emit/emit.ts';
import type { UpgradeTerms } from '../combinators/term.ts';
import { lossyUpgrade, refusedUpgrade } from '../errors/judgement.ts';
import type { JudgedPlaces } from '../errors/judgement.ts';
import type { MachineSignature, TypedUpgrade } from '../types/typed.ts';

/** The record of an upgrade, judged here as the node will judge it. */

/** The record that leads from the old image to the new one, whose index in the bundle is `image`. */
export function makeUpgrade(
  node: TypedUpgrade,
  terms: UpgradeTerms,
  old: Image,
  next: Image,
  image: number,
): Checked<Upgrade> {
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
  if (judgement.ok) return { ok: true, value: upgrade, diagnostics: [] };
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
