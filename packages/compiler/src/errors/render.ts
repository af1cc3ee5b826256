import { lineStarts, positionAt, type Diagnostic, type Label, type Position, type Span } from '@smc/protocol';
import { printableLine, widthOfText } from './display.ts';
import { excerpt, type Excerpt, type Row } from './excerpt.ts';

/** The text of a file, or null where it is not at hand (a compiled import). */
export type SourceLookup = (file: string) => string | null;

/** How a diagnostic is shown. */
export interface RenderOptions {
  /** Whether to use the colours of a terminal. */
  readonly color: boolean;
}

/** Help is broken into lines of at most this many columns, its indent included. */
const columnsMax = 80;

const styles = { plain: '0', bold: '1', red: '1;31', yellow: '1;33', blue: '34', blueBold: '1;34' } as const;

type Paint = (style: keyof typeof styles, text: string) => string;

/**
 * A diagnostic for a terminal: what is wrong, the places in their source, what to do. Several lines, the
 * last one ended; a blank line separates its parts.
 */
export function render(diagnostic: Diagnostic, sources: SourceLookup, { color }: RenderOptions): string {
  const paint: Paint = (style, text) =>
    color && text !== '' ? `\u001B[${styles[style]}m${text}\u001B[0m` : text;
  const severity = paint(
    diagnostic.severity === 'error' ? 'red' : 'yellow',
    `${diagnostic.severity}[${diagnostic.code}]`,
  );
  const lines = [`${severity}: ${paint('bold', printableLine(diagnostic.message))}`];
  for (const part of parts(diagnostic, sources)) {
    lines.push('', `  ${paint('blue', printableLine(part.title))}`);
    const gutter = 2 + part.excerpt.digits;
    for (const row of part.excerpt.rows) lines.push(drawRow(row, gutter, diagnostic.severity, paint));
  }
  for (const [i, help] of diagnostic.help.entries()) {
    if (i === 0) lines.push('');
    lines.push(...wrap(printableLine(help)).map((line) => `  ${line}`));
  }
  return `${lines.join('\n')}\n`;
}

interface Part {
  /** `counter.sm:9:21` */
  readonly title: string;
  readonly excerpt: Excerpt;
}

/**
 * An excerpt for each file, that of the main label first. A place beside it in what has no source, such as a running
 * version, is left out: there is nothing to be seen there.
 */
function parts(diagnostic: Diagnostic, sources: SourceLookup): Part[] {
  const main = diagnostic.labels[0] ?? null;
  const byFile = Map.groupBy(diagnostic.labels, (label) => label.span.file);
  return [...byFile].flatMap(([file, labels]) => {
    const text = sources(file);
    if (text === null)
      return labels[0] === main ? [{ title: file, excerpt: withoutSource(labels, main) }] : [];
    const { line, column } = positionOf(text, labels[0]!.span.start);
    return [{ title: `${file}:${line}:${column}`, excerpt: excerpt(text, labels, main) }];
  });
}

/** Only the words of the labels, where there is no source to show. */
function withoutSource(labels: readonly Label[], main: Label | null): Excerpt {
  const rows = labels
    .filter((label) => label.text !== '')
    .map((label): Row => ({ kind: 'mark', indent: 0, mark: '', text: label.text, main: label === main }));
  return { rows, digits: 1 };
}

function drawRow(row: Row, gutter: number, severity: Diagnostic['severity'], paint: Paint): string {
  if (row.kind === 'gap') return paint('blue', `${' '.repeat(gutter)}...`);
  if (row.kind === 'source') {
    const number = paint('blue', `${String(row.line).padStart(gutter)} |`);
    return row.text === '' ? number : `${number} ${row.text}`;
  }
  const style = row.main ? (severity === 'error' ? 'red' : 'yellow') : 'blueBold';
  const words = [row.mark, printableLine(row.text)].filter((part) => part !== '').join(' ');
  return `${paint('blue', `${' '.repeat(gutter)} |`)} ${' '.repeat(row.indent)}${paint(style, words)}`;
}

/** Breaks a text at its spaces, but for those between backquotes. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+|`/g) ?? []) {
    if (line !== '' && widthOfText(line) + 1 + widthOfText(word) > columnsMax - 2) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

// ----------------------------------------------------------------------------- JSON

/** A place for programs: line and column from 1, in code points, and the offset from 0, in UTF-16 units. */
export interface JsonPosition extends Position {
  readonly offset: number;
}

/** A diagnostic for programs. */
export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: Diagnostic['severity'];
  readonly message: string;
  /** The place of the main label; null where the diagnostic has no place. */
  readonly file: string | null;
  readonly start: JsonPosition | null;
  readonly end: JsonPosition | null;
  /** All of them, the main one first; places in files that are not at hand are null. */
  readonly labels: readonly JsonLabel[];
  readonly help: readonly string[];
  /** Clauses of an upgrade that would settle it, as the diagnostic has them; not there where none would. */
  readonly clauses?: readonly (readonly string[])[];
}

/** A marked place, for other programs. */
export interface JsonLabel {
  readonly file: string;
  readonly start: JsonPosition | null;
  readonly end: JsonPosition | null;
  readonly text: string;
}

/** The same as `render`, for programs. */
export function toJson(diagnostic: Diagnostic, sources: SourceLookup): JsonDiagnostic {
  const { code, severity, message, help, clauses } = diagnostic;
  const labels = diagnostic.labels.map(({ span, text }) => ({ ...jsonSpan(span, sources), text }));
  const { file, start, end } = labels[0] ?? { file: null, start: null, end: null };
  const made = { code, severity, message, file, start, end, labels, help };
  return clauses === undefined ? made : { ...made, clauses };
}

function jsonSpan(span: Span, sources: SourceLookup): Omit<JsonLabel, 'text'> {
  const text = sources(span.file);
  if (text === null) return { file: span.file, start: null, end: null };
  const at = (offset: number): JsonPosition => ({ ...positionOf(text, offset), offset });
  return { file: span.file, start: at(span.start), end: at(span.end) };
}

function positionOf(text: string, offset: number): Position {
  return positionAt(text, lineStarts(text), Math.min(offset, text.length));
}
