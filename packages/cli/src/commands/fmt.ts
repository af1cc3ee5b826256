import { realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { format } from '@smc/compiler';
import { several, type CommandDefinition, type Environment } from '../command.ts';
import { EXIT, Stop } from '../exit.ts';
import type { Output } from '../output.ts';
import { sourceFiles } from '../source-files.ts';
import { readText } from '../files.ts';
import { diagnosticsData, showDiagnostics } from '../sources.ts';

/** A text that comes in a stream is at most this long: what the parser takes. */
const STREAM_BYTES_MAX = 16 * 1024 * 1024;

/** `smc fmt [--check] [FILE…]`: the one format. */
export const fmt: CommandDefinition = {
  example: 'smc fmt\nsmc fmt --check counter.sm\nsmc fmt - < counter.sm',
  declare: (command) =>
    command
      .argument('[file...]', 'source files (.sm); all below this folder where none is named; - for stdin')
      .option('--check', 'change nothing; exit status 1 where a file is not in the format'),
  async run(words, output, environment) {
    const named = several(words, 0);
    if (named.includes('-')) return formatStream(named, output, environment);
    const isCheck = words.options['check'] === true;
    const files = sourceFiles(named);
    const changed: string[] = [];
    const refused: string[] = [];
    for (const file of files) {
      const text = readText(file);
      const formatted = laidOut(text, file, output);
      if (formatted === null) refused.push(file);
      else if (formatted !== text) {
        changed.push(file);
        if (!isCheck) replace(file, formatted);
      }
    }
    output.data({ files: files.length, changed, refused });
    for (const file of changed) output.line(isCheck ? `${file}: is not in the format` : `${file}: formatted`);
    if (isCheck && changed.length > 0) output.note('Run smc fmt to change what is listed.');
    const same = files.length - changed.length - refused.length;
    if (changed.length + refused.length === 0) {
      output.line(same === 1 ? `${files[0]}: in the format` : `${same} files: in the format`);
    }
    return refused.length > 0 || (isCheck && changed.length > 0) ? EXIT.refused : EXIT.done;
  },
};

/** The text in the format; null where it has a mistake, which is shown. */
function laidOut(text: string, file: string, output: Output): string | null {
  const formatted = format(text, file);
  if (formatted.ok) return formatted.text;
  const refused = { ...formatted, sources: new Map([[file, text]]) };
  showDiagnostics(refused, output);
  output.data(diagnosticsData(refused));
  return null;
}

/** Puts the new text in the place of the old one at once: a crash leaves one of the two. A link stays one. */
function replace(file: string, text: string): void {
  try {
    const target = realpathSync(file);
    const temporary = `${target}.smc-fmt`;
    writeFileSync(temporary, text, { mode: statSync(target).mode });
    renameSync(temporary, target);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Stop(EXIT.usage, 'no-file', `${file} can not be written: ${why}`);
  }
}

async function formatStream(named: readonly string[], output: Output, environment: Environment) {
  if (named.length > 1) throw new Stop(EXIT.usage, 'usage', '- stands alone: it is the text on stdin');
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of environment.stdin) {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    length += bytes.length;
    if (length > STREAM_BYTES_MAX) throw new Stop(EXIT.refused, 'too-large', 'the text on stdin is too long');
    chunks.push(bytes);
  }
  const formatted = laidOut(Buffer.concat(chunks).toString('utf8'), 'stdin', output);
  if (formatted === null) return EXIT.refused;
  output.data({ text: formatted });
  if (!output.json) environment.stdout.write(formatted);
  return EXIT.done;
}
