import type { DeployedMachine } from '@smc/client';
import type { Command } from 'commander';
import { encodeBundle, shortFingerprint, type Bundle } from '@smc/protocol';
import {
  baselineOf,
  declareEnvironment,
  environmentOf,
  goneFrom,
  goneNote,
  isInBaseline,
  nextBaseline,
} from './baseline.ts';
import { clauseLines, isDeployed, olderName, upgradeLines } from './clauses.ts';
import { refuseOptions, several, type Action } from './command.ts';
import { EXIT } from './exit.ts';
import type { Output } from './output.ts';
import { followDeployed, loadBundle, mergeBundles } from './sources.ts';
import { declareTarget, targetOf, valueOf } from './target.ts';
import { runningOn } from './versions.ts';

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
    const sent = await client.deploy(bytes, { mode, dryRun });
    if (!sent.ok && sent.error.kind === 'refused' && sent.error.code === 'stale') {
      const running = await runningOn(client, 'the node');
      for (const { file } of bundles) suggestUpgrades(file, running, name, output);
    }
    const report = valueOf(sent);
    for (const machine of report.machines) {
      for (const line of resultLines(machine, dryRun)) output.line(line);
    }
    const gone = goneIn(bundles, name);
    for (const { machine, file } of gone) output.note(goneNote(machine, file, name));
    output.data({ ...report, gone: gone.map(({ machine }) => machine) });
    for (const write of baselines) write();
    return EXIT.done;
  };
}

/** Says what to write into a source file whose machines run in another version, and that says nothing of them. */
function suggestUpgrades(file: string, running: Bundle, environment: string, output: Output): void {
  if (file.endsWith('.smb')) return;
  const path = baselineOf(file, environment);
  const compared = followDeployed(
    file,
    { deployed: { file: 'what runs', bytes: encodeBundle(running) } },
    { ofCarriedOut: 'left out' },
  );
  const forgotten = compared.machines.filter(
    ({ change, written }) => written === null && (change === 'refused' || change === 'upgraded'),
  );
  if (forgotten.length === 0) return;
  const { alias, head } = olderName(file, compared.sources.get(file) ?? '', isDeployed);
  const blocks = forgotten.flatMap(({ name, diagnostics }) => [
    '',
    ...upgradeLines(name, alias, clauseLines(diagnostics)),
  ]);
  output.note(`Write into ${file}:\n`);
  for (const line of [...head.slice(0, 1), ...blocks]) output.note(line === '' ? '' : `  ${line}`);
  output.note('');
  const known = forgotten.every(({ name }) => isInBaseline(path, name, running));
  if (!known)
    output.note(`What runs is not what was deployed from here: ${path} is to have it for that import.\n`);
}

/** The machines that were deployed from one of the files, and are in none of them now. */
function goneIn(
  bundles: readonly { readonly file: string; readonly bundle: Bundle }[],
  environment: string,
): readonly { readonly machine: string; readonly file: string }[] {
  const names = new Set(bundles.flatMap(({ bundle }) => bundle.images.map(({ name }) => name)));
  return bundles.flatMap(({ file }) =>
    goneFrom(file, environment, names).map((machine) => ({ machine, file })),
  );
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
