// Puts `smc` into a few files: one that every command loads, and one for each group of modules that some
// commands share. To find, read and compile two hundred modules takes longer than to check a small program.
// The node stays a package of its own, which `smc node` alone loads, with the web server that it needs.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = `${root}packages/cli/bundle`;

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['packages/cli/src/main.ts'],
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['source'],
  external: ['@smc/node'],
  // Names stay as they are: an internal error is read by people.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
});
