import type { DeployedMachine } from '@smc/client';
import type { Command } from 'commander';
import { encodeBundle, shortFingerprint, type Bundle } from '@smc/protocol';
import { baselineOf, declareEnvironment, environmentOf, nextBaseline } from './baseline.ts';
import { refuseOptions, several, type Action } from './command.ts';
import { EXIT } from './exit.ts';
import { loadBundle, mergeBundles } from './sources.ts';
import { declareTarget, targetOf, valueOf } from './target.ts';

/** Declares what `deploy` and `upgrade` have in common. */
export function declareDeployment(command: Command): void {
  command
    .argument('<file...>', 'source files (.sm) or bytecode (.smb)')
    .option('--dry-run', 'judge and prepare, and change nothing')
    .option('--replay <count>', 'with --dry-run: recorded inputs to rehearse on (not supported yet)')
    .option('--watch <limit>', 'N/SECS: roll back after N faults in SECS seconds (not supported yet)');
  declareEnvironment(command);
  declareTarget(command);
}

/** Sends the machines of the files to a node, all or nothing, and says what became of each. */
export function deployment(mode: 'deploy' | 'upgrade'): Action {
  return async (words, output, environment) => {
    refuseOptions(words, ['replay', 'watch']);
    const client = targetOf(words, environment);
    const name = environmentOf(words);
    const bundles = several(words, 0).map((file) => ({
      file,
      bundle: loadBundle(file, output, { environment: name }),
    }));
    const bytes = encodeBundle(mergeBundles(bundles));
    const dryRun = words.options['dryRun'] === true;
    const baselines = dryRun ? [] : nextBaselines(bundles, name);
    const report = valueOf(await client.deploy(bytes, { mode, dryRun }));
    for (const machine of report.machines) {
      for (const line of resultLines(machine, dryRun)) output.line(line);
    }
    output.data(report);
    for (const write of baselines) write();
    return EXIT.done;
  };
}

/** One for each project that the files belong to. */
function nextBaselines(
  bundles: readonly { readonly file: string; readonly bundle: Bundle }[],
  environment: string,
): (() => void)[] {
  const byPath = new Map<string, { readonly file: string; readonly bundle: Bundle }[]>();
  for (const each of bundles) {
    const path = baselineOf(each.file, environment);
    byPath.set(path, [...(byPath.get(path) ?? []), each]);
  }
  return [...byPath].map(([path, own]) => nextBaseline(path, mergeBundles(own)));
}

/** What became of a machine, in a line, and a line for each note on it. */
export function resultLines(
  { name, result, from, code, notes }: DeployedMachine,
  dryRun: boolean,
): readonly string[] {
  const done = dryRun && result !== 'unchanged' ? `would be ${result}` : result;
  const way = from === null || from === code ? '' : `${shortFingerprint(from)} -> `;
  return [`${name} ${done} ${way}${shortFingerprint(code)}`, ...notes.map((note) => `  note: ${note}`)];
}
