import type { TextError } from '@smc/protocol';
import type { Output } from './output.ts';

/** The most of a line that an error repeats, in code points. */
const SHOWN_MAX = 100;

/** Says what is wrong with a line of input, with the place marked below it. */
export function showInputError(output: Output, text: string, line: number, error: TextError): void {
  output.error(`input ${line}: ${error.message}`);
  const points = [...text];
  if (points.length > 0 && points.length <= SHOWN_MAX) {
    output.note(`  ${text}\n  ${' '.repeat(error.column - 1)}^`);
  }
  output.data({ input: text, error: { code: error.code, message: error.message, column: error.column } });
}
