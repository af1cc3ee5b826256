import { createColors } from 'picocolors';
import type { Stop } from './exit.ts';

/** The streams that a command writes to, and how. Made once, by `main`. */
export interface Streams {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: {
    /** `written` is told when that is done, with an error where it can not be. */
    write(text: string, written?: Written): unknown;
    readonly isTTY?: boolean;
    readonly writableLength?: number;
  };
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type Written = (error?: Error | null) => void;

/** Told what is not as it should be, and ends nothing. */
export type Warn = (message: string) => void;

/** How to colour a text, or to leave it as it is. */
export type Colors = ReturnType<typeof createColors>;

/**
 * What a command says. Results go to stdout, as text or, with `--json`, as JSON; all that is
 * meant for people alone goes to stderr.
 */
export class Output {
  readonly json: boolean;
  readonly #streams: Streams;

  constructor(streams: Streams, json: boolean) {
    this.json = json;
    this.#streams = streams;
  }

  /** Whether stderr takes colour: a terminal, and no `NO_COLOR`. */
  get color(): boolean {
    return this.#isColored(this.#streams.stderr);
  }

  /** Bytes for people that wait for whoever reads them. */
  get unread(): number {
    return this.#streams.stderr.writableLength ?? 0;
  }

  /** Colours for what goes to stdout: none where that is no terminal. */
  get colors(): Colors {
    return createColors(this.#isColored(this.#streams.stdout));
  }

  /** A line of the result, where `--json` was not asked for. */
  line(text: string): void {
    if (!this.json) this.#streams.stdout.write(`${text}\n`);
  }

  /** The result, or one item of a stream of them, as a line of JSON, where `--json` was asked for. */
  data(value: unknown): void {
    if (this.json) this.#streams.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** For people: progress, summaries, explanations. */
  note(text: string, written?: Written): void {
    this.#streams.stderr.write(`${text}\n`, written);
  }

  /** An error line on stderr, `error: …`, with its hint below. */
  error(message: string, hint?: string): void {
    this.note(this.errorLine(message));
    if (hint !== undefined) this.note(`  ${hint}`);
  }

  /** The line that `error` writes. */
  errorLine(message: string): string {
    const { bold, red } = createColors(this.color);
    return `${red(bold('error'))}: ${message}`;
  }

  /** The end of a command that was stopped: for people, and as data. */
  stopped(stop: Stop): void {
    this.error(stop.line, stop.hint);
    this.stoppedData(stop);
  }

  /** The same as data alone. */
  stoppedData({ code, message, hint }: Stop): void {
    this.data({ error: { code, message, ...(hint === undefined ? {} : { hint }) } });
  }

  #isColored({ isTTY }: { readonly isTTY?: boolean }): boolean {
    const plain = this.#streams.environment['NO_COLOR'];
    return isTTY === true && (plain === undefined || plain === '');
  }
}
