import type { Diagnostic, Span } from '@smc/protocol';
import type { Module } from './syntax/tree.ts';

/**
 * What is found in a part of a program that was misread follows from how it was misread, and would only
 * hide what is to be mended. A part is a declaration, a member of a machine, or the head of a machine,
 * and reaches to where the next one starts: what is left over after it was meant to belong to it. One
 * that could not be read at all is a part too, and what it declares is not known elsewhere.
 */

/** Codes of a bracket that closes nothing, and of one that is not closed. */
const STRAY = 'E0111';
const UNCLOSED = 'E0110';

/** Codes of a name that is not known, and may be declared where nothing could be read. */
const UNKNOWN: ReadonlySet<string> = new Set(['E0201', 'E0203', 'E0205', 'E0206', 'E0207', 'E0208']);

/** Of what is wrong with a program, what does not follow from its mistakes in the syntax. */
export function withoutConsequences(
  modules: ReadonlyMap<string, Module>,
  sources: ReadonlyMap<string, string>,
  misread: readonly Diagnostic[],
  found: readonly Diagnostic[],
): readonly Diagnostic[] {
  if (misread.length === 0 || found.length === 0) return found;
  const starts = new Map<string, readonly number[]>();
  const startsIn = (file: string): readonly number[] => {
    const known = starts.get(file) ?? startsOf(modules.get(file), sources.get(file) ?? '', misread);
    starts.set(file, known);
    return known;
  };
  const partOf = ({ file, start }: Span): string =>
    `${startsIn(file).findLastIndex((from) => from <= start)} ${file}`;
  const parts = new Set(misread.flatMap(placesOf).map(partOf));
  const names = new Set<string>();
  for (const module of modules.values()) {
    for (const each of module.declarations) {
      // What a machine lacks may be in a member that could not be read.
      if (each.kind === 'machine' && !each.isWhole) parts.add(partOf(each.span));
    }
    for (const span of module.unread) for (const word of wordsIn(textOf(span, sources))) names.add(word);
  }
  const mayBeUnread = ({ code, labels: [main] }: Diagnostic): boolean =>
    UNKNOWN.has(code) && wordsIn(textOf(main.span, sources)).some((word) => names.has(word));
  return found.filter(
    (each) => !mayBeUnread(each) && !each.labels.some(({ span }) => parts.has(partOf(span))),
  );
}

const textOf = ({ file, start, end }: Span, sources: ReadonlyMap<string, string>): string =>
  sources.get(file)?.slice(start, end) ?? '';

const wordsIn = (text: string): readonly string[] => text.match(/[A-Za-z_]\w*/g) ?? [];

/** The places that a mistake damages: of a block that is not closed, those where it was opened, for what is told to end it is intact. */
function placesOf({ code, labels: [main, ...others] }: Diagnostic): readonly Span[] {
  const places = code === UNCLOSED && others.length > 0 ? others : [main];
  return places.map(({ span }) => span);
}

/** Where the parts of a file start, in their order. */
function startsOf(
  module: Module | undefined,
  text: string,
  misread: readonly Diagnostic[],
): readonly number[] {
  if (module === undefined) return [];
  const { imports, declarations, unread, file } = module;
  const members = declarations.flatMap((each) => (each.kind === 'machine' ? each.members : []));
  const read = [...imports, ...declarations, ...members].map(({ span }) => span.start);
  const stray = misread
    .filter(({ code, labels: [{ span }] }) => code === STRAY && span.file === file)
    .map(({ labels: [{ span }] }) => span.start)
    .filter((start) => lineStart(text, start) + indentation(text, start) === start);
  const own = new Set([...unread.map(({ start }) => start), ...stray]);
  const starts: number[] = [];
  for (const start of [...read, ...own].sort((a, b) => a - b)) {
    const before = starts.at(-1);
    // What is indented deeper was meant to belong to the part before.
    const goesOn =
      before !== undefined && own.has(start) && indentation(text, start) > indentation(text, before);
    if (!goesOn) starts.push(start);
  }
  return starts;
}

const lineStart = (text: string, place: number): number => text.lastIndexOf('\n', place - 1) + 1;

/** How far the line of a place is indented. */
function indentation(text: string, place: number): number {
  const start = lineStart(text, place);
  return text.slice(start, place).search(/\S|$/);
}
