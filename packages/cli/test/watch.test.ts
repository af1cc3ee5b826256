import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { smc } from '../src/index.ts';

/** `--watch`: what a command says after each change of a file, until it is ended. */

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-watch-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => join(folder, name);

/** A watching command. */
class Watching {
  readonly status: Promise<number>;
  #end = (): void => {};
  #said = '';
  #wake = (): void => {};

  constructor(words: readonly string[], isTTY = false) {
    const write = (text: string): void => {
      this.#said += text;
      this.#wake();
    };
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    this.status = smc(words, '1.2.3', {
      stdin: (async function* () {})(),
      stdout: { write, isTTY },
      stderr: { write },
      environment: {},
      untilEnded: () => ended,
      detachStdout: () => {},
    });
  }

  /** Resolves when it has said this and waits for a change; a change may be seen in two steps. */
  async until(pattern: RegExp): Promise<void> {
    for (;;) {
      const said = this.#said.replaceAll(`${folder}/`, '');
      if (/watching .*\n$/.test(said)) {
        this.#said = '';
        if (pattern.test(said)) return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async end(): Promise<number> {
    this.#end();
    return this.status;
  }
}

const machine = (value: string): string => `import "./lib.sm" as lib
machine M {
  on Go -> Int { return -< lib.f() }
}
test "it goes" for M { Go => ${value} }
`;

test('a check runs again when a file changes that it has read', async () => {
  writeFileSync(file('main.sm'), machine('1'));
  const watching = new Watching(['check', '--watch', file('main.sm')]);
  // A file that is not there yet is waited for, too.
  await watching.until(/error\[E0280\].*watching 2 files/s);
  writeFileSync(file('lib.sm'), 'fun f() -> Int = 1\n');
  await watching.until(/^main.sm: no errors\nwatching 2 files; Ctrl-C ends this\n$/);
  // As editors do it: another file in its place.
  writeFileSync(file('draft'), 'fun f() -> Int = ""\n');
  renameSync(file('draft'), file('lib.sm'));
  await watching.until(/^error\[E0220\]/);
  rmSync(file('main.sm'));
  await watching.until(/main.sm can not be read: there is no such file/);
  writeFileSync(file('main.sm'), 'fun f() -> Int = 1\n');
  await watching.until(/no errors\nwatching one file/);
  expect(await watching.end()).toBe(0);
});

test('tests run again, on a cleared screen where there is one', async () => {
  writeFileSync(file('lib.sm'), 'fun f() -> Int = 1\n');
  writeFileSync(file('main.sm'), machine('2'));
  const watching = new Watching(['test', '--watch', file('main.sm')], true);
  await watching.until(/^\x1b\[2J.*failed: it goes.*\n0 passed, 1 failed\n/s);
  writeFileSync(file('main.sm'), machine('1'));
  await watching.until(/^\x1b\[2J\x1b\[3J\x1b\[H1 passed\n/);
  expect(await watching.end()).toBe(0);
});
