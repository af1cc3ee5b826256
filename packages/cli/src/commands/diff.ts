import { compareVersions, reportOf, toJson, type UpgradeReport } from '@smc/compiler';
import { lineStarts, positionAt, type Diagnostic, type Span } from '@smc/protocol';
import { declareEnvironment, environmentOf } from '../baseline.ts';
import { one, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { machineText } from '../report-text.ts';
import { diagnosticsData, showDiagnostics } from '../sources.ts';
import { namedVersions } from '../versions.ts';

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
    command.addHelpText('after', SIDES);
  },
  async run(words, output) {
    const versions = await namedVersions(one(words, 0), one(words, 1), environmentOf(words));
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
      diagnostics: diagnosticsData(compared),
    });
    const blocks = inOrder(report).map((machine) =>
      machineText(machine, output.colors, (diagnostic) => placesOf(diagnostic, compared.sources)),
    );
    // Blocks are set apart; machines of which there is one line stand together.
    for (const [i, block] of blocks.entries()) {
      if (i > 0 && blocks[i - 1].length > 1) output.line('');
      for (const line of block) output.line(line);
    }
    return isRefused ? EXIT.refused : EXIT.done;
  },
};

const ORDER = ['refused', 'upgraded', 'added', 'removed', 'unchanged'] as const;

/** What needs a look first. */
function inOrder({ machines }: UpgradeReport): UpgradeReport['machines'] {
  return machines.toSorted((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change));
}

/** `counter.sm:9:21 (in the new version)`, one for each place. */
function placesOf({ labels }: Diagnostic, sources: ReadonlyMap<string, string>): readonly string[] {
  return labels.map(({ span, text }) => `${placeOf(span, sources)}${text === '' ? '' : ` (${text})`}`);
}

function placeOf({ file, start }: Span, sources: ReadonlyMap<string, string>): string {
  const text = sources.get(file);
  if (text === undefined) return file;
  const { line, column } = positionAt(text, lineStarts(text), start);
  return `${file}:${line}:${column}`;
}
