import { List, printValue, Sum, type Value } from '@smc/protocol';
import { STEP_LIMITS } from '../limits.ts';
import { problem, shorten } from '../problem.ts';
import type { Machine } from '../state.ts';
import type { Version } from '../version.ts';
import type { Loaded, LoadedUpgrade } from './load.ts';

/** UTF-16 units of a counterexample in a message. */
const COUNTEREXAMPLE_LENGTH_MAX = 400;

/**
 * The state of a machine as the migration of an upgrade gives it, which keeps the invariants of
 * the new version; the machine is not touched.
 */
export function migrate(
  machine: Machine,
  { upgrade, functions }: LoadedUpgrade,
  version: Version,
): Loaded<Value> {
  const { state } = machine.instance;
  const { migrationFuelMin, migrationFuelPerNode } = STEP_LIMITS;
  const fuel = Math.max(migrationFuelMin, migrationFuelPerNode * countNodes(state));
  const result = functions.run(upgrade.migration, state, fuel);
  if (!result.ok) {
    const shown = printState(machine.version, state);
    const message = `the migration of ${machine.name} fails: ${result.failure.message}; the state is ${shown}`;
    return { ok: false, problem: problem('migration-failed', message) };
  }
  const broken = version.program.brokenInvariant(result.value, STEP_LIMITS.stepFuel);
  if (broken === null) return result;
  const why = broken.failure === null ? 'does not hold' : `fails (${broken.failure.message})`;
  const shown = printState(version, result.value);
  const message = `invariant ${broken.index} of ${machine.name} ${why} for the migrated state, ${shown}`;
  return { ok: false, problem: problem('invariant', message) };
}

function printState({ image, fieldOrder }: Version, state: Value): string {
  return shorten(printValue(image.unit.types, image.state, state, fieldOrder), COUNTEREXAMPLE_LENGTH_MAX);
}

/** The nodes of a value, written out as a tree. Recursion follows its type, whose depth is bounded. */
export function countNodes(value: Value): number {
  if (value instanceof Sum) return 1 + countNodes(value.value);
  const parts = value instanceof List ? value.items : Array.isArray(value) ? (value as readonly Value[]) : [];
  let count = 1;
  for (const part of parts) count += countNodes(part);
  return count;
}
