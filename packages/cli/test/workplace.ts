import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ClientClock } from '@smc/client';
import { startNode, type RunningNode } from '@smc/node';
import { smc } from '../src/index.ts';

/** Commands in this process, on real files and a real node. */

/** How a command ended, and what it said. */
export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** What a command finds where it runs. */
export interface Surroundings {
  readonly stdin?: readonly (string | Uint8Array)[];
  /** Whether stdout is a terminal. */
  readonly isTTY?: boolean;
  /** The address of the node, as `SMC_NODE` has it. */
  readonly to?: string;
  /** The token for the node, as `SMC_TOKEN` has it. */
  readonly token?: string;
  /** Resolves when the command is told to end; if nothing is said, when it says something. */
  readonly ended?: Promise<void>;
  /** The clock of what talks to the node. */
  readonly clock?: ClientClock;
  /** Told of what the command says to people. */
  readonly onNote?: (text: string) => void;
}

export async function runCommand(
  words: readonly string[],
  { stdin = [], isTTY = false, to, token, ended, clock, onNote = () => {} }: Surroundings = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  let isSaid = (): void => {};
  const said = new Promise<void>((resolve) => (isSaid = resolve));
  const status = await smc(words, '1.2.3', {
    stdin: (async function* () {
      yield* stdin;
    })(),
    stdout: {
      write: (text) => {
        out += text;
        isSaid();
      },
      isTTY,
    },
    stderr: {
      write: (text) => {
        err += text;
        onNote(text);
      },
    },
    environment: { SMC_NODE: to, SMC_TOKEN: token },
    // What runs until it is told to end is told so when it says that it runs.
    untilEnded: () => ended ?? said,
    detachStdout: () => {},
    ...(clock === undefined ? {} : { clock }),
  });
  return { status, out, err };
}

/** A folder of its own, and a node. */
export class Workplace {
  readonly folder: string;
  readonly node: RunningNode;

  private constructor(folder: string, node: RunningNode) {
    this.folder = folder;
    this.node = node;
  }

  static async open(): Promise<Workplace> {
    const node = await startNode({ httpPort: 0, linesPort: null });
    return new Workplace(mkdtempSync(join(tmpdir(), 'smc-cli-')), node);
  }

  async close(): Promise<void> {
    await this.node.close();
    rmSync(this.folder, { recursive: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array): void {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  /** Runs a command; files in its words, and in what it says, are those of the folder. */
  async run(words: readonly string[], surroundings: Surroundings = {}): Promise<Ran> {
    const paths = words.map((word) => (/^\w[\w/-]*\.(sm|smb)$/.test(word) ? this.path(word) : word));
    const { status, out, err } = await runCommand(paths, { to: this.node.url ?? '', ...surroundings });
    const own = (text: string): string => text.replaceAll(`${this.folder}/`, '');
    return { status, out: own(out), err: own(err) };
  }
}
