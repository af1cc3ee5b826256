// Puts `smc` into one file: to find, read and compile two hundred modules takes longer than to check a small
// program. It is a CommonJS file, which loads less of Node itself than a module does; commands that are loaded
// when they are used are so in it too. The node stays a package of its own, which `smc node` alone loads, with
// the web server that it needs; so does what writes its log.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = `${root}packages/cli/bundle`;

/** Commander can start other programs as its commands. `smc` has none, and what starts them is slow to load. */
const withoutChildProcess = {
  name: 'without-child-process',
  setup: (plugin) => {
    plugin.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/commander/') ? { path: 'none', namespace: 'none' } : null,
    );
    plugin.onLoad({ filter: /^none$/, namespace: 'none' }, () => ({ contents: 'export default {}' }));
  },
};

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['packages/cli/src/main.ts'],
  outfile: `${outdir}/main.cjs`,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  conditions: ['source'],
  external: ['@smc/node', 'pino'],
  define: { 'import.meta.url': 'fileUrl' },
  banner: { js: 'const fileUrl = require("node:url").pathToFileURL(__filename).href;' },
  plugins: [withoutChildProcess],
  // Names stay as they are: an internal error is read by people.
  minifyWhitespace: true,
  minifySyntax: true,
  charset: 'ascii',
  logLevel: 'warning',
});

// What is run most often: an editor checks at each save. The programs use all of the language between them.
const programs = readdirSync(`${root}test/conformance`).filter((name) => name.endsWith('.sm'));
for (const command of ['check', 'test']) {
  const files = programs.map((name) => `${root}test/conformance/${name}`);
  const words = [`${root}scripts/keep-code.cjs`, `${outdir}/main.cjs`, command, ...files];
  execFileSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
}
