import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What peers outside of Node have in common. */

/** What a command that is found in PATH prints; null where it is not there, or fails. */
export function outputOf(command: string, words: readonly string[]): string | null {
  const { status, stdout } = spawnSync(command, words, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? stdout.trim() : null;
}

/** The path of a file of `programs/`. */
export function sourceOf(name: string): string {
  return fileURLToPath(new URL(`programs/${name}`, import.meta.url));
}
