// Puts `smc` into one file: to find, read and compile two hundred modules takes longer than to check a small
// program. It is a CommonJS file, which loads less of Node itself than a module does; commands that are loaded
// when they are used are so in it too. The node stays a package of its own, which `smc node` alone loads, with
// the web server that it needs; so does what writes its log.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** The node is loaded by the commands that run one or look into what it keeps, and by no other. */
const nodeBeside = {
  name: 'node-beside',
  setup: (plugin) => {
    plugin.onResolve({ filter: /^@smc\/node$/ }, () => ({ path: './node.cjs', external: true }));
  },
};

rmSync(outdir, { recursive: true, force: true });
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  conditions: ['source'],
  // It starts a thread of its own, of files that it looks for beside it.
  external: ['pino'],
  // Names stay as they are: an internal error is read by people.
  minifyWhitespace: true,
  minifySyntax: true,
  charset: 'ascii',
  logLevel: 'warning',
};
const commonJs = {
  ...common,
  format: 'cjs',
  define: { 'import.meta.url': 'fileUrl' },
  banner: { js: 'const fileUrl = require("node:url").pathToFileURL(__filename).href;' },
};
await build({
  ...commonJs,
  entryPoints: ['packages/cli/src/main.ts'],
  outfile: `${outdir}/main.cjs`,
  plugins: [withoutChildProcess, nodeBeside],
});
await build({ ...commonJs, entryPoints: ['packages/node/src/index.ts'], outfile: `${outdir}/node.cjs` });
// The threads of a journal, which it looks for beside it.
await build({
  ...common,
  format: 'esm',
  entryPoints: ['worker', 'shadow-worker'].map((name) => `packages/node/src/journal/disk/${name}.ts`),
  outdir,
});

const kept = (...words) => [`${root}scripts/keep-code.cjs`, `${outdir}/main.cjs`, ...words];

// What is run most often: an editor checks at each save. The programs use all of the language between them.
const programs = readdirSync(`${root}test/conformance`).filter((name) => name.endsWith('.sm'));
for (const command of ['check', 'test']) {
  const files = programs.map((name) => `${root}test/conformance/${name}`);
  execFileSync(process.execPath, kept(command, ...files), { stdio: ['ignore', 'ignore', 'pipe'] });
}

// What a node needs until it is ready, and to end.
const directory = mkdtempSync(join(tmpdir(), 'smc-bundle-'));
const node = spawn(process.execPath, kept('node', '--data', directory, '--http', '0', '--tcp', '0'), {
  stdio: ['ignore', 'pipe', 'ignore'],
});
const ended = once(node, 'exit');
await Promise.race([once(node.stdout, 'data'), ended]);
node.kill('SIGTERM');
const [status] = await ended;
rmSync(directory, { recursive: true });
if (status !== 0) throw new Error(`the built smc node ended with ${status}`);
