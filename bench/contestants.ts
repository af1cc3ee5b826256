import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { erlang } from './peers/erlang.ts';
import { measureScript } from './peers/in-place.ts';
import { HOSTED } from './peers/hosted.ts';
import { lua } from './peers/lua.ts';
import { ocaml } from './peers/ocaml.ts';
import {
  BY_HAND,
  GIVEN,
  IN_PLACE,
  type HostedPeer,
  type Measurement,
  type ProgramPeer,
} from './peers/peer.ts';
import type { Request } from './worker.ts';

/** Those that take part in a run, each in processes of its own, so that none shares a heap or a profile with another. */

export interface Contestant {
  readonly name: string;
  readonly workloads: readonly string[];
  readonly measure: (workload: string, seconds: number) => Measurement | Promise<Measurement>;
  /** Ends its process. */
  readonly close: () => void;
}

const PROGRAMS: Readonly<Record<string, ProgramPeer>> = {
  Erlang: erlang,
  'OCaml bytecode': ocaml,
  Lua: lua,
};

/** The names in tables of those that are hosted. */
const TITLES: Readonly<Record<string, string>> = { quickjs: 'QuickJS', xstate: 'XState' };

/** All that can run here, warm after turns of so many milliseconds. The first is what the others are compared to. */
export async function startAll(warmMilliseconds: number): Promise<readonly Contestant[]> {
  const { twins, ...others } = HOSTED;
  const hosted = Object.entries(others).map(([name, peer]) =>
    host(name, peer, TITLES[name] ?? name, warmMilliseconds),
  );
  const programs = Object.entries(PROGRAMS)
    .filter(([, peer]) => peer.version() !== null)
    .map(([name, peer]) => startProgram(name, peer));
  return [await startInPlace(twins, warmMilliseconds), ...(await Promise.all(hosted)), ...programs];
}

/** Flags of V8 that forbid it to compile anything to machine code. */
const JITLESS = ['--jitless'];

/** What there is of the same without a compiler of the host: in place, and our interpreter. */
export async function startJitless(warmMilliseconds: number): Promise<readonly Contestant[]> {
  const { twins, interpreter } = HOSTED;
  return Promise.all([
    startInPlace(twins, warmMilliseconds, JITLESS),
    host('interpreter', interpreter, 'interpreter', warmMilliseconds, JITLESS),
  ]);
}

/** The versions of peers; those that are not installed are null, and were left out. */
export function versions(): Readonly<Record<string, string | null>> {
  const packaged = (name: string): string => {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  };
  const { node, v8 } = process.versions;
  return {
    node,
    v8,
    XState: packaged('xstate'),
    'quickjs-emscripten': packaged('quickjs-emscripten'),
    ...Object.fromEntries(Object.entries(PROGRAMS).map(([name, peer]) => [name, peer.version()])),
  };
}

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

async function host(
  name: string,
  peer: HostedPeer,
  title: string,
  warmMilliseconds: number,
  flags: readonly string[] = [],
): Promise<Contestant> {
  const worker = fork(WORKER, [String(warmMilliseconds), name], {
    execArgv: [...process.execArgv, ...flags],
  });
  await answerOf(worker, title);
  return {
    name: title,
    workloads: peer.workloads,
    measure: async (workload, seconds) => {
      worker.send({ workload, seconds } satisfies Request);
      return (await answerOf(worker, title)) as Measurement;
    },
    close: () => worker.disconnect(),
  };
}

/** The next message of a worker, which must not end before. */
async function answerOf(worker: ChildProcess, title: string): Promise<unknown> {
  const ended = new AbortController();
  const end = once(worker, 'exit', { signal: ended.signal }).then(([status]) => {
    throw new Error(`the process of ${title} ended with ${status}`);
  });
  // Left waiting when an answer comes first.
  end.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(worker, 'message'), end])) as unknown[];
    return message;
  } finally {
    ended.abort();
  }
}

/** Those of `inplace.js` measure themselves; the twins are hosted. */
async function startInPlace(
  twins: HostedPeer,
  warmMilliseconds: number,
  flags: readonly string[] = [],
): Promise<Contestant> {
  const hosted = await host('twins', twins, IN_PLACE, warmMilliseconds, flags);
  const given: readonly string[] = GIVEN;
  return {
    ...hosted,
    workloads: BY_HAND,
    measure: (workload, seconds) =>
      given.includes(workload) ? measureScript(workload, flags) : hosted.measure(workload, seconds),
  };
}

function startProgram(name: string, peer: ProgramPeer): Contestant {
  const folder = mkdtempSync(join(tmpdir(), 'smc-bench-'));
  const [command, ...words] = peer.build(folder);
  return {
    name,
    workloads: peer.workloads,
    measure: (workload, seconds) => {
      const output = execFileSync(command, [...words, workload, seconds.toFixed(2)], { encoding: 'utf8' });
      const [nanoseconds, checksum] = output.trim().split(' ').map(Number);
      return { nanoseconds, checksum };
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
