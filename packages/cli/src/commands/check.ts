import { several, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { compileFile, diagnosticsData, showDiagnostics } from '../sources.ts';

/** `smc check FILE…`: parse and type-check, upgrades included. */
export const check: CommandDefinition = {
  example: 'smc check counter.sm',
  declare: (command) => command.argument('<file...>', 'source files (.sm)'),
  async run(words, output) {
    const diagnostics: unknown[] = [];
    let refused = 0;
    const files = several(words, 0);
    for (const file of files) {
      const compilation = compileFile(file);
      if (showDiagnostics(compilation, output)) refused++;
      diagnostics.push(...diagnosticsData(compilation));
    }
    output.data({ diagnostics });
    if (refused > 0) return EXIT.refused;
    output.line(files.length === 1 ? `${files[0]}: no errors` : `${files.length} files: no errors`);
    return EXIT.done;
  },
};
