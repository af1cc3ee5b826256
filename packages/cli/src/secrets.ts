import { statSync } from 'node:fs';
import { EXIT, Stop } from './exit.ts';
import { readText, reason } from './files.ts';
import type { Warn } from './output.ts';

/** The text of a file that nobody else should be able to read; says so where others can. */
export function readSecret(file: string, warn: Warn): string {
  const text = readText(file);
  if (process.platform !== 'win32' && (statSync(file).mode & 0o007) !== 0) {
    warn(`${file} can be read or written by everybody on this computer; chmod 600 ${file}`);
  }
  return text;
}

/** How a command ends that was given another file than it needs. */
export function wrongFile(file: string, what: string, error: unknown): Stop {
  return new Stop(EXIT.usage, 'wrong-file', `${file} is ${what}: ${reason(error)}`);
}
