import type { JitMode } from '@smc/vm';
import { declareEnvironment, environmentOf } from '../baseline.ts';
import { several, type CommandDefinition } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { declareJit, jitOf } from '../jit.ts';
import type { Output } from '../output.ts';
import { sourceFiles } from '../source-files.ts';
import { compileFile, diagnosticsData, showDiagnostics, type Compiling } from '../sources.ts';
import { failureData, runTest, showFailure } from '../tests.ts';
import { declareWatch, watching } from '../watch.ts';

/** `smc test [FILE…]`: runs the `test` blocks. */
export const test: CommandDefinition = {
  example: 'smc test counter.sm\nsmc test\nsmc test --watch',
  declare: (command) => {
    command.argument('[file...]', 'source files (.sm); all below this folder where none is named');
    declareEnvironment(command);
    declareWatch(command);
    declareJit(command);
  },
  run(words, output, world) {
    const environment = environmentOf(words);
    const named = several(words, 0);
    const jit = jitOf(words);
    return watching(words, output, world, (onRead) => testFiles(named, output, { environment, onRead, jit }));
  },
};

/** How files are compiled, and their tests run. */
interface Testing extends Compiling {
  readonly jit: JitMode;
}

/** What came of the tests of some files. */
interface Counts {
  passed: number;
  failed: number;
  /** Files with errors, whose tests are not run. */
  refused: number;
}

function testFiles(named: readonly string[], output: Output, testing: Testing): ExitStatus {
  const counts: Counts = { passed: 0, failed: 0, refused: 0 };
  for (const file of sourceFiles(named)) testFile(file, named.length > 0, output, testing, counts);
  const { passed, failed, refused } = counts;
  const parts = [
    ...(passed + failed + refused === 0 ? ['no test'] : [`${passed} passed`]),
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(refused === 0 ? [] : [refused === 1 ? 'one file with errors' : `${refused} files with errors`]),
  ];
  output.line(parts.join(', '));
  return failed + refused > 0 ? EXIT.refused : EXIT.done;
}

function testFile(file: string, isNamed: boolean, output: Output, testing: Testing, counts: Counts): void {
  const compilation = compileFile(file, testing);
  if (showDiagnostics(compilation, output) || compilation.bundle === null) {
    output.data({ file, ...diagnosticsData(compilation) });
    counts.refused++;
    return;
  }
  const { bundle, tests, sources } = compilation;
  if (tests.length === 0 && isNamed) output.note(`${file}: has no test`);
  for (const each of tests) {
    const image = bundle.images[each.machine];
    const text = sources.get(each.span.file) ?? '';
    const failure = runTest(each, image, testing.jit);
    const title = each.title;
    if (each.lines.length === 0) output.note(`${file}: the test ${JSON.stringify(title)} has no line`);
    if (failure === null) {
      counts.passed++;
      output.data({ file, machine: image.name, test: title, passed: true });
    } else {
      counts.failed++;
      output.data({
        file,
        machine: image.name,
        test: title,
        passed: false,
        ...failureData(failure, image, text),
      });
      output.line(showFailure(each, failure, image, text, bundle.debug[each.machine].fieldOrder));
    }
  }
}
