import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBundle } from '@smc/protocol';
import { expect } from 'vitest';
import { bundleOf } from './compile.ts';
import { metric } from './http.ts';
import { AFTER_KILL, type NodeProcess, startNodeProcess } from './process.ts';

const NOTE = `machine Note(id: String) {
  state { text: String = "", times: Int = 0 }

  on Put(text: String) -> Int {
    s <- get
    put -< { text: text, times: s.times + 1 }
    return -< s.times + 1
  }

  on Read -> Int {
    s <- get
    return -< s.times * 1000 + String.length(s.text)
  }
}
`;

const LOUDER = `import "note.sm" as old

machine Note(id: String) {
  state { words: String = "", times: Int = 0, marks: Int = 0 }

  on Put(text: String) -> Int {
    s <- get
    put -< { ...s, words: text, times: s.times + 1 }
    return -< s.times + 1
  }

  on Read -> Int {
    s <- get
    return -< s.times * 1000 + String.length(s.words)
  }

  on Marks -> Int {
    s <- get
    return -< s.marks
  }
}

upgrade old.Note -> Note {
  state s -> { words: s.text, times: s.times, marks: s.times * 7 }
}
`;

/** What a node is given, and may take. */
export interface ManyInstances {
  readonly instances: number;
  /** Of states, in MiB (`--memory-limit`). */
  readonly limit: number;
  /** Of its heap, in MiB: less than all states take, so that it ends if they do not leave. */
  readonly heap: number;
  /** Of all memory of the process that is no file, in MiB. */
  readonly process: number;
}

/**
 * Fills a node with many more instances than it has memory for, kills it, reads and changes some of them, upgrades
 * them all, and kills it again: all are as they should be, and its memory stays within bounds.
 */
export async function fillAndKill(size: ManyInstances, random: () => number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'smc-instances-'));
  const run = new Run(directory, size, random);
  try {
    await run.begin();
    await run.fill();
    await run.kill();
    await run.use(size.instances / 10);
    await run.upgrade();
    await run.use(size.instances / 40);
    await run.kill();
    await run.readAll();
    expect(await run.node.stop()).toBe(0);
  } finally {
    run.node.child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
}

interface Line {
  readonly line: string;
  /** What it is to be answered with; asked when it is, in the order in which lines are carried out. */
  readonly reply: () => string;
}

class Run {
  node!: NodeProcess;
  readonly #directory: string;
  readonly #size: ManyInstances;
  readonly #random: () => number;
  /** How often each instance was put. */
  readonly #times: number[];

  constructor(directory: string, size: ManyInstances, random: () => number) {
    this.#directory = directory;
    this.#size = size;
    this.#random = random;
    this.#times = Array.from({ length: size.instances }, () => 0);
  }

  async begin(): Promise<void> {
    await this.#start();
    expect(await this.node.put(encodeBundle(bundleOf({ 'note.sm': NOTE })))).toMatch(/^200 /);
  }

  async fill(): Promise<void> {
    const { instances } = this.#size;
    const portion = instances / 10;
    for (let first = 0; first < instances; first += portion) {
      await ask(
        this.node.tcpPort,
        Array.from({ length: portion }, (_, i) => this.#putting(first + i)),
      );
      await this.#check();
    }
    expect(await metric(this.node, 'smc_instances')).toBe(instances);
  }

  /** Reads and puts some instances, drawn at random. */
  async use(count: number): Promise<void> {
    const someone = (): number => Math.floor(this.#random() * this.#size.instances);
    const line = (): Line => (this.#random() < 0.5 ? this.#reading(someone()) : this.#putting(someone()));
    await ask(this.node.tcpPort, Array.from({ length: count }, line));
    await this.#check();
    expect(await metric(this.node, 'smc_instances')).toBe(this.#size.instances);
  }

  async upgrade(): Promise<void> {
    const bundle = bundleOf({ 'louder.sm': LOUDER, 'note.sm': NOTE });
    expect(await this.node.put(encodeBundle(bundle))).toMatch(/^200 /);
  }

  /** Kills the node, and starts the next. */
  async kill(): Promise<void> {
    expect(await this.node.stop('SIGKILL')).toBe(null);
    await this.#start();
    expect(this.node.log()).toMatch(AFTER_KILL);
  }

  async readAll(): Promise<void> {
    const lines = this.#times.flatMap((times, instance) => {
      // What was put before the upgrade alone was migrated as it was.
      const marks = { line: `Note/k${instance} Marks`, reply: () => 'ok 7' };
      return times === 1 ? [this.#reading(instance), marks] : [this.#reading(instance)];
    });
    await ask(this.node.tcpPort, lines);
    await this.#check();
  }

  async #start(): Promise<void> {
    const { limit, heap } = this.#size;
    const options = ['--memory-limit', `${limit}MiB`, '--checkpoint-bytes', '8MiB'];
    const words = ['--data', join(this.#directory, 'data'), ...options];
    this.node = await startNodeProcess(words, [`--max-old-space-size=${heap}`]);
  }

  /** That it has no more in memory than it may. */
  async #check(): Promise<void> {
    const bytes = await metric(this.node, 'smc_keyed_states_bytes');
    expect(bytes).toBeLessThan(1.1 * this.#size.limit * 1024 * 1024);
    const status = readFileSync(`/proc/${this.node.child.pid}/status`, 'utf8');
    const kibibytes = Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1]);
    expect(kibibytes / 1024).toBeLessThan(this.#size.process);
  }

  #putting(instance: number): Line {
    const text = 'x'.repeat(lengthOf(instance));
    return { line: `Note/k${instance} Put("${text}")`, reply: () => `ok ${++this.#times[instance]}` };
  }

  #reading(instance: number): Line {
    const reply = (): string => `ok ${this.#times[instance] * 1_000 + lengthOf(instance)}`;
    return { line: `Note/k${instance} Read`, reply };
  }
}

/** How long a text is that the instance of a number is put to. */
const lengthOf = (instance: number): number => 50 + (instance % 200);

/** Lines that are on their way at once. */
const WINDOW = 200;

/** Before what was refused as `overloaded` is sent again, in milliseconds. */
const PATIENCE = 100;

/** Sends lines, and checks each reply; what the node has no room for at the moment is sent again, as it asks for. */
async function ask(port: number, lines: readonly Line[]): Promise<void> {
  for (let left = lines; left.length > 0;) {
    left = await askOnce(port, left);
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, PATIENCE));
  }
}

/** Gives the lines that were refused as `overloaded`. */
function askOnce(port: number, lines: readonly Line[]): Promise<readonly Line[]> {
  return new Promise((resolve, reject) => {
    const refused: Line[] = [];
    const socket = createConnection({ host: '127.0.0.1', port });
    let text = '';
    let sent = 0;
    let answered = 0;
    const send = (): void => {
      const until = Math.min(lines.length, answered + WINDOW);
      const next = lines.slice(sent, until).map(({ line }) => `${line}\n`);
      sent = until;
      socket.write(next.join(''));
    };
    const take = (reply: string): void => {
      const asked = lines[answered++];
      if (reply.startsWith('error overloaded ')) return void refused.push(asked);
      const expected = asked.reply();
      if (reply !== expected) throw new Error(`${asked.line.slice(0, 60)}: ${reply}, and not ${expected}`);
    };
    socket.on('data', (chunk: Buffer) => {
      const replies = (text + chunk.toString()).split('\n');
      text = replies.pop() ?? '';
      try {
        for (const reply of replies) take(reply);
      } catch (error) {
        socket.destroy();
        return reject(error as Error);
      }
      if (answered < lines.length) return send();
      socket.end();
      resolve(refused);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    send();
  });
}
