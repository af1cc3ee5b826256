import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtInReference, grammarReference } from '@smc/compiler';
import { instructionReference } from '@smc/protocol';

/**
 * Writes the generated pages. With `--check` it writes nothing, and fails where a
 * page is not what it would write.
 */
const root = new URL('../', import.meta.url);

/** By path: how each file is generated. */
const pages: Record<string, () => string> = {
  'docs/built-ins.md': builtInReference,
  'docs/bytecode.md': instructionReference,
  'docs/grammar.md': grammarReference,
  'packages/cli/src/explanations.ts': explanations,
};

/** The pages of `docs/errors` as a module, so that `smc explain` has them wherever it is installed. */
function explanations(): string {
  const folder = new URL('docs/errors/', root);
  const entries = readdirSync(folder)
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      const lines = text.split('\n').map((line) => `      ${literal(line)},`);
      return `  [\n    '${name.replace('.md', '')}',\n    [\n${lines.join('\n')}\n    ],\n  ],`;
    });
  return `// Long because it is generated, by scripts/docs.ts from docs/errors: all pages. Do not edit.

/** The lines of each page. */
const PAGES: readonly (readonly [string, readonly string[]])[] = [
${entries.join('\n')}
];

/** The page of each diagnostic, by its code. */
export const EXPLANATIONS: ReadonlyMap<string, string> = new Map(
  PAGES.map(([code, lines]) => [code, lines.join('\\n')]),
);
`;
}

/** As the formatter of this repository writes a string. */
function literal(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\');
  if (!escaped.includes("'") || escaped.includes('"')) return `'${escaped.replaceAll("'", "\\'")}'`;
  return `"${escaped}"`;
}

const checkOnly = process.argv.includes('--check');
for (const [name, generate] of Object.entries(pages)) {
  const file = new URL(name, root);
  const text = generate();
  if (checkOnly) {
    if (read(file) === text) continue;
    console.error(`${name} is not up to date: run npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(name);
  }
}

/** The text of a file, null where there is none. */
function read(file: URL): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
