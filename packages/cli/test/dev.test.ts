import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { smc } from '../src/index.ts';
import { Keyboard } from '../src/keyboard.ts';

/** `smc dev` in this process: its keys on a terminal, and what it gives as data. */

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-dev-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const counter = (field: string): string => `machine Counter {
  state { ${field}: Int = 0 }
  on Incr -> Int {
    s <- get
    put -< { ${field}: s.${field} + 1 }
    return -< s.${field} + 1
  }
}
`;

/** Keys that are pressed one after the other, on a terminal or not. */
class Keys {
  readonly isTTY: boolean;
  /** What the terminal was told, in this order. */
  readonly raw: boolean[] = [];
  isDestroyed = false;
  readonly #pressed: string[] = [];
  #wake = (): void => {};

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  press(text: string): void {
    this.#pressed.push(text);
    this.#wake();
  }

  setRawMode(isRaw: boolean): void {
    this.raw.push(isRaw);
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const text = this.#pressed.shift();
      if (text !== undefined) yield text;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

/** A running `smc dev main.sm`. */
class Running {
  readonly status: Promise<number>;
  readonly keys: Keys;
  #out = '';
  #err = '';
  #wake = (): void => {};
  #end = (): void => {};

  constructor(more: readonly string[], isTTY: boolean) {
    this.keys = new Keys(isTTY);
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    const words = ['dev', join(folder, 'main.sm'), '--http', '0', '--tcp', '0', ...more];
    this.status = smc(words, '1.2.3', {
      stdin: this.keys,
      stdout: { write: (text) => this.#said((this.#out += text)) },
      stderr: { write: (text) => this.#said((this.#err += text)) },
      environment: {},
      untilEnded: () => ended,
      detachStdout: () => {},
    });
  }

  #said(_text: string): void {
    this.#wake();
  }

  end(): void {
    this.#end();
  }

  /** Waits until it has said this on stdout, or on stderr; gives it up to there, and leaves the rest. */
  async until(pattern: RegExp, stream: 'out' | 'err' = 'out'): Promise<string> {
    for (;;) {
      const text = stream === 'out' ? this.#out : this.#err;
      const found = pattern.exec(text);
      if (found !== null) {
        const end = found.index + found[0].length;
        if (stream === 'out') this.#out = text.slice(end);
        else this.#err = text.slice(end);
        return text.slice(0, end);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const save = (text: string): void => writeFileSync(join(folder, 'main.sm'), text);

describe('on a terminal', () => {
  test('keys are taken as they are pressed, and the terminal is given back', async () => {
    save(counter('count'));
    const running = new Running([], true);
    await running.until(/to end\n/, 'err');
    expect(running.keys.raw).toEqual([true]);
    // An arrow, a key that means nothing, and two at once.
    for (const text of ['\x1b[A', 'x', 'sh']) running.keys.press(text);
    await running.until(/Counter \{ count: 0 \}\nPOST http:\S+\/Counter\/Incr -> Int\n/);
    save(counter('total'));
    await running.until(/press r to start Counter afresh/, 'err');
    running.keys.press('r');
    await running.until(/Counter deployed/);
    running.keys.press('s');
    await running.until(/Counter \{ total: 0 \}/);
    running.keys.press('\x03');
    expect(await running.status).toBe(0);
    expect(running.keys).toMatchObject({ raw: [true, false], isDestroyed: true });
  });

  test('Ctrl-C is known while something else is waited for', async () => {
    const keys = new Keys(true);
    const keyboard = new Keyboard(keys);
    keys.press('\x03');
    await keyboard.interrupted;
    expect(keyboard.take()).toBe('q');
    keyboard.close();
  });

  test('the end by a signal gives it back, too', async () => {
    save(counter('count'));
    const running = new Running([], true);
    await running.until(/to end\n/, 'err');
    running.end();
    expect(await running.status).toBe(0);
    expect(running.keys.raw).toEqual([true, false]);
  });
});

test('with --json each line of stdout is an object that says what it is about', async () => {
  save(counter('count'));
  const running = new Running(['--json'], false);
  const next = async (): Promise<unknown> => JSON.parse(await running.until(/^.*\n/));
  expect(await next()).toMatchObject({ ready: true, http: expect.any(String), tcp: {} });
  expect(await next()).toMatchObject({ machines: [{ name: 'Counter', result: 'deployed' }], gone: [] });
  save('machine');
  expect(await next()).toMatchObject({ diagnostics: [{ severity: 'error' }] });
  save(counter('total'));
  expect(await next()).toMatchObject({
    diagnostics: [{ code: 'E0402', clauses: [['rename count -> total', 'drop count']] }],
  });
  expect(await next()).toEqual({ afresh: ['Counter'] });
  running.keys.press('r\n');
  expect(await next()).toMatchObject({ machines: [{ name: 'Counter', result: 'deployed', from: null }] });
  running.keys.press('s\n');
  expect(await next()).toEqual({ machine: 'Counter', state: { total: 0 } });
  save(counter('total').replace('Counter', 'Other'));
  expect(await next()).toMatchObject({ machines: [{ name: 'Other' }], gone: ['Counter'] });
  running.keys.press('d\n');
  expect(await next()).toEqual({ removed: 'Counter' });
  running.keys.press('q\n');
  expect(await running.status).toBe(0);
});
