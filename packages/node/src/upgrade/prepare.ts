import { List, printValue, sizeOf, Sum, type Value, VALUE_LIMITS } from '@smc/protocol';
import { STEP_LIMITS } from '../limits.ts';
import { problem, shorten } from '../problem.ts';
import type { Machine } from '../state.ts';
import type { Loaded, LoadedUpgrade } from './load.ts';

/** UTF-16 units of a counterexample in a message. */
const COUNTEREXAMPLE_LENGTH_MAX = 400;

/** The state of a machine as the migration of an upgrade gives it; the machine is not touched. */
export function migrate(machine: Machine, { upgrade, functions }: LoadedUpgrade): Loaded<Value> {
  const { state } = machine.instance;
  const { migrationFuelMin, migrationFuelPerNode } = STEP_LIMITS;
  const fuel = Math.max(migrationFuelMin, migrationFuelPerNode * countNodes(state));
  const result = functions.run(upgrade.migration, state, fuel);
  if (!result.ok) return failed(machine, result.failure.message);
  const bytes = sizeOf(result.value);
  return bytes > VALUE_LIMITS.valueBytesMax ? failed(machine, 'value too large') : result;
}

function failed(machine: Machine, why: string): Loaded<Value> {
  const { image, fieldOrder } = machine.version;
  const state = printValue(image.unit.types, image.state, machine.instance.state, fieldOrder);
  const shown = shorten(state, COUNTEREXAMPLE_LENGTH_MAX);
  const message = `the migration of ${machine.name} fails on its state: ${why}; the state is ${shown}`;
  return { ok: false, problem: problem('migration-failed', message) };
}

/** The nodes of a value, written out as a tree. Recursion follows its type, whose depth is bounded. */
export function countNodes(value: Value): number {
  if (value instanceof Sum) return 1 + countNodes(value.value);
  const parts = value instanceof List ? value.items : Array.isArray(value) ? (value as readonly Value[]) : [];
  let count = 1;
  for (const part of parts) count += countNodes(part);
  return count;
}
