import { parse, type Import } from '@smc/compiler';
import type { Diagnostic } from '@smc/protocol';

/** What could be written into a file so that an upgrade is refused no longer, to be pasted. */

/** The clauses that settle these diagnostics, a line each; other choices are comments below. */
export function clauseLines(diagnostics: readonly Diagnostic[]): readonly string[] {
  const choices = diagnostics.flatMap(({ clauses = [] }) => clauses);
  // One clause about a type may settle several things.
  const byFirst = new Map(choices.map((each) => [each[0], each]));
  return [...byFirst.values()].flatMap(([first, ...others]) => [
    first,
    ...others.map((other) => `-- or: ${other}`),
  ]);
}

/** How a file names the version that it follows on. */
export interface OlderName {
  readonly alias: string;
  /** What is to be written at its top for that; no line where it is imported already. */
  readonly head: readonly string[];
}

/** Whether an import is of the older version. */
export type IsOlder = (source: Import['source']) => boolean;

export const isDeployed: IsOlder = ({ kind }) => kind === 'deployed';

/** How a source file names the older version: by an import that it has, or as what was deployed. */
export function olderName(file: string, text: string, isOlder: IsOlder): OlderName {
  const { imports } = parse(text, file).module;
  const imported = imports.find(({ source }) => isOlder(source));
  if (imported !== undefined) return { alias: imported.alias.text, head: [] };
  const isFree = (name: string): boolean => imports.every(({ alias }) => alias.text !== name);
  const alias = ['old', 'running'].find(isFree) ?? 'older';
  return { alias, head: [`import deployed as ${alias}`, ''] };
}

/** An upgrade with these clauses, from what has this name. */
export function upgradeLines(machine: string, alias: string, clauses: readonly string[]): readonly string[] {
  return [`upgrade ${alias}.${machine} -> ${machine} {`, ...clauses.map((clause) => `  ${clause}`), '}'];
}
