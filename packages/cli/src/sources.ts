import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { compile, render, toJson, type Compilation, type SourceHost } from '@smc/compiler';
import {
  decodeBundle,
  encodeBundle,
  type Bundle,
  type Diagnostic,
  type Image,
  type ImageDebug,
  type Upgrade,
} from '@smc/protocol';
import { EXIT, Refused, Stop } from './exit.ts';
import type { Output } from './output.ts';

/** No source or bundle is larger; a larger file is not one of ours. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** The bytes of a file that the user named, or the reason why there are none. */
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
    throw new Stop(EXIT.usage, 'no-file', `${path} can not be read: ${reason(error)}`);
  }
}

/** Writes a file that the user named. */
export function writeFile(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new Stop(EXIT.usage, 'no-file', `${path} can not be written: ${reason(error)}`);
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'EACCES') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}

/** Source files, by paths as the user writes them: relative to where `smc` was started. */
export const fileHost: SourceHost = {
  read(file) {
    try {
      if (statSync(file).size > FILE_BYTES_MAX) return null;
      return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    } catch {
      return null;
    }
  },
  readBundle(file) {
    try {
      return statSync(file).size > FILE_BYTES_MAX ? null : readFileSync(file);
    } catch {
      return null;
    }
  },
  // There is no baseline yet.
  readDeployed: () => null,
  resolve: (from, path) => normalize(join(dirname(from), path)),
};

/** The text of a file that the user named. */
export function readText(file: string): string {
  const bytes = readFile(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Stop(EXIT.refused, 'not-text', `${file} is not UTF-8 text`);
  }
}

/** Compiles one file; that it can be read at all is checked first, so that the error is the system's. */
export function compileFile(file: string): Compilation {
  if (file.endsWith('.smb')) {
    throw new Stop(EXIT.usage, 'not-source', `${file} is bytecode; a source file (.sm) is needed here`);
  }
  readText(file);
  return compile(file, fileHost);
}

/** Shows the diagnostics of a compilation, and says whether one of them is an error. */
export function showDiagnostics(compilation: Compilation, output: Output): boolean {
  for (const diagnostic of compilation.diagnostics) {
    output.note(render(diagnostic, (name) => compilation.sources.get(name) ?? null, { color: output.color }));
  }
  return compilation.diagnostics.some(isError);
}

const isError = (diagnostic: Diagnostic): boolean => diagnostic.severity === 'error';

/** Diagnostics as `--json` gives them. */
export function diagnosticsData(compilation: Compilation): unknown[] {
  return compilation.diagnostics.map((diagnostic) =>
    toJson(diagnostic, (name) => compilation.sources.get(name) ?? null),
  );
}

/**
 * The bundle of a file, which must compile; else its diagnostics are shown and the command ends.
 * It is as it will be read: encoded, with tables in their canonical order, and decoded.
 */
export function bundleOf(file: string, output: Output): Bundle {
  const compilation = compileFile(file);
  const refused = showDiagnostics(compilation, output);
  if (refused || compilation.bundle === null) {
    output.data({ diagnostics: diagnosticsData(compilation) });
    throw new Refused();
  }
  return canonical(compilation.bundle);
}

/** A bundle as whoever reads it gets it. */
export function canonical(bundle: Bundle): Bundle {
  const decoded = decodeBundle(encodeBundle(bundle));
  if (!decoded.ok) throw new Error(`the bundle can not be read: ${decoded.malformed.message}`);
  return decoded.value;
}

/** The bundle of a file, source or bytecode; else what is wrong is shown and the command ends. */
export function loadBundle(file: string, output: Output): Bundle {
  if (!file.endsWith('.smb')) return bundleOf(file, output);
  const decoded = decodeBundle(readFile(file));
  if (decoded.ok) return decoded.value;
  const { message, offset } = decoded.malformed;
  throw new Stop(
    EXIT.refused,
    'malformed',
    `${file} is malformed at byte ${offset}: ${message}`,
    'Build it again with smc build.',
  );
}

/** Several bundles as one, to be deployed together. No machine may be in two of them. */
export function mergeBundles(bundles: readonly { readonly file: string; readonly bundle: Bundle }[]): Bundle {
  const fileOf = new Map<string, string>();
  const images: Image[] = [];
  const upgrades: Upgrade[] = [];
  const debug: ImageDebug[] = [];
  for (const { file, bundle } of bundles) {
    const offset = images.length;
    for (const image of bundle.images) {
      const other = fileOf.get(image.name);
      if (other !== undefined) {
        throw new Stop(
          EXIT.usage,
          'twice',
          `the machine ${image.name} is in ${other} and in ${file}`,
          'Name one of the two files.',
        );
      }
      fileOf.set(image.name, file);
    }
    images.push(...bundle.images);
    debug.push(...bundle.debug);
    upgrades.push(...bundle.upgrades.map((upgrade) => ({ ...upgrade, image: upgrade.image + offset })));
  }
  return { images, upgrades, debug };
}
