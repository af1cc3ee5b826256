import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { EXIT, Stop } from './exit.ts';

/** Files that the user named; what goes wrong with one ends the command. */

/** No source or bundle is larger; a larger file is not one of ours. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** The bytes of a file. */
export function readFile(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > FILE_BYTES_MAX) {
      throw new Stop(
        EXIT.usage,
        'too-large',
        `${path} has ${size} bytes; at most ${FILE_BYTES_MAX} are read`,
      );
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Stop) throw error;
    const isFolder = (error as NodeJS.ErrnoException).code === 'EISDIR';
    const hint = isFolder ? `Name the files in it: ${path.replace(/\/$/, '')}/*.sm` : undefined;
    throw new Stop(EXIT.usage, 'no-file', `${path} can not be read: ${reason(error)}`, hint);
  }
}

/** Writes a file. */
export function writeFile(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new Stop(EXIT.usage, 'no-file', `${path} can not be written: ${reason(error)}`);
  }
}

/** Why a file can not be read or written. */
export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'ELOOP') return 'its symbolic links lead in a circle';
  if (code === 'EACCES') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}

/** The text of a file. */
export function readText(file: string): string {
  const bytes = readFile(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Stop(EXIT.refused, 'not-text', `${file} is not UTF-8 text`);
  }
}
