import type { Diagnostic, Label, Span } from '@smc/protocol';
import type { Code } from './codes.ts';

/** An error of a code of the table; the first label is the main one. `clauses` as a diagnostic has them. */
export function error(
  code: Code,
  message: string,
  labels: readonly Label[],
  help: readonly string[],
  clauses: readonly (readonly string[])[] = [],
): Diagnostic {
  const base = {
    code,
    severity: 'error',
    message: withShortWords(message),
    labels: withoutEmptyTwin(labels),
    help: help.map(withShortWords),
  } as const;
  return clauses.length === 0 ? base : { ...base, clauses };
}

/** More of a word is not needed to know which one is meant; the excerpt shows it at its place. */
function withShortWords(text: string): string {
  return text.replaceAll(/([\p{L}\p{N}_]{100})[\p{L}\p{N}_]+/gu, '$1…');
}

/** Without the main label where it has no words, and another that has some stands at its place. */
function withoutEmptyTwin(labels: readonly Label[]): readonly Label[] {
  const [main, ...others] = labels;
  if (main === undefined || main.text !== '') return labels;
  const twin = others.find(({ span }) => sameSpan(span, main.span));
  return twin === undefined ? labels : [twin, ...others.filter((each) => each !== twin)];
}

/** Whether two places are one. */
export function sameSpan(a: Span, b: Span): boolean {
  return a.file === b.file && a.start === b.start && a.end === b.end;
}

/** At most this many members of a circle are named and marked. */
const CIRCLE_MAX = 5;

/** The members of a circle that a message names, the last but `…` where there are more. */
export function circle<T>(members: readonly T[]): { readonly shown: readonly T[]; readonly more: boolean } {
  return { shown: members.slice(0, CIRCLE_MAX), more: members.length > CIRCLE_MAX };
}

/** A marked place, with the words beside the mark. */
export const label = (span: Span, text = ''): Label => ({ span, text });
