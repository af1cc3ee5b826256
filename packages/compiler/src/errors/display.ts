/**
 * How wide text is in a terminal. Approximate by design: terminals differ, and a mark that is off by
 * one beside a rare character does no harm.
 */

/** Tabs reach to the next multiple of this column. */
const tabColumns = 4;

/** Blocks of characters that take two columns: East Asian wide ones, and emoji. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

/** A line as it is shown: characters that would move the cursor are replaced. */
export interface Displayed {
  readonly text: string;
  /** The column, from 0, of each offset of the line, and of its end. */
  readonly columns: readonly number[];
}

/** Replaces what a terminal would not print as a character, and finds the columns. */
export function display(line: string): Displayed {
  const columns: number[] = [];
  let text = '';
  let column = 0;
  for (const char of line) {
    for (let i = 0; i < char.length; i++) columns.push(column);
    if (char === '\t') {
      const count = tabColumns - (column % tabColumns);
      text += ' '.repeat(count);
      column += count;
      continue;
    }
    const shown = printable(char);
    text += shown;
    column += widthOf(shown);
  }
  columns.push(column);
  return { text, columns };
}

/** A text of one line without characters that would move the cursor or change the terminal. */
export function printableLine(text: string): string {
  let result = '';
  for (const char of text) result += printable(char);
  return result;
}

/** How many columns a text without tabs takes. */
export function widthOfText(text: string): number {
  let width = 0;
  for (const char of text) width += widthOf(char);
  return width;
}

function printable(char: string): string {
  // controls, line and paragraph separators, marks of direction, halves of surrogate pairs
  return /^[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200E\u200F\u202A-\u202E\u2066-\u2069]$/u.test(char) ? '\uFFFD' : char;
}

function widthOf(char: string): number {
  const scalar = char.codePointAt(0) ?? 0;
  if (scalar < 0x300) return 1;
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(char)) return 0;
  return wide.some(([from, to]) => scalar >= from && scalar <= to) ? 2 : 1;
}
