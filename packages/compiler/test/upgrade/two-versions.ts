import { printValue, readValue, type TypeId, type Value } from '@smc/protocol';
import { evaluate, STEP_FUEL_DEFAULT } from '../../src/combinators/evaluate.ts';
import { compileFiles, complaints } from '../compiled.ts';

/** An old version, a new one and the clauses that lead to it. */
export const filesOf = (old: string, next: string, clauses: string): Record<string, string> => ({
  'main.sm': `import "./old.sm" as old\n${next}\nupgrade old.M -> M {\n${clauses}\n}\n`,
  'old.sm': old,
});

/** Code and message of all that is said of them. */
export const said = (old: string, next: string, clauses: string): string[] =>
  complaints(filesOf(old, next, clauses)).map((text) => text.replace(/ main\.sm:\d+/, ''));

/** `state` or `back` and a state; an operation and what an old client sends it or, after `<`, gets from it. */
export function run(old: string, next: string, clauses: string, ...steps: readonly string[]): string[] {
  const files = filesOf(old, next, clauses);
  const { bundle, terms } = compileFiles(files);
  if (bundle === null || terms === null) return complaints(files);
  const [upgrade] = terms.upgrades;
  return steps.map((step) => {
    const [, name, direction, text] = /^(\w+) (<?) ?(.*)$/.exec(step)!;
    const way = upgrade.operations.find((each) => each.name === name);
    const index =
      way?.kind === 'adapter'
        ? direction === '<'
          ? way.reply
          : way.request
        : name === 'back'
          ? upgrade.back
          : upgrade.migration;
    if (index === null || (way !== undefined && way.kind !== 'adapter')) return way?.kind ?? 'none';
    const { from, to } = upgrade.definitions[index].body;
    const outcome = evaluate(upgrade, index, valueOf(from, text), {
      state: null,
      now: 0,
      fuel: STEP_FUEL_DEFAULT,
    });
    return outcome.ok ? printValue(upgrade.types, to, outcome.value) : outcome.failure.message;
  });
  function valueOf(type: TypeId, text: string): Value {
    const read = readValue(terms!.upgrades[0].types, type, text);
    if (!read.ok) throw new Error(`${text}: ${read.error.message}`);
    return read.value;
  }
}

/** A machine `M`. */
export const machine = (types: string, state: string, operations = ''): string =>
  `${types}\nmachine M {\n  state ${state}\n${operations}\n}`;
