import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, type Compilation, type SourceHost } from '@smc/compiler';

/** The folder of the tests. */
export const testFolder = fileURLToPath(new URL('..', import.meta.url));

/** Source files by their paths in the folder of the tests, with `/` on every system. */
const host: SourceHost = {
  read(file) {
    try {
      return readFileSync(join(testFolder, file), 'utf8');
    } catch {
      return null;
    }
  },
  readBundle: () => null,
  readDeployed: () => null,
  resolve: (from, path) => normalize(`${from}/../${path}`).replaceAll('\\', '/'),
};

/** Compiles a source file of the tests. */
export function compileFile(path: string): Compilation {
  return compile(path, host);
}
