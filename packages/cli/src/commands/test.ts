import { several, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { sourceFiles } from '../source-files.ts';
import { compileFile, diagnosticsData, showDiagnostics } from '../sources.ts';
import { runTest, showFailure, type Failure } from '../tests.ts';

/** `smc test [FILE…]`: runs the `test` blocks. */
export const test: CommandDefinition = {
  example: 'smc test\nsmc test counter.sm',
  declare: (command) =>
    command.argument('[file...]', 'source files (.sm); all below this folder where none is named'),
  async run(words, output) {
    const named = several(words, 0);
    let passed = 0;
    let refused = 0;
    const failures: { file: string; title: string; failure: Failure }[] = [];
    for (const file of sourceFiles(named)) {
      const compilation = compileFile(file);
      if (showDiagnostics(compilation, output) || compilation.bundle === null) {
        output.data({ file, diagnostics: diagnosticsData(compilation) });
        refused++;
        continue;
      }
      const { bundle, tests, sources } = compilation;
      if (tests.length === 0 && named.length > 0) output.note(`${file}: has no test`);
      for (const each of tests) {
        const failure = runTest(each, bundle.images[each.machine]);
        output.data({
          file,
          test: each.title,
          passed: failure === null,
          ...(failure === null ? {} : failure.data),
        });
        if (failure === null) {
          passed++;
          continue;
        }
        failures.push({ file, title: each.title, failure });
        const text = sources.get(each.span.file) ?? '';
        output.line(showFailure(each, failure, text, bundle.debug[each.machine].fieldOrder));
      }
    }
    const parts = [
      `${passed} passed`,
      ...(failures.length === 0 ? [] : [`${failures.length} failed`]),
      ...(refused === 0 ? [] : [refused === 1 ? 'one file with errors' : `${refused} files with errors`]),
    ];
    output.line(parts.join(', '));
    return failures.length + refused > 0 ? EXIT.refused : EXIT.done;
  },
};
