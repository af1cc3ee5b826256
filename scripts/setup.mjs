// Installs what package-lock.json names, when it is not there yet or is no longer what the lock says.
// Runs before anything is installed, so it uses Node's own modules alone and works from Node 20 on.
//
// What is installed is read from npm's own note of it, node_modules/.package-lock.json, which npm writes last:
// an install that was broken off half way counts as none.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const readPackages = (path) => JSON.parse(readFileSync(root + path, 'utf8')).packages;

/** Why an install is needed, in a few words; undefined when all is there. */
function whyInstall() {
  const notePath = 'node_modules/.package-lock.json';
  if (!existsSync(root + notePath)) return 'nothing is installed yet';
  if (!existsSync(`${root}node_modules/.bin/node`) && process.platform !== 'win32') return 'Node is missing';
  const installed = readPackages(notePath);
  const stale = Object.entries(readPackages('package-lock.json')).find(
    ([path, wanted]) =>
      path.includes('node_modules/') &&
      !wanted.optional &&
      (!installed[path] || installed[path].version !== wanted.version),
  );
  return stale && `${stale[0]} is not what package-lock.json says`;
}

/** npm, run by the Node that runs npm itself: `npm ci` removes the one below node_modules. */
function npmCi() {
  const args = ['ci', '--loglevel=error', '--no-progress'];
  const options = { cwd: root, stdio: 'inherit' };
  const npm = process.env.npm_execpath;
  const result = npm
    ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (result.error) console.error(`setup: npm ci could not be started: ${result.error.message}`);
  return result.status ?? 1;
}

const why = whyInstall();
if (why) {
  console.log(`setup: ${why}, running npm ci`);
  const status = npmCi();
  if (status !== 0) {
    console.error('setup: npm ci failed, see above');
    process.exit(status);
  }
}
