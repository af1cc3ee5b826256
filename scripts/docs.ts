import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { instructionReference } from '@smc/protocol';

/**
 * Writes the generated pages of `docs/`. With `--check` it writes nothing, and fails where a
 * page is not what it would write.
 */
const docs = new URL('../docs/', import.meta.url);

/** By file name: how each page is generated. */
const pages: Record<string, () => string> = {
  'bytecode.md': instructionReference,
};

const checkOnly = process.argv.includes('--check');
mkdirSync(docs, { recursive: true });
for (const [name, generate] of Object.entries(pages)) {
  const file = new URL(name, docs);
  const text = generate();
  if (checkOnly) {
    if (read(file) === text) continue;
    console.error(`docs/${name} is not up to date: run npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`docs/${name}`);
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
