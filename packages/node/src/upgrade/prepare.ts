import type { Value } from '@smc/protocol';
import { problem, shorten } from '../problem.ts';
import type { Machine } from '../state.ts';
import type { Version } from '../version.ts';
import { writeValue } from '../written.ts';
import type { Loaded, LoadedUpgrade } from './load.ts';

/** UTF-16 units of a counterexample in a message; and of a state that is written to be cut to that. */
const COUNTEREXAMPLE_LENGTH_MAX = 400;
const SHOWN_STATE_LENGTH_MAX = 1024 * 1024;

/**
 * The state of a machine as the migration of an upgrade gives it, which keeps the invariants of
 * the new version; the machine is not touched. `fuel` is for the migration, and as much again for
 * all invariants.
 */
export function migrate(
  machine: Machine,
  { upgrade, functions }: LoadedUpgrade,
  version: Version,
  fuel: number,
): Loaded<Value> {
  const { state } = machine.instance;
  const result = functions.run(upgrade.migration, state, fuel);
  if (!result.ok) {
    const shown = printState(machine.version, state);
    const { kind, message: why } = result.failure;
    const given = kind === 'exhausted' ? ` (it had ${fuel} units of fuel)` : '';
    const message = `the migration of ${machine.name} fails: ${why}${given}; the state is ${shown}`;
    return { ok: false, problem: problem('migration-failed', message) };
  }
  const invariants = Math.max(1, version.image.invariants.length);
  const broken = version.program.brokenInvariant(result.value, Math.floor(fuel / invariants));
  if (broken === null) return result;
  const why = broken.failure === null ? 'does not hold' : `fails (${broken.failure.message})`;
  const shown = printState(version, result.value);
  const message = `invariant ${broken.index} of ${machine.name} ${why} for the migrated state, ${shown}`;
  return { ok: false, problem: problem('invariant', message) };
}

function printState({ image, fieldOrder }: Version, state: Value): string {
  const options = { form: 'text', fieldOrder, lengthMax: SHOWN_STATE_LENGTH_MAX } as const;
  const written = writeValue(image.unit.types, image.state, state, options);
  return written === null ? 'too large to be shown' : shorten(written, COUNTEREXAMPLE_LENGTH_MAX);
}
