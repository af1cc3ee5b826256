// Judges sources and manifests against the rules. It reads no file: both come in as text, by path.
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import {
  confined,
  impureGlobals,
  impureMembers,
  lineCountMax,
  longFileReason,
  outerFolders,
  packageRules,
  supportFolder,
  type PackageRule,
} from './rules.ts';
import { scan, type Found, type Scan } from './scan.ts';

/** Texts by path, relative to the root of the repository, with `/`. */
export type Texts = ReadonlyMap<string, string>;

/** Where a file lives: a package's sources, a package's own tests, or a folder outside the packages. */
type Room = {
  readonly kind: 'src' | 'package test' | 'outer';
  /** The package's folder name, or the outer folder's. */
  readonly name: string;
  readonly rule: PackageRule | undefined;
};

type Manifest = Readonly<Record<'dependencies' | 'devDependencies', Record<string, string> | undefined>> & {
  readonly exports?: object;
};

/** Every complaint about the sources, as `path:line: what`; none if all is well. */
export function checkSources(sources: Texts, manifests: Texts): string[] {
  const complaints: string[] = [];
  const edges = new Map<string, string[]>();
  for (const [path, text] of sources) {
    const room = roomOf(path);
    if (!room) {
      complaints.push(`${path}:1: its folder has no row in the import table`);
      continue;
    }
    const seen = scan(path, text);
    const complain = (line: number, what: string): number => complaints.push(`${path}:${line}: ${what}`);
    for (const found of seen.imports) {
      const what = judgeImport(path, room, found.name, manifests);
      if (what) complain(found.line, what);
      else if (found.name.startsWith('.'))
        edges.set(path, [...(edges.get(path) ?? []), target(path, found.name)]);
    }
    judgeFile(path, room, seen, complain);
  }
  for (const cycle of findCycles(edges)) complaints.push(`${cycle[0]}:1: import cycle ${cycle.join(' -> ')}`);
  return complaints;
}

/** Every complaint about the package.json files: the same import table, and exact versions. */
export function checkManifests(manifests: Texts): string[] {
  const complaints: string[] = [];
  for (const [path, text] of manifests) {
    const manifest = JSON.parse(text) as Manifest;
    for (const field of ['dependencies', 'devDependencies'] as const) {
      for (const [name, version] of Object.entries(manifest[field] ?? {})) {
        if (!/^\d+\.\d+\.\d+$/.test(version))
          complaints.push(`${path}: ${name} ${version} is not an exact version`);
        const room = roomOf(posix.join(posix.dirname(path), 'src/index.ts'));
        const ours = /^@smc\/(.+)$/.exec(name)?.[1];
        if (ours && room?.rule && !room.rule.imports.includes(ours)) {
          complaints.push(`${path}: ${room.name} may not depend on @smc/${ours}`);
        }
      }
    }
  }
  return complaints;
}

function roomOf(path: string): Room | undefined {
  const [top, name, part] = path.split('/');
  if (top === undefined || name === undefined) return undefined;
  if (outerFolders.includes(top)) return { kind: 'outer', name: top, rule: undefined };
  const rule = packageRules[name];
  if (top !== 'packages' || !rule) return undefined;
  if (part === 'src') return { kind: 'src', name, rule };
  return part === 'test' ? { kind: 'package test', name, rule } : undefined;
}

const target = (from: string, specifier: string): string => posix.join(posix.dirname(from), specifier);

/** Whether a package gives something for itself, as all of it would be too much to load. */
function isEntry(name: string, rest: string, manifests: Texts): boolean {
  const { exports } = JSON.parse(manifests.get(`packages/${name}/package.json`) ?? '{}') as Manifest;
  return `.${rest}` in (exports ?? {});
}

/** What is wrong with an import, or undefined. */
function judgeImport(path: string, room: Room, specifier: string, manifests: Texts): string | undefined {
  if (specifier.startsWith('.')) return judgeRelative(path, room, specifier);
  const ours = /^@smc\/([^/]+)(\/.*)?$/.exec(specifier);
  if (ours) {
    const [, name = '', rest] = ours;
    if (rest !== undefined && !isEntry(name, rest, manifests))
      return `deep import ${specifier}: import @smc/${name}`;
    if (room.kind !== 'src') return undefined;
    if (name === room.name) return `${name} imports itself by name: use a relative path`;
    return room.rule?.imports.includes(name) ? undefined : `${room.name} may not import @smc/${name}`;
  }
  if (isBuiltin(specifier)) {
    return room.kind === 'src' && room.rule?.pure
      ? `${room.name} is pure and imports ${specifier}`
      : undefined;
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const only = confined[name];
  if (only && !path.startsWith(only)) return `${name} is imported outside ${only}`;
  const declaredIn = room.kind === 'outer' ? [] : [`packages/${room.name}/package.json`];
  if (room.kind !== 'src') declaredIn.push('package.json');
  const declared = declaredIn.some((manifestPath) => {
    const manifest = JSON.parse(manifests.get(manifestPath) ?? '{}') as Manifest;
    return name in { ...manifest.dependencies, ...(room.kind === 'src' ? {} : manifest.devDependencies) };
  });
  return declared ? undefined : `${name} is no dependency in ${declaredIn.join(' or ')}`;
}

function judgeRelative(path: string, room: Room, specifier: string): string | undefined {
  const to = target(path, specifier);
  const other = roomOf(to);
  const sameRoom = other && other.kind === room.kind && other.name === room.name;
  const ownSources = room.kind === 'package test' && other?.kind === 'src' && other.name === room.name;
  const isSupport = supportFolder.test(to) && (room.kind === 'package test' || room.name === 'test');
  if (sameRoom || ownSources || isSupport) return undefined;
  // The configuration files at the root belong to no room and may be read by a script.
  if (room.name === 'scripts' && !to.includes('/')) return undefined;
  return `deep import ${specifier}: it leaves ${room.kind === 'outer' ? room.name : `packages/${room.name}`}`;
}

/** The rules about a file as such. */
function judgeFile(
  path: string,
  room: Room,
  seen: Scan,
  complain: (line: number, what: string) => void,
): void {
  if (seen.lineCount > lineCountMax && !seen.header.includes(longFileReason)) {
    complain(1, `${seen.lineCount} lines, and no "${longFileReason} ..." in the header`);
  }
  if (room.kind !== 'src') return;
  for (const found of seen.computedImports) complain(found.line, 'a computed import can not be checked');
  if (path.endsWith('/src/index.ts') && !seen.onlyReexports) complain(1, 'index.ts is a list of re-exports');
  if (!room.rule?.pure) return;
  const impure = ({ name }: Found): boolean =>
    impureGlobals.has(name) || impureMembers.has(name) || name === 'new Date';
  for (const found of seen.globals.filter(impure))
    complain(found.line, `${room.name} is pure and uses ${found.name}`);
}

/** One cycle per edge that closes one, by depth-first search. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return cycles;
}
