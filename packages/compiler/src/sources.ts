import { decodeBundle } from '@smc/protocol';
import type { Bundle, Diagnostic } from '@smc/protocol';
import { importsTooMany } from './errors/imports.ts';
import { parse } from './syntax/index.ts';
import type { Module } from './syntax/index.ts';

/** The files of a program: the one that is compiled, and what it imports, source and bytecode. */

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

/** A version of a program, by what there is of it. */
export type VersionSource =
  /** Source, or bytecode where its name ends in `.smb`. */
  | { readonly kind: 'file'; readonly file: string }
  /** Bytecode, whatever its name. */
  | { readonly kind: 'bundle'; readonly file: string }
  /** What was deployed last. */
  | { readonly kind: 'deployed' };

/** A bundle that was to be imported. */
export type LoadedBundle =
  | { readonly file: string; readonly bundle: Bundle }
  /** Why it can not be read; null where it is not there. */
  | { readonly file: string; readonly bundle: null; readonly defect: string | null };

/** The bundles that files of a program import. */
export interface LoadedBundles {
  /** By their files. */
  readonly files: ReadonlyMap<string, LoadedBundle>;
  /** What was deployed last; null where nothing was, or nobody asks. */
  readonly deployed: LoadedBundle | null;
}

/** The files of a program, read and parsed. */
export interface LoadedSources {
  readonly modules: ReadonlyMap<string, Module>;
  readonly sources: ReadonlyMap<string, string>;
  readonly bundles: LoadedBundles;
  readonly diagnostics: readonly Diagnostic[];
  /** Whether there is more that is wrong. */
  readonly isCut: boolean;
}

/** How much may be read for one program. */
export const SOURCE_LIMITS = {
  filesMax: 1_000,
  /** UTF-16 units, of all files. */
  lengthMax: 64 * 1024 * 1024,
} as const;

/** Whether a file that is imported is bytecode. */
export const isBytecode = (file: string): boolean => file.endsWith('.smb');

/** The source file that a version is; null where it is bytecode. */
export const sourceFileOf = (version: VersionSource): string | null =>
  version.kind === 'file' && !isBytecode(version.file) ? version.file : null;

/**
 * Reads the entry, which must be there where it is a source file, and what it imports, each file
 * once. `prepare` may leave out parts of a file, and with them what they alone import.
 */
export function loadSources(
  entry: VersionSource,
  host: SourceHost,
  prepare: (module: Module) => Module = (module) => module,
): LoadedSources {
  const modules = new Map<string, Module>();
  const sources = new Map<string, string>();
  const files = new Map<string, LoadedBundle>();
  let deployed: LoadedBundle | null | undefined;
  const diagnostics: Diagnostic[] = [];
  let isCut = false;
  let length = 0;
  const load = (file: string): void => {
    const text = host.read(file);
    if (text === null) return;
    const parsed = parse(text, file);
    length += text.length;
    modules.set(file, prepare(parsed.module));
    sources.set(file, text);
    for (const each of parsed.diagnostics) diagnostics.push(each);
    isCut ||= parsed.isCut;
  };
  const loadBundle = (file: string): void => {
    const bytes = host.readBundle(file);
    length += bytes?.length ?? 0;
    files.set(file, openBundle(file, bytes));
  };
  const source = sourceFileOf(entry);
  if (entry.kind === 'deployed') deployed = loadDeployed(host);
  else if (source === null) loadBundle(entry.file);
  else {
    load(source);
    if (!modules.has(source)) throw new Error(`there is no file ${source}`);
  }
  // A map gives what is added to it while it is walked.
  for (const [file, { imports }] of modules) {
    for (const { source, sourceSpan } of imports) {
      if (source.kind === 'deployed') {
        deployed ??= loadDeployed(host);
        continue;
      }
      const target = host.resolve(file, source.path);
      if (modules.has(target) || files.has(target)) continue;
      if (modules.size + files.size >= SOURCE_LIMITS.filesMax || length > SOURCE_LIMITS.lengthMax) {
        diagnostics.push(importsTooMany(sourceSpan, SOURCE_LIMITS.filesMax));
        return { modules, sources, bundles: { files, deployed: deployed ?? null }, diagnostics, isCut };
      }
      if (isBytecode(source.path)) loadBundle(target);
      else load(target);
    }
  }
  return { modules, sources, bundles: { files, deployed: deployed ?? null }, diagnostics, isCut };
}

function loadDeployed(host: SourceHost): LoadedBundle | null {
  const found = host.readDeployed();
  return found === null ? null : openBundle(found.file, found.bytes);
}

/** Decodes a bundle, for which nobody vouches. */
function openBundle(file: string, bytes: Uint8Array | null): LoadedBundle {
  if (bytes === null) return { file, bundle: null, defect: null };
  const decoded = decodeBundle(bytes);
  if (decoded.ok) return { file, bundle: decoded.value };
  const { message, offset } = decoded.malformed;
  return { file, bundle: null, defect: `${message} (at byte ${offset})` };
}
