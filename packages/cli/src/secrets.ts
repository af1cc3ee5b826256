import { statSync } from 'node:fs';
import { EXIT, Stop } from './exit.ts';
import { readText, reason } from './files.ts';
import type { Warn } from './output.ts';

/** Bits of the mode of a file, and what they let everybody do. */
const OF_OTHERS = [
  [0o004, 'read'],
  [0o002, 'written'],
] as const;

/** The text of a file that nobody else should be able to read or write; says so where others can. */
export function readSecret(file: string, warn: Warn): string {
  const text = readText(file);
  const { mode } = statSync(file);
  const can = OF_OTHERS.flatMap(([bit, done]) => ((mode & bit) === 0 ? [] : [done]));
  if (process.platform !== 'win32' && can.length > 0) {
    warn(`${file} can be ${can.join(' and ')} by everybody on this computer; chmod 600 ${file}`);
  }
  return text;
}

/** How a command ends that was given another file than it needs. */
export function wrongFile(file: string, what: string, error: unknown): Stop {
  return new Stop(EXIT.usage, 'wrong-file', `${file} is ${what}: ${reason(error)}`);
}
