import { execFileSync } from 'node:child_process';
import { posix } from 'node:path';
import { EXIT, Stop } from './exit.ts';
import { FILE_BYTES_MAX } from './files.ts';

/**
 * Files as they are in a revision of the repository that the current folder is in: `git:REF:PATH`,
 * with the path from the root of the repository, or from the current folder where it starts with
 * `./` or `../`, as git has it. Nothing is fetched, and no work tree is looked at.
 */

const PREFIX = 'git:';
/** What git takes for the name of a revision; none starts with `-`, and none is a range. */
const REVISION = /^[A-Za-z0-9_@][A-Za-z0-9_@./^~{}+-]{0,199}$/;

/** Whether a word names a file of a revision. */
export const isRevisionFile = (name: string): boolean => name.startsWith(PREFIX);

/** The files of revisions, each read once; names are `git:REF:PATH`. */
export class Revisions {
  readonly #commits = new Map<string, string>();
  readonly #files = new Map<string, Uint8Array | null>();

  /** The name of a file that the user named, its path from the root; ends the command where it is not there. */
  locate(name: string): string {
    const { revision, path } = split(name);
    const commit = this.#commit(revision);
    const isRelative = /^\.\.?\//.test(path);
    const folder = isRelative ? git(['rev-parse', '--show-prefix']).text.trim() : '';
    const normal = posix.normalize(posix.join(folder, path));
    const located = `${PREFIX}${revision}:${normal}`;
    if (this.read(located) !== null) return located;
    throw new Stop(
      EXIT.usage,
      'no-file',
      `there is no file ${normal} in ${revision} (${commit.slice(0, 12)})`,
      'The path is from the root of the repository; ./FILE is in the current folder.',
    );
  }

  /** The bytes of a file; null where there is none, or it is too large. */
  read(name: string): Uint8Array | null {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const { revision, path } = split(name);
    // A path that leads out of the repository is none in it.
    const found = path.startsWith('..') ? null : this.#blob(`${this.#commit(revision)}:${path}`);
    this.#files.set(name, found);
    return found;
  }

  /** The file that an import in a file of a revision stands for: in the same revision. */
  resolve(from: string, path: string): string {
    const { revision, path: own } = split(from);
    return `${PREFIX}${revision}:${posix.normalize(posix.join(posix.dirname(own), path))}`;
  }

  #blob(object: string): Uint8Array | null {
    const found = git(['cat-file', 'blob', object]);
    return found.ok ? found.bytes : null;
  }

  #commit(revision: string): string {
    const known = this.#commits.get(revision);
    if (known !== undefined) return known;
    const inside = git(['rev-parse', '--git-dir']);
    if (!inside.ok)
      throw new Stop(
        EXIT.usage,
        'no-repository',
        `git:${revision}:… needs a git repository, and the current folder is in none that can be read`,
        inside.text.split('\n')[0],
      );
    const found = git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]);
    const commit = found.text.trim();
    if (!found.ok || !/^[0-9a-f]{40,64}$/.test(commit))
      throw new Stop(EXIT.usage, 'no-revision', `there is no revision ${revision} in this repository`);
    this.#commits.set(revision, commit);
    return commit;
  }
}

function split(name: string): { readonly revision: string; readonly path: string } {
  const rest = name.slice(PREFIX.length);
  const colon = rest.indexOf(':');
  const [revision, path] = [rest.slice(0, colon), rest.slice(colon + 1)];
  if (colon > 0 && path !== '' && REVISION.test(revision) && !revision.includes('..'))
    return { revision, path };
  throw new Stop(
    EXIT.usage,
    'usage',
    `${name} names no file of a revision`,
    'It is written git:REF:PATH, as git:HEAD~1:counter.sm.',
  );
}

interface GitResult {
  readonly ok: boolean;
  readonly bytes: Uint8Array;
  /** What it printed; where it failed, what it says of that. */
  readonly text: string;
}

/** Runs git without a shell. */
function git(words: readonly string[]): GitResult {
  try {
    const bytes = execFileSync('git', words, {
      maxBuffer: FILE_BYTES_MAX,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A clone may lack files: they are not fetched by the way.
      env: { ...process.env, GIT_NO_LAZY_FETCH: '1', GIT_TERMINAL_PROMPT: '0' },
    });
    return { ok: true, bytes, text: words[0] === 'cat-file' ? '' : bytes.toString('utf8') };
  } catch (error) {
    const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: Uint8Array };
    if (code === 'ENOENT')
      throw new Stop(
        EXIT.usage,
        'no-git',
        'git is not installed, or not on the path',
        'git:REF:PATH needs it.',
      );
    return { ok: false, bytes: new Uint8Array(), text: Buffer.from(stderr ?? []).toString('utf8') };
  }
}
