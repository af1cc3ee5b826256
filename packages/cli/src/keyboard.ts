import type { Environment } from './command.ts';
import { linesOf } from './lines.ts';

/** Keys that wait to be taken; what is pressed beyond is dropped. */
const WAITING_MAX = 16;

const CONTROL_C = '\x03';
const CONTROL_D = '\x04';

/**
 * What is typed while a command runs: on a terminal each key as it is pressed; where stdin is no
 * terminal each line, so that a program can press keys too. The end of the input means nothing.
 */
export class Keyboard {
  /** Fulfilled when Ctrl-C is pressed, whatever is waited for; it is a key too. */
  readonly interrupted: Promise<void>;
  readonly #stdin: Environment['stdin'];
  readonly #waiting: string[] = [];
  #wake: (() => void) | null = null;
  #interrupt = (): void => {};

  constructor(stdin: Environment['stdin']) {
    this.#stdin = stdin;
    this.interrupted = new Promise((resolve) => (this.#interrupt = resolve));
    this.#setRaw(true);
    void this.#read();
  }

  /** Resolves when there is a key to be taken. */
  async next(): Promise<void> {
    if (this.#waiting.length > 0) return;
    await new Promise<void>((wake) => {
      this.#wake = wake;
    });
  }

  /** The first key that was pressed, or line that was written, since; null where there is none. */
  take(): string | null {
    return this.#waiting.shift() ?? null;
  }

  /** Gives the terminal back, and reads no more. */
  close(): void {
    this.#setRaw(false);
    this.#stdin.destroy?.();
  }

  // A terminal then sends each key at once, and shows none.
  #setRaw(isRaw: boolean): void {
    if (this.#stdin.isTTY === true) this.#stdin.setRawMode?.(isRaw);
  }

  async #read(): Promise<void> {
    try {
      if (this.#stdin.isTTY === true) {
        for await (const chunk of this.#stdin) {
          const text = typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
          // Arrows and their like send several characters.
          if (!text.startsWith('\x1b')) for (const key of text) this.#press(key);
        }
      } else {
        for await (const line of linesOf(this.#stdin)) this.#press(line.trim());
      }
    } catch {
      // It was closed, or the terminal is gone, or what came is no text: there are no keys any more.
    }
  }

  #press(key: string): void {
    // In this mode the terminal makes no signals of them.
    if (key === CONTROL_C) this.#interrupt();
    const pressed = key === CONTROL_C || key === CONTROL_D ? 'q' : key;
    if (pressed === '' || this.#waiting.length >= WAITING_MAX) return;
    this.#waiting.push(pressed);
    this.#wake?.();
  }
}
