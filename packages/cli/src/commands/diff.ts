import { dirname, normalize, relative, sep } from 'node:path';
import {
  compareVersions,
  reportOf,
  toJson,
  type Import,
  type UpgradeReport,
  type VersionSource,
} from '@smc/compiler';
import { printString } from '@smc/protocol';
import { declareEnvironment, environmentOf } from '../baseline.ts';
import { isDeployed, olderName, type OlderName } from '../clauses.ts';
import { one, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { isRevisionFile } from '../git.ts';
import { machineText } from '../report-text.ts';
import { diagnosticsData, showDiagnostics } from '../sources.ts';
import { clientOf, declareToken } from '../target.ts';
import { namedVersions, type NamedVersions } from '../versions.ts';

const SIDES = `
A version is a file (.sm), bytecode (.smb), git:REF:PATH (a file of a revision, with what it
imports there), the URL of a node (what runs there), or deployed (the baseline of --env).

The exit status is 1 where an upgrade is refused: where something would be lost without a word,
or has no one answer. What a clause drops, and what clients lose by that, is told and is no error.`;

/** `smc diff OLD NEW`: what changed, what is derived, what is lost. */
export const diff: CommandDefinition = {
  example:
    'smc diff deployed counter.sm\nsmc diff git:HEAD:counter.sm counter.sm\n' +
    'smc diff http://127.0.0.1:4040 counter.sm --json',
  declare: (command) => {
    command.argument('<old>', 'the older version').argument('<new>', 'the newer version');
    declareEnvironment(command);
    declareToken(command);
    command.addHelpText('after', SIDES);
  },
  async run(words, output, environment) {
    const versions = await namedVersions(one(words, 0), one(words, 1), environmentOf(words), (url) =>
      clientOf(url, words, environment),
    );
    const compared = compareVersions(versions.old, versions.new, versions.host);
    const report = reportOf(compared);
    const isRefused = showDiagnostics(compared, output);
    output.data({
      old: one(words, 0),
      new: one(words, 1),
      machines: report.machines.map((machine) => ({
        ...machine,
        diagnostics: machine.diagnostics.map((each) =>
          toJson(each, (file) => compared.sources.get(file) ?? null),
        ),
      })),
      ...diagnosticsData(compared),
    });
    const older = olderNameOf(versions, compared.sources);
    const blocks = inOrder(report).map((machine) => machineText(machine, older, output.colors));
    // Blocks are set apart; machines of which there is one line stand together.
    for (const [i, block] of blocks.entries()) {
      if (i > 0 && blocks[i - 1].length > 1) output.line('');
      for (const line of block) output.line(line);
    }
    if (blocks.length === 0 && !isRefused) output.note('there is no machine in either version');
    return isRefused ? EXIT.refused : EXIT.done;
  },
};

const ORDER = ['refused', 'upgraded', 'added', 'removed', 'unchanged'] as const;

/** What needs a look first. */
function inOrder({ machines }: UpgradeReport): UpgradeReport['machines'] {
  return machines.toSorted((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change));
}

/** How the file of the newer version names the older one. */
function olderNameOf(
  { old, new: next, host }: NamedVersions,
  sources: ReadonlyMap<string, string>,
): OlderName {
  if (next.kind !== 'file') return olderName('', '', isDeployed);
  const { file } = next;
  const isOlder = (source: Import['source']): boolean =>
    source.kind === 'path' && old.kind === 'file'
      ? host.resolve(file, source.path) === normalize(old.file)
      : source.kind === old.kind;
  return olderName(file, sources.get(file) ?? '', isOlder, importOf(old, file));
}

/** What a file would import the older version as: by its path, where both are files of the file system. */
function importOf(old: VersionSource, file: string): string {
  if (old.kind !== 'file' || [old.file, file].some(isRevisionFile)) return 'deployed';
  const path = relative(dirname(file), old.file).split(sep).join('/');
  return printString(path.startsWith('../') ? path : `./${path}`);
}
