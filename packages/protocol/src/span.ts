/**
 * Positions in source text.
 *
 * Offsets are UTF-16 code units from the start of the file, as JavaScript indexes
 * strings; lines and columns, for people, start at 1 and count code points.
 */

/** A half-open range `[start, end)` of offsets in one file. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** A line and a column, both from 1; the column counts code points. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The smallest span that covers both, which must be of one file. */
export function join(a: Span, b: Span): Span {
  if (a.file !== b.file) throw new Error(`spans of two files: ${a.file}, ${b.file}`);
  return { file: a.file, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

/** The offsets at which the lines of a text start; the first is 0. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}

/** The position of an offset, found by bisection in `starts` (of `lineStarts(text)`). */
export function positionAt(text: string, starts: readonly number[], offset: number): Position {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle - 1;
  }
  let column = 1;
  for (const _ of text.slice(starts[low], offset)) column++;
  return { line: low + 1, column };
}
