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

/** An upgrade with these clauses, from what is imported under this name. */
export function upgradeLines(machine: string, alias: string, clauses: readonly string[]): readonly string[] {
  return [`upgrade ${alias}.${machine} -> ${machine} {`, ...clauses.map((clause) => `  ${clause}`), '}'];
}
