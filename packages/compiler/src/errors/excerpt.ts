import { lineStarts, positionAt, type Label } from '@smc/protocol';
import { display, widthOfText } from './display.ts';

/**
 * The part of a source that a diagnostic is about, with marks under the places:
 *
 *      8 |     if s.count > 9 {
 *      9 |       return -< "many"
 *        |                 ^^^^^^ String
 */

/** What is drawn, for whoever colours it. */
export type Row =
  | { readonly kind: 'source'; readonly line: number; readonly text: string }
  | {
      readonly kind: 'mark';
      readonly indent: number;
      readonly mark: string;
      readonly text: string;
      readonly main: boolean;
    }
  | { readonly kind: 'gap' };

/** Some lines of a source with marks under them. */
export interface Excerpt {
  /** The rows, from the top. */
  readonly rows: readonly Row[];
  /** The digits of the highest line number. */
  readonly digits: number;
}

/** A mark under one line, in offsets of that line. */
interface Mark {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly main: boolean;
}

/** So many lines between two marked ones are shown; of more, none is. */
const between = 2;
/** A longer line is cut, and so many columns are kept to the left of the first mark. */
const columnsMax = 160;
const columnsLeft = 40;

/** Draws the labels, all of one file with this text; `main` is the one that is marked with `^`. */
export function excerpt(text: string, labels: readonly Label[], main: Label | null): Excerpt {
  const starts = lineStarts(text);
  const lineOf = (line: number): string => {
    const end = starts[line];
    return text.slice(starts[line - 1], end === undefined ? text.length : end - 1).replace(/\r$/, '');
  };
  const marks = labels
    .flatMap((label) => marksOf(label, label === main, text, starts, lineOf))
    .sort((a, b) => a.line - b.line || a.start - b.start);
  const shown = linesToShow(marks, lineOf);
  const rows: Row[] = [];
  let last = 0;
  for (const line of shown) {
    if (last !== 0 && line > last + 1) rows.push({ kind: 'gap' });
    rows.push(
      ...drawLine(
        line,
        lineOf(line),
        marks.filter((mark) => mark.line === line),
      ),
    );
    last = line;
  }
  return { rows, digits: String(last).length };
}

/** One mark, or for a label of several lines one for its first line and one for its last. */
function marksOf(
  { span, text: words }: Label,
  main: boolean,
  text: string,
  starts: readonly number[],
  lineOf: (line: number) => string,
): Mark[] {
  const first = positionAt(text, starts, Math.min(span.start, text.length)).line;
  // an end at the start of a line is the end of the line before
  const lastOffset = Math.max(span.start, Math.min(span.end, text.length) - 1);
  const last = positionAt(text, starts, lastOffset).line;
  const offset = (line: number, at: number): number =>
    Math.min(Math.max(at - starts[line - 1]!, 0), lineOf(line).length);
  const start = offset(first, span.start);
  if (first === last) return [{ line: first, start, end: offset(first, span.end), text: words, main }];
  const indent = lineOf(last).search(/\S|$/);
  return [
    { line: first, start, end: lineOf(first).length, text: '', main },
    { line: last, start: indent, end: offset(last, span.end), text: words, main },
  ];
}

/** The marked lines, the one before the first, and short gaps. */
function linesToShow(marks: readonly Mark[], lineOf: (line: number) => string): number[] {
  const marked = [...new Set(marks.map((mark) => mark.line))];
  const shown: number[] = [];
  const first = marked[0];
  if (first !== undefined && first > 1 && lineOf(first - 1).trim() !== '') shown.push(first - 1);
  for (const line of marked) {
    const last = shown.at(-1);
    if (last !== undefined && line - last - 1 <= between) for (let i = last + 1; i < line; i++) shown.push(i);
    shown.push(line);
  }
  return shown;
}

function drawLine(line: number, text: string, marks: readonly Mark[]): Row[] {
  const { text: shown, columns } = display(text);
  const first = columns[marks[0]?.start ?? 0] ?? 0;
  const cut = widthOfText(shown) > columnsMax;
  const left = cut ? Math.max(0, Math.min(first - columnsLeft, widthOfText(shown) - columnsMax)) : 0;
  const rows: Row[] = [{ kind: 'source', line, text: cut ? window(shown, left) : shown.trimEnd() }];
  for (const mark of marks) {
    const start = Math.max((columns[mark.start] ?? 0) - left, 0);
    const end = Math.min((columns[mark.end] ?? 0) - left, columnsMax);
    const width = Math.max(end - start, 1);
    rows.push({
      kind: 'mark',
      indent: start,
      mark: (mark.main ? '^' : '-').repeat(width),
      text: mark.text,
      main: mark.main,
    });
  }
  return rows;
}

/** The columns from `left` on, with dots where something is cut off. */
function window(text: string, left: number): string {
  let column = 0;
  let result = '';
  for (const char of text) {
    if (column >= left && column < left + columnsMax) result += char;
    column += widthOfText(char);
  }
  const inner = left > 0 ? `…${result.slice(1)}` : result;
  return column > left + columnsMax ? `${inner}…` : inner;
}
