import type { Diagnostic, Span } from '@smc/protocol';
import { error, label } from './error.ts';

/** Diagnostics about files that are imported. */

/** E0280: a file that can not be imported. */
export function importMissing(span: Span, path: string): Diagnostic {
  return error(
    'E0280',
    `the file \`${path}\` can not be read`,
    [label(span)],
    ['The path is relative to the file that imports it.'],
  );
}

/** E0280: a file that can not be imported. */
export function importsTooMany(span: Span, filesMax: number): Diagnostic {
  return error(
    'E0280',
    `the imported files are too many or too large; there can be at most ${filesMax}`,
    [label(span)],
    ['Import fewer files.'],
  );
}
