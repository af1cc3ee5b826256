import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { decodeBundle, encodeBundle, fingerprints, type Bundle } from '@smc/protocol';
import type { Command } from 'commander';
import { option, type Words } from './command.ts';
import { EXIT, Stop } from './exit.ts';
import { FILE_BYTES_MAX, reason } from './files.ts';

/**
 * The baseline: what was deployed last, by environment, so that a program can be checked against
 * it (`import deployed`). It is `.smc/baseline/ENV.smb` of the project, one bundle with every
 * machine, and belongs into version control. It is written whole or not at all.
 */

/** The environment, where nothing is said. */
export const LOCAL = 'local';

const FOLDER = '.smc';
const ENVIRONMENT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Declares `--env` on a command that compiles or deploys. */
export function declareEnvironment(command: Command): void {
  command.option('--env <name>', `the environment whose baseline is used (default: ${LOCAL})`);
}

/** The environment that `--env` names. */
export function environmentOf(words: Words): string {
  const name = option(words, 'env') ?? LOCAL;
  if (ENVIRONMENT.test(name)) return name;
  throw new Stop(
    EXIT.usage,
    'usage',
    `${JSON.stringify(name)} is no name of an environment`,
    'It has letters, digits, - and _, and at most 64 of them.',
  );
}

/**
 * Where the baseline of a file's project is: in the nearest folder from that of the file upwards
 * that has a `.smc`; where there is none, in the current folder if the file is below it, else
 * beside the file.
 */
export function baselineOf(file: string, environment: string): string {
  return baselineFrom(resolve(dirname(file)), environment);
}

/** The same of what lies in a folder, which is an absolute path. */
export function baselineFrom(own: string, environment: string): string {
  let project: string | null = null;
  for (let folder = own; project === null; folder = dirname(folder)) {
    if (isThere(join(folder, FOLDER))) project = folder;
    else if (dirname(folder) === folder) break;
  }
  const current = resolve('.');
  project ??=
    own === current || own.startsWith(current.endsWith(sep) ? current : current + sep) ? current : own;
  return join(relative(current, project), FOLDER, 'baseline', `${environment}.smb`);
}

/**
 * The bytes of a baseline; null where nothing was deployed yet. What is there and can not be read ends
 * the command: else a check would be passed over, or a baseline be lost.
 */
export function readBaseline(path: string): Uint8Array | null {
  for (const folder of [dirname(dirname(path)), dirname(path)]) {
    if (!isThere(folder)) return null;
    if (!statOf(folder).isDirectory()) throw unreadable(folder, 'it is no directory');
  }
  if (!isThere(path)) return null;
  const found = statOf(path);
  if (found.isDirectory()) throw unreadable(path, 'it is a directory');
  if (!found.isFile()) throw unreadable(path, 'it is no file');
  if (found.size > FILE_BYTES_MAX) throw unreadable(path, `it has more than ${FILE_BYTES_MAX} bytes`);
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, reason(error));
  }
}

/** Whether there is anything, also a link that leads nowhere. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw unreadable(path, reason(error));
  }
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const isNowhere = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw unreadable(path, isNowhere ? 'it is a link that leads nowhere' : reason(error));
  }
}

function unreadable(path: string, why: string): Stop {
  return new Stop(
    EXIT.refused,
    'bad-baseline',
    `the baseline ${path} can not be read: ${why}`,
    'Nothing was changed. Take it from the version control, or remove it and deploy again.',
  );
}

/**
 * What is to be done to a baseline once these machines are deployed. Called before that, since it
 * ends the command where the baseline can not be read.
 */
export function nextBaseline(path: string, deployed: Bundle): () => void {
  const before = readBaseline(path);
  const known = before === null ? { images: [], debug: [], upgrades: [] } : opened(path, before);
  const names = new Set(deployed.images.map(({ name }) => name));
  const kept = known.images.flatMap((image, i) => (names.has(image.name) ? [] : [i]));
  // What is deployed already was led to by what it remembers, whatever the file says by now.
  const debug = deployed.images.map((image, i) => {
    const index = known.images.findIndex(({ name }) => name === image.name);
    const isSame = index >= 0 && fingerprints(known.images[index]).code === fingerprints(image).code;
    return isSame ? { ...deployed.debug[i], carriedOut: known.debug[index].carriedOut } : deployed.debug[i];
  });
  const bytes = encodeBundle({
    images: [...kept.map((i) => known.images[i]), ...deployed.images],
    debug: [...kept.map((i) => known.debug[i]), ...debug],
    upgrades: [],
  });
  return () => {
    if (before === null || Buffer.compare(before, bytes) !== 0) writeBaseline(path, bytes, NOT_DEPLOYED);
  };
}

/**
 * What is to be done to a baseline once a machine is removed; null where the baseline does not have it. Called
 * before that, as `nextBaseline` is. What is left with no machine is removed: nothing is deployed then.
 */
export function baselineWithout(path: string, machine: string): (() => void) | null {
  const before = readBaseline(path);
  if (before === null) return null;
  const { images, debug } = opened(path, before);
  const kept = images.flatMap(({ name }, i) => (name === machine ? [] : [i]));
  if (kept.length === images.length) return null;
  const bytes = encodeBundle({
    images: kept.map((i) => images[i]),
    debug: kept.map((i) => debug[i]),
    upgrades: [],
  });
  return () => (kept.length === 0 ? removeBaseline(path) : writeBaseline(path, bytes, NOT_REMOVED));
}

const NOT_REMOVED: Unwritten = {
  what: 'the machine is removed',
  hint: 'Remove it again when it can.',
};

/**
 * Machines that were deployed from a file, and that are not among `names`, which are those of the files
 * that are looked at: the file has them no longer. Empty where nothing was deployed.
 */
export function goneFrom(file: string, environment: string, names: ReadonlySet<string>): readonly string[] {
  const path = baselineOf(file, environment);
  const bytes = readBaseline(path);
  if (bytes === null) return [];
  const { images, debug } = opened(path, bytes);
  return images.flatMap(({ name }, i) => {
    const from = debug[i].files[0];
    return !names.has(name) && from !== undefined && resolve(from) === resolve(file) ? [name] : [];
  });
}

/** The names of the machines in a baseline. */
export function machinesIn(path: string): ReadonlySet<string> {
  const bytes = readBaseline(path);
  return new Set(bytes === null ? [] : opened(path, bytes).images.map(({ name }) => name));
}

/** Whether a baseline has a machine with the very code that it has in another bundle. */
export function isInBaseline(path: string, machine: string, other: Bundle): boolean {
  const bytes = readBaseline(path);
  const [own, running] = [bytes === null ? null : opened(path, bytes), other].map((bundle) =>
    bundle?.images.find(({ name }) => name === machine),
  );
  return own !== undefined && running !== undefined && fingerprints(own).code === fingerprints(running).code;
}

/** What there is to say of a machine that a file has no longer. */
export function goneNote(machine: string, file: string, environment: string): string {
  const where = environment === LOCAL ? '' : ` --env ${environment}`;
  return (
    `note: ${machine} is deployed, and not in ${file} any more: it goes on as it is, and smc remove ${machine}${where} ` +
    'takes it off with its state. A machine keeps its name: where it was to have another one, give it the old ' +
    'one back, and write an upgrade.'
  );
}

function opened(path: string, bytes: Uint8Array): Bundle {
  const decoded = decodeBundle(bytes);
  if (decoded.ok) return decoded.value;
  const { message, offset } = decoded.malformed;
  throw unreadable(path, `${message} (at byte ${offset})`);
}

/** What was done when a baseline could not be written, and what is to be done then. */
interface Unwritten {
  readonly what: string;
  readonly hint: string;
}

const NOT_DEPLOYED: Unwritten = {
  what: 'the machines are deployed',
  hint: 'Deploy again when it can: what runs already stays unchanged.',
};

/** Beside it first, then in its place. */
function writeBaseline(path: string, bytes: Uint8Array, unwritten: Unwritten): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(draft, 'w');
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw notWritten(path, error, unwritten);
  }
}

function removeBaseline(path: string): void {
  try {
    rmSync(path);
  } catch (error) {
    throw notWritten(path, error, NOT_REMOVED);
  }
}

function notWritten(path: string, error: unknown, { what, hint }: Unwritten): Stop {
  const message = `${what}, and the baseline ${path} can not be written: ${reason(error)}`;
  return new Stop(EXIT.refused, 'no-baseline', message, hint);
}
