import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, Stop } from './exit.ts';

/** More files than this below one folder are not one project. */
const FILES_MAX = 10_000;

/**
 * The source files that a command is for: those that were named, else all below the current
 * folder, in order; folders whose name starts with a dot, `node_modules` and links are passed by.
 */
export function sourceFiles(named: readonly string[]): readonly string[] {
  if (named.length > 0) return named;
  const files: string[] = [];
  const folders = ['.'];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const isHidden = entry.name.startsWith('.') || entry.name === 'node_modules';
      if (entry.isDirectory() && !isHidden) folders.push(path);
      else if (entry.isFile() && entry.name.endsWith('.sm')) files.push(path);
    }
    if (files.length > FILES_MAX || folders.length > FILES_MAX) {
      throw new Stop(EXIT.usage, 'too-many-files', `there are too many files below this folder; name some`);
    }
  }
  if (files.length === 0) {
    throw new Stop(EXIT.usage, 'no-file', 'there is no source file (.sm) in this folder or below');
  }
  return files.sort();
}
