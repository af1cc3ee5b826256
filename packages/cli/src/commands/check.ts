import { normalize } from 'node:path';
import type { CheckedFile } from '@smc/compiler';
import {
  baselineOf,
  declareEnvironment,
  environmentOf,
  goneFrom,
  goneNote,
  LOCAL,
  machinesIn,
} from '../baseline.ts';
import { importLine, isDeployed } from '../clauses.ts';
import { several, type CommandDefinition } from '../command.ts';
import { EXIT, Stop, type ExitStatus } from '../exit.ts';
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
    // A file that is named twice is read once, and what is wrong in it is told once.
    const files = [...Map.groupBy(several(words, 0), (file) => normalize(file)).values()].map(
      ([first]) => first!,
    );
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
  const environment = compiling.environment ?? LOCAL;
  const trees = checked.map(({ tree }) => tree);
  noteGone(trees, environment, output);
  for (const tree of trees) noteForgotten(tree, environment, output);
  output.line(files.length === 1 ? `${files[0]}: no errors` : `${files.length} files: no errors`);
  return EXIT.done;
}

/** Notes that a file is not compared with what was deployed, where its machines were. */
function noteForgotten(
  { file, imports, declarations }: CheckedFile['tree'],
  environment: string,
  output: Output,
): void {
  if (imports.some(({ source }) => isDeployed(source))) return;
  const path = baselineOf(file, environment);
  const deployed = deployedIn(path, output);
  // One with an upgrade is compared with what that names.
  const compared = declarations.flatMap((each) => (each.kind === 'upgrade' ? [each.new.name.text] : []));
  const names = declarations
    .flatMap((each) => (each.kind === 'machine' ? [each.name.text] : []))
    .filter((name) => deployed.has(name) && !compared.includes(name));
  if (names.length === 0) return;
  output.note(
    `note: ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} deployed (${path}), and ${file} is not checked ` +
      `against that: write \`${importLine(imports)}\` at its top.`,
  );
}

/** The machines of a baseline that a file does not ask for: that it can not be read is no error of the file. */
function deployedIn(path: string, output: Output): ReadonlySet<string> {
  try {
    return machinesIn(path);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    output.note(`note: ${error.message}`);
    return new Set();
  }
}

/** Notes each machine that was deployed from files and that is in none of them. */
function noteGone(files: readonly CheckedFile['tree'][], environment: string, output: Output): void {
  const names = new Set(
    files.flatMap(({ declarations }) =>
      declarations.flatMap((each) => (each.kind === 'machine' ? [each.name.text] : [])),
    ),
  );
  for (const { file, imports } of files) {
    if (!imports.some(({ source }) => isDeployed(source))) continue;
    for (const machine of goneFrom(file, environment, names))
      output.note(goneNote(machine, file, environment));
  }
}
