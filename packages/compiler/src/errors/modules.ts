import type { Diagnostic, Span } from '@smc/protocol';
import { circle, error, label } from './error.ts';

/** Files that import each other: `files` in a circle, `imports` the places where each names the next. */
export function importCycle(imports: readonly Span[], files: readonly string[]): Diagnostic {
  const message =
    files.length === 1
      ? 'this file imports itself'
      : `these files import each other: ${[...circle(files).shown, ...(circle(files).more ? ['…'] : []), files[0]].join(', ')}`;
  return error(
    'E0281',
    message,
    circle(imports).shown.map((place, i) => label(place, i === 0 ? '' : 'and here')),
    ['Move what both need into a file of its own, which both import.'],
  );
}
