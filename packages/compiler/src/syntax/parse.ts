import type { Diagnostic, Span } from '@smc/protocol';
import * as errors from '../errors/syntax.ts';
import { takeForeignWords } from './foreign.ts';
import type { Source } from './grammar/base.ts';
import { Grammar } from './grammar/module.ts';
import { layOut } from './layout.ts';
import { lex, type Comment } from './lexer.ts';
import { Report } from './report.ts';
import type { Module } from './tree.ts';

/** The longest source text, in UTF-16 code units. */
export const sourceLengthMax = 4 * 1024 * 1024;

/** What a text says, and what is wrong with it. */
export interface Parsed {
  /** Always there: where the text is wrong it has `missing` nodes, or lacks a declaration. */
  readonly module: Module;
  /** In the order of their places; at most `diagnosticsMax`. */
  readonly diagnostics: Diagnostic[];
  /** Whether there is more that is wrong. */
  readonly isCut: boolean;
  /** In the order of their places. */
  readonly comments: readonly Comment[];
  /** Nodes in parentheses that the tree does not keep, with the places of the outermost ones. */
  readonly groups: ReadonlyMap<object, Span>;
}

/** Parses the text of a file. Never throws. */
export function parse(text: string, file: string): Parsed {
  const span = { file, start: 0, end: text.length };
  const empty: Module = { file, imports: [], declarations: [], unread: [], span };
  const read = readSource(text, file);
  const module = run(read, (grammar) => grammar.parseModule(read.source), empty);
  const { report, groups } = read.source;
  return { module, diagnostics: report.list(), isCut: report.full, comments: read.comments, groups };
}

interface SourceRead {
  readonly source: Source;
  readonly text: string;
  readonly comments: readonly Comment[];
}

function readSource(text: string, file: string): SourceRead {
  const report = new Report();
  if (text.length > sourceLengthMax) {
    report.add(errors.sourceTooLong({ file, start: 0, end: 0 }, sourceLengthMax));
    return {
      source: { file, tokens: layOut([], '', file, report), report, groups: new Map() },
      text,
      comments: [],
    };
  }
  const { tokens: written, comments } = lex(text, file, report);
  const tokens = takeForeignWords(written, text, file, report);
  return {
    source: { file, tokens: layOut(tokens, text, file, report), report, groups: new Map() },
    text,
    comments,
  };
}

/** Built at the first parse: the analysis of the grammar takes some milliseconds. */
let shared: Grammar | null = null;

function run<R>({ source, text }: SourceRead, parsing: (grammar: Grammar) => R, otherwise: R): R {
  // A report that is full already has nothing left to say.
  if (source.report.full) return otherwise;
  shared ??= new Grammar();
  try {
    return parsing(shared);
  } catch (failure) {
    // `nestingMax` leaves room on a stack of the usual size; a caller may have left less than that.
    shared = null;
    if (!(failure instanceof RangeError)) throw failure;
    source.report.add(errors.nestedTooDeeply({ file: source.file, start: 0, end: Math.min(1, text.length) }));
    return otherwise;
  }
}
