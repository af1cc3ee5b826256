/**
 * A verifier that was changed on purpose: in one place it lets pass what it should refuse, or finds out something else
 * than it should. A test must notice (`npm run mutants`).
 */
export interface Mutant {
  /** Unique; the rule, and what is wrong with it. */
  readonly name: string;
  /** In `packages/vm/src/`. */
  readonly file: VerifierFile;
  /** Stands in the file exactly once. */
  readonly text: string;
  readonly replacement: string;
}

export const VERIFIER_FILES = ['verify.ts', 'verify-image.ts', 'verify-tables.ts'] as const;

export type VerifierFile = (typeof VERIFIER_FILES)[number];

/** The source of the file with the mutant's change. Throws where its text is not there, or there twice. */
export function mutated(source: string, { name, file, text, replacement }: Mutant): string {
  const count = source.split(text).length - 1;
  if (count !== 1) throw new Error(`mutant ${name}: its text is ${count} times in ${file}: ${text}`);
  return source.replace(text, () => replacement);
}

/** Mutants of one file: its rule, then what each does, the text and its replacement. */
export function mutantsOf(
  file: VerifierFile,
  rule: string,
  changes: readonly (readonly [what: string, text: string, replacement: string])[],
): Mutant[] {
  return changes.map(([what, text, replacement]) => ({ name: `${rule}: ${what}`, file, text, replacement }));
}
