import { readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import {
  check,
  compareVersions,
  compile,
  render,
  toJson,
  type CheckedFile,
  type Checking,
  type ComparedVersions,
  type ComparisonOptions,
  type Compilation,
  type SourceHost,
} from '@smc/compiler';
import {
  decodeBundle,
  encodeBundle,
  type Bundle,
  type Diagnostic,
  type Image,
  type ImageDebug,
  type Upgrade,
} from '@smc/protocol';
import { baselineOf, LOCAL, readBaseline } from './baseline.ts';
import { EXIT, Refused, Stop } from './exit.ts';
import { FILE_BYTES_MAX, readFile, readText } from './files.ts';
import type { Output } from './output.ts';

/** How a file is compiled. */
export interface Compiling {
  /** The environment whose baseline `import deployed` means. */
  readonly environment?: string;
  /** What `import deployed` means instead: a bundle, and what it is called in messages. */
  readonly deployed?: { readonly file: string; readonly bytes: Uint8Array };
  /** Told of every file that is looked for, whether it is there or not. */
  readonly onRead?: (file: string) => void;
}

/** Source files, by paths as the user writes them: relative to where `smc` was started. */
export function hostOf(
  entry: string,
  { environment = LOCAL, deployed, onRead = () => {} }: Compiling,
): SourceHost {
  const bytesOf = (file: string): Uint8Array | null => {
    onRead(file);
    try {
      return statSync(file).size > FILE_BYTES_MAX ? null : readFileSync(file);
    } catch {
      return null;
    }
  };
  return {
    read(file) {
      const bytes = bytesOf(file);
      try {
        return bytes === null ? null : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      } catch {
        return null;
      }
    },
    readBundle: bytesOf,
    readDeployed() {
      if (deployed !== undefined) return deployed;
      const file = baselineOf(entry, environment);
      onRead(file);
      const bytes = readBaseline(file);
      return bytes === null ? null : { file, bytes };
    },
    resolve: (from, path) => normalize(join(dirname(from), path)),
  };
}

/** Compiles one file; that it can be read at all is checked first, so that the error is the system's. */
export function compileFile(file: string, compiling: Compiling = {}): Compilation {
  checkSource(file, compiling);
  return compile(file, hostOf(file, compiling));
}

/** Finds what is wrong with one file, likewise. */
export function checkFile(file: string, compiling: Compiling = {}): CheckedFile {
  checkSource(file, compiling);
  return check(file, hostOf(file, compiling));
}

/** Compiles one file as it follows on what is deployed: with an upgrade for each machine that differs. */
export function followDeployed(
  file: string,
  compiling: Compiling,
  options: ComparisonOptions,
): ComparedVersions {
  checkSource(file, compiling);
  return compareVersions({ kind: 'deployed' }, { kind: 'file', file }, hostOf(file, compiling), options);
}

/** Ends the command where a file is no source that can be read. */
export function checkSource(file: string, { onRead }: Compiling = {}): void {
  if (file.endsWith('.smb')) {
    throw new Stop(EXIT.usage, 'not-source', `${file} is bytecode; a source file (.sm) is needed here`);
  }
  onRead?.(file);
  readText(file);
}

/** Shows the diagnostics of a compilation, and says whether one of them is an error. */
export function showDiagnostics(compilation: Checking, output: Output): boolean {
  for (const diagnostic of compilation.diagnostics) {
    output.note(render(diagnostic, (name) => compilation.sources.get(name) ?? null, { color: output.color }));
  }
  if (compilation.isCut) output.note(MORE_ERRORS);
  return compilation.diagnostics.some(isError);
}

const isError = (diagnostic: Diagnostic): boolean => diagnostic.severity === 'error';

/** What is said where there are more errors than are shown. */
const MORE_ERRORS = '… and more errors, which show when these are mended.';

/** What `--json` gives of diagnostics. */
export interface DiagnosticsData {
  readonly diagnostics: readonly unknown[];
  /** There where there are more errors than are given. */
  readonly more?: true;
}

/** Diagnostics, of one compilation or of several, as `--json` gives them. */
export function diagnosticsData(...compilations: readonly Checking[]): DiagnosticsData {
  const diagnostics = compilations.flatMap(({ diagnostics, sources }) =>
    diagnostics.map((diagnostic) => toJson(diagnostic, (name) => sources.get(name) ?? null)),
  );
  return { diagnostics, ...(compilations.some(({ isCut }) => isCut) ? { more: true } : {}) };
}

/**
 * The bundle of a file, which must compile; else its diagnostics are shown and the command ends.
 * It is as it will be read: encoded, with tables in their canonical order, and decoded.
 */
export function bundleOf(file: string, output: Output, compiling: Compiling = {}): Bundle {
  const compilation = compileFile(file, compiling);
  const refused = showDiagnostics(compilation, output);
  if (refused || compilation.bundle === null) {
    output.data(diagnosticsData(compilation));
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
export function loadBundle(file: string, output: Output, compiling: Compiling = {}): Bundle {
  if (!file.endsWith('.smb')) return bundleOf(file, output, compiling);
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

/** Of a bundle what it has for some machines. */
export function partOf({ images, upgrades, debug }: Bundle, isWanted: (machine: string) => boolean): Bundle {
  const kept = images.flatMap(({ name }, i) => (isWanted(name) ? [i] : []));
  return {
    images: kept.map((i) => images[i]),
    upgrades: upgrades.flatMap((upgrade) =>
      isWanted(upgrade.machine) ? [{ ...upgrade, image: kept.indexOf(upgrade.image) }] : [],
    ),
    debug: kept.map((i) => debug[i]),
  };
}
