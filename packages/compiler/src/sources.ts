import type { Diagnostic } from '@smc/protocol';
import { importsTooMany } from './errors/imports.ts';
import { parse } from './syntax/index.ts';
import type { Module } from './syntax/index.ts';

/** The source files of a program: the one that is compiled, and what it imports. */

/** How the compiler gets at files. Names are the host's: the compiler only hands them on. */
export interface SourceHost {
  /** The text of a file; null where there is none, or it is no text. */
  read(file: string): string | null;
  /** The bytes of a compiled bundle; null where there is none. */
  readBundle(file: string): Uint8Array | null;
  /** What was deployed last in this environment (`import deployed`); null where there is no baseline. */
  readDeployed(): { readonly file: string; readonly bytes: Uint8Array } | null;
  /** The file that an import in `from` stands for: `./shapes.sm` in `src/main.sm` for `src/shapes.sm`. */
  resolve(from: string, path: string): string;
}

/** The files of a program, read and parsed. */
export interface LoadedSources {
  readonly modules: ReadonlyMap<string, Module>;
  readonly sources: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** How much may be read for one program. */
export const SOURCE_LIMITS = {
  filesMax: 1_000,
  /** UTF-16 units, of all files. */
  lengthMax: 64 * 1024 * 1024,
} as const;

/** Reads and parses the entry, which must be there, and what it imports, each file once. */
export function loadSources(entry: string, host: SourceHost): LoadedSources {
  const modules = new Map<string, Module>();
  const sources = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  let length = 0;
  const load = (file: string): void => {
    const text = host.read(file);
    if (text === null) return;
    const parsed = parse(text, file);
    length += text.length;
    modules.set(file, parsed.module);
    sources.set(file, text);
    diagnostics.push(...parsed.diagnostics);
  };
  load(entry);
  if (!modules.has(entry)) throw new Error(`there is no file ${entry}`);
  // A map gives what is added to it while it is walked.
  for (const [file, { imports }] of modules) {
    for (const { source, sourceSpan } of imports) {
      // A bundle is no source; the checker reports it, and files that are not there.
      if (source.kind !== 'path' || source.path.endsWith('.smb')) continue;
      const target = host.resolve(file, source.path);
      if (modules.has(target)) continue;
      if (modules.size >= SOURCE_LIMITS.filesMax || length > SOURCE_LIMITS.lengthMax) {
        diagnostics.push(importsTooMany(sourceSpan, SOURCE_LIMITS.filesMax));
        return { modules, sources, diagnostics };
      }
      load(target);
    }
  }
  return { modules, sources, diagnostics };
}
