import type { CheckedFile } from '@smc/compiler';
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
  const checked: CheckedFile[] = [];
  let refused = 0;
  for (const file of files) {
    const each = checkFile(file, compiling);
    if (showDiagnostics(each, output)) refused++;
    checked.push(each);
  }
  output.data(diagnosticsData(...checked));
  if (refused > 0) return EXIT.refused;
  noteGone(
    checked.map(({ tree }) => tree),
    compiling.environment ?? LOCAL,
    output,
  );
  output.line(files.length === 1 ? `${files[0]}: no errors` : `${files.length} files: no errors`);
  return EXIT.done;
}

/** Notes each machine that was deployed from files and that is in none of them. */
function noteGone(files: readonly CheckedFile['tree'][], environment: string, output: Output): void {
  const names = new Set(
    files.flatMap(({ declarations }) =>
      declarations.flatMap((each) => (each.kind === 'machine' ? [each.name.text] : [])),
    ),
  );
  for (const { file, imports } of files) {
    if (!imports.some(({ source }) => source.kind === 'deployed')) continue;
    for (const machine of goneFrom(file, environment, names))
      output.note(goneNote(machine, file, environment));
  }
}
