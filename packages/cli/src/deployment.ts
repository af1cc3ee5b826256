import type { DeployedMachine } from '@smc/client';
import { parse, type Import } from '@smc/compiler';
import type { Command } from 'commander';
import { encodeBundle, shortFingerprint, type Bundle } from '@smc/protocol';
import {
  baselineOf,
  declareEnvironment,
  environmentOf,
  goneFrom,
  goneNote,
  isInBaseline,
  machinesIn,
  nextBaseline,
} from './baseline.ts';
import { clauseLines, importLine, isDeployed, olderName, upgradeLines } from './clauses.ts';
import { declareSigning, signed } from './signing.ts';
import { option, refuseOptions, several, type Action, type Words } from './command.ts';
import { EXIT } from './exit.ts';
import { readFile, readText } from './files.ts';
import type { Output } from './output.ts';
import { carriedOut } from './patience.ts';
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
  declareSigning(command);
  declareEnvironment(command);
  declareTarget(command);
}

/** What to do where no answer came. Not `smc upgrade`, which is stale where it was carried out. */
const MAY_BE_CARRIED_OUT =
  'It may still be carried out: smc deploy with the same files says what became of it, or does it.';
const NOTHING_CHANGES = 'Nothing is changed by it: run the same command again.';

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
    const bytes = bytesOf(bundles, words, output);
    const before = bundles.map((each) => ({ ...each, known: machinesIn(baselineOf(each.file, name)) }));
    const dryRun = words.options['dryRun'] === true;
    const baselines = dryRun ? [] : nextBaselines(bundles, name);
    const sent = await carriedOut(
      (patience) => client.deploy(bytes, { mode, dryRun, ...patience }),
      { hint: dryRun ? NOTHING_CHANGES : MAY_BE_CARRIED_OUT },
      output,
      environment,
    );
    if (!sent.ok && sent.error.kind === 'refused' && sent.error.code === 'stale') {
      const running = await runningOn(client, 'the node');
      for (const { file } of bundles) {
        suggestUpgrades(file, running, name, output);
        noteOtherBaseline(file, running, name, output);
      }
    }
    const report = valueOf(sent);
    for (const machine of report.machines) {
      for (const line of resultLines(machine, dryRun)) output.line(line);
    }
    const gone = goneIn(bundles, name);
    for (const { machine, file } of gone) output.note(goneNote(machine, file, name));
    output.data({ ...report, gone: gone.map(({ machine }) => machine) });
    for (const write of baselines) write();
    const isNew = new Set(
      report.machines.filter(({ result }) => result === 'deployed').map((each) => each.name),
    );
    for (const each of before) noteNew(each, isNew, name, output);
    return EXIT.done;
  };
}

/**
 * What is sent. A single file of bytecode is sent as it is: with its signature. Where a bundle is made anew, the
 * signatures of others are not about it.
 */
function bytesOf(
  bundles: readonly { readonly file: string; readonly bundle: Bundle }[],
  words: Words,
  output: Output,
): Uint8Array {
  const [{ file }] = bundles;
  if (bundles.length === 1 && file.endsWith('.smb') && option(words, 'sign') === undefined)
    return readFile(file);
  return signed(encodeBundle(mergeBundles(bundles)), words, output);
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

/** Says that a file follows on a baseline that is not what runs: nothing of it is an upgrade from that. */
function noteOtherBaseline(file: string, running: Bundle, environment: string, output: Output): void {
  if (!importsDeployed(file)) return;
  const path = baselineOf(file, environment);
  const other = running.images.filter(
    ({ name }) => machinesIn(path).has(name) && !isInBaseline(path, name, running),
  );
  if (other.length === 0) return;
  const names = other.map(({ name }) => name).join(', ');
  output.note(
    `note: ${file} follows on ${path}, and that is not the ${names} that the node runs. Either somebody else has ` +
      `deployed since: get ${path} from them, as by the version control. Or the node is that of another environment: --env ` +
      'names the environment, and --to the node.\n',
  );
}

/** Says of machines that are new to a node what that means for the next version, or for what was thought to run. */
function noteNew(
  {
    file,
    bundle,
    known,
  }: { readonly file: string; readonly bundle: Bundle; readonly known: ReadonlySet<string> },
  isNew: ReadonlySet<string>,
  environment: string,
  output: Output,
): void {
  const names = bundle.images.map(({ name }) => name).filter((name) => isNew.has(name));
  const lost = names.filter((name) => known.has(name));
  if (lost.length > 0)
    output.note(
      `note: ${lost.join(', ')} did not run on this node, though ${baselineOf(file, environment)} has it as deployed: it ` +
        'starts from its initial state, and no upgrade was carried out. --to names another node, --env another environment.',
    );
  if (names.length > lost.length && !file.endsWith('.smb') && !importsDeployed(file))
    output.note(
      `note: the next version of ${file} follows on this one: write \`${importLine(importsOf(file))}\` at its top, and ` +
        'smc check compares it with what is deployed.',
    );
}

const importsOf = (file: string): readonly Import[] => parse(readText(file), file).module.imports;

const importsDeployed = (file: string): boolean =>
  !file.endsWith('.smb') && importsOf(file).some(({ source }) => isDeployed(source));

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
