import type { HttpClient } from '@smc/client';
import type { SourceHost, VersionSource } from '@smc/compiler';
import { decodeBundle, encodeBundle, FORMAT_LIMITS, type Bundle } from '@smc/protocol';
import { baselineOf, readBaseline } from './baseline.ts';
import { EXIT, Stop } from './exit.ts';
import { readFile } from './files.ts';
import { isRevisionFile, Revisions } from './git.ts';
import { hostOf, mergeBundles } from './sources.ts';
import { valueOf } from './target.ts';

/** Versions of a program as the command line names them: a file, a revision's, a node's, what was deployed. */

/** What names the baseline. */
const DEPLOYED = 'deployed';

const isUrl = (word: string): boolean => /^https?:\/\//.test(word);

/** Two versions, and how to get at the files of both. */
export interface NamedVersions {
  readonly old: VersionSource;
  readonly new: VersionSource;
  readonly host: SourceHost;
}

/** The versions that two words name; ends the command where one of them is not there. */
export async function namedVersions(
  older: string,
  newer: string,
  environment: string,
  connect: (url: string) => HttpClient,
): Promise<NamedVersions> {
  const revisions = new Revisions();
  const bundles = new Map<string, Uint8Array>();
  const isFile = (word: string): boolean => word !== DEPLOYED && !isUrl(word) && !isRevisionFile(word);
  // The project whose baseline is meant: that of the file, the newer one first.
  const anchor = [newer, older].find(isFile) ?? 'smc';
  const located = async (word: string): Promise<VersionSource> => {
    if (isUrl(word)) {
      bundles.set(word, encodeBundle(await runningOn(connect(word), word)));
      return { kind: 'bundle', file: word };
    }
    if (word === DEPLOYED) {
      checkBaseline(baselineOf(anchor, environment), environment);
      return { kind: 'deployed' };
    }
    const file = isRevisionFile(word) ? revisions.locate(word) : word;
    const bytes = isRevisionFile(file) ? revisions.read(file) : readFile(file);
    if (!file.endsWith('.smb') && textOf(bytes) === null)
      throw new Stop(EXIT.refused, 'not-text', `${file} is not UTF-8 text`);
    return { kind: 'file', file };
  };
  const [old, next] = [await located(older), await located(newer)];
  const files = hostOf(anchor, { environment });
  const host: SourceHost = {
    read: (file) => (isRevisionFile(file) ? textOf(revisions.read(file)) : files.read(file)),
    readBundle: (file) =>
      bundles.get(file) ?? (isRevisionFile(file) ? revisions.read(file) : files.readBundle(file)),
    readDeployed: () => files.readDeployed(),
    resolve: (from, path) =>
      isRevisionFile(from) ? revisions.resolve(from, path) : files.resolve(from, path),
  };
  return { old, new: next, host };
}

function textOf(bytes: Uint8Array | null): string | null {
  try {
    return bytes === null ? null : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function checkBaseline(path: string, environment: string): void {
  if (readBaseline(path) !== null) return;
  throw new Stop(
    EXIT.usage,
    'not-deployed',
    `nothing has been deployed in the environment ${environment} yet: there is no ${path}`,
    'smc deploy keeps what it deployed there; --env names another environment.',
  );
}

/** All machines of a node, as one bundle; `name` is the node's in messages. */
export async function runningOn(client: HttpClient, name: string): Promise<Bundle> {
  const parts: Parameters<typeof mergeBundles>[0][number][] = [];
  const machines = valueOf(await client.machines());
  const { imagesMax } = FORMAT_LIMITS;
  if (machines.length > imagesMax)
    throw new Stop(EXIT.refused, 'too-large', `${name} runs more than ${imagesMax} machines`);
  for (const machine of machines) {
    const decoded = decodeBundle(valueOf(await client.bundle(machine.name)));
    if (!decoded.ok)
      throw new Stop(
        EXIT.refused,
        'malformed',
        `${name} gives ${machine.name} as no bundle: ${decoded.malformed.message}`,
      );
    parts.push({ file: `${name} (${machine.name})`, bundle: decoded.value });
  }
  return mergeBundles(parts);
}
