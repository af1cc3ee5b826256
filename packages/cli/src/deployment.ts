import type { DeployReport } from '@smc/client';
import type { Command } from 'commander';
import { encodeBundle, shortFingerprint } from '@smc/protocol';
import { refuseOptions, several, type Action } from './command.ts';
import { EXIT } from './exit.ts';
import { loadBundle, mergeBundles } from './sources.ts';
import { declareTarget, targetOf, valueOf } from './target.ts';

/** Declares what `deploy` and `upgrade` have in common. */
export function declareDeployment(command: Command): void {
  command
    .argument('<file...>', 'source files (.sm) or bytecode (.smb)')
    .option('--dry-run', 'judge and prepare, and change nothing')
    .option('--replay <count>', 'with --dry-run: recorded inputs to rehearse on')
    .option('--watch <limit>', 'roll back by itself after N faults in SECS seconds')
    .option('--env <name>', 'the environment whose baseline is used');
  declareTarget(command);
}

/** Sends the machines of the files to a node, all or nothing, and says what became of each. */
export function deployment(mode: 'deploy' | 'upgrade'): Action {
  return async (words, output, environment) => {
    refuseOptions(words, ['replay', 'watch', 'env']);
    const client = targetOf(words, environment);
    const bundles = several(words, 0).map((file) => ({ file, bundle: loadBundle(file, output) }));
    const bytes = encodeBundle(mergeBundles(bundles));
    const dryRun = words.options['dryRun'] === true;
    const report = valueOf(await client.deploy(bytes, { mode, dryRun }));
    for (const machine of report.machines) {
      output.line(describe(machine, dryRun));
      for (const note of machine.notes) output.line(`  note: ${note}`);
    }
    output.data(report);
    return EXIT.done;
  };
}

function describe({ name, result, from, code }: DeployReport['machines'][number], dryRun: boolean): string {
  const done = dryRun && result !== 'unchanged' ? `would be ${result}` : result;
  const way = from === null || from === code ? '' : `${shortFingerprint(from)} -> `;
  return `${name} ${done} ${way}${shortFingerprint(code)}`;
}
