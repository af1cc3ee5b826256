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
  /** What an import of it names: `deployed`, `"./old.sm"`. */
  readonly source: string;
  /** What is to be written at its top for that; no line where it is imported already. */
  readonly head: readonly string[];
}

/** Whether an import is of the older version. */
export type IsOlder = (source: Import['source']) => boolean;

export const isDeployed: IsOlder = ({ kind }) => kind === 'deployed';

/** How a source file names the older version: by an import that it has, or by one of this source. */
export function olderName(file: string, text: string, isOlder: IsOlder, source = 'deployed'): OlderName {
  const { imports } = parse(text, file).module;
  const imported = imports.find(({ source }) => isOlder(source));
  if (imported !== undefined) return { alias: imported.alias.text, source, head: [] };
  const alias = freeAlias(imports);
  return { alias, source, head: [`import ${source} as ${alias}`, ''] };
}

/** The import of what was deployed, for a file that has these. */
export function importLine(imports: readonly Import[]): string {
  return `import deployed as ${freeAlias(imports)}`;
}

function freeAlias(imports: readonly Import[]): string {
  const isFree = (name: string): boolean => imports.every(({ alias }) => alias.text !== name);
  return ['old', 'running'].find(isFree) ?? 'older';
}

/** An upgrade with these clauses, from what has this name. */
export function upgradeLines(machine: string, alias: string, clauses: readonly string[]): readonly string[] {
  return [`upgrade ${alias}.${machine} -> ${machine} {`, ...clauses.map((clause) => `  ${clause}`), '}'];
}
