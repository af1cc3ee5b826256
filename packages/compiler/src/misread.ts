import type { Diagnostic, Span } from '@smc/protocol';
import type { Module } from './syntax/tree.ts';

/**
 * What is found in a part of a program that was misread follows from how it was misread, and would only
 * hide what is to be mended. A part is a declaration, a member of a machine, or the head of a machine,
 * and reaches to where the next one starts: what is left over after it was meant to belong to it.
 */

/** Of what is wrong with a program, what does not follow from its mistakes in the syntax. */
export function withoutConsequences(
  modules: ReadonlyMap<string, Module>,
  misread: readonly Diagnostic[],
  found: readonly Diagnostic[],
): readonly Diagnostic[] {
  if (misread.length === 0 || found.length === 0) return found;
  const starts = new Map<string, readonly number[]>();
  const partOf = ({ file, start }: Span): string => {
    const known = starts.get(file) ?? startsOf(modules.get(file));
    starts.set(file, known);
    return `${known.findLastIndex((from) => from <= start)} ${file}`;
  };
  const parts = new Set(misread.map(({ labels: [main] }) => partOf(main.span)));
  for (const module of modules.values()) {
    for (const each of module.declarations) {
      // What a machine lacks may be in a member that could not be read.
      if (each.kind === 'machine' && !each.isWhole) parts.add(partOf(each.span));
    }
  }
  return found.filter(({ labels }) => !labels.some(({ span }) => parts.has(partOf(span))));
}

/** Where the parts of a file start, in their order. */
function startsOf(module: Module | undefined): readonly number[] {
  if (module === undefined) return [];
  const { imports, declarations } = module;
  const members = declarations.flatMap((each) => (each.kind === 'machine' ? each.members : []));
  return [...imports, ...declarations, ...members].map(({ span }) => span.start).sort((a, b) => a - b);
}
