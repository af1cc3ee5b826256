import { parse, type Checking } from '@smc/compiler';
import { declareEnvironment, environmentOf, goneFrom, goneNote, LOCAL } from '../baseline.ts';
import { several, type CommandDefinition } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Output } from '../output.ts';
import { checkFile, diagnosticsData, showDiagnostics, type Compiling } from '../sources.ts';
import { declareWatch, watching } from '../watch.ts';

/** `smc check FILE…`: parse and type-check, upgrades included, also against the baseline. */
export const check: CommandDefinition = {
  example: 'smc check counter.sm\nsmc check --watch counter.sm\nsmc check --env production counter.sm',
  declare: (command) => {
    command.argument('<file...>', 'source files (.sm)');
    declareEnvironment(command);
    declareWatch(command);
  },
  run(words, output, world) {
    const environment = environmentOf(words);
    const files = several(words, 0);
    return watching(words, output, world, (onRead) => checkFiles(files, output, { environment, onRead }));
  },
};

function checkFiles(files: readonly string[], output: Output, compiling: Compiling): ExitStatus {
  const checked: Checking[] = [];
  const contents: ({ readonly file: string } & ReturnType<typeof contentOf>)[] = [];
  let refused = 0;
  for (const file of files) {
    const checking = checkFile(file, compiling);
    if (showDiagnostics(checking, output)) refused++;
    checked.push(checking);
    contents.push({ file, ...contentOf(file, checking.sources.get(file) ?? '') });
  }
  output.data(diagnosticsData(...checked));
  if (refused > 0) return EXIT.refused;
  const names = new Set(contents.flatMap((each) => each.names));
  const environment = compiling.environment ?? LOCAL;
  for (const { file } of contents.filter((each) => each.followsDeployed))
    for (const machine of goneFrom(file, environment, names)) output.note(goneNote(machine, file));
  output.line(files.length === 1 ? `${files[0]}: no errors` : `${files.length} files: no errors`);
  return EXIT.done;
}

/** The names of the machines that a source file has, and whether it follows on what was deployed. */
function contentOf(
  file: string,
  text: string,
): { readonly names: readonly string[]; readonly followsDeployed: boolean } {
  const { declarations, imports } = parse(text, file).module;
  return {
    names: declarations.flatMap((each) => (each.kind === 'machine' ? [each.name.text] : [])),
    followsDeployed: imports.some(({ source }) => source.kind === 'deployed'),
  };
}
