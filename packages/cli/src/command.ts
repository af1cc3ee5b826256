import type { ClientClock } from '@smc/client';
import type { Command } from 'commander';
import { EXIT, Refused, Stop, type ExitStatus } from './exit.ts';
import { Output, type Streams } from './output.ts';

/** What runs one command: its parsed words, and where it says what it found. */
export type Action = (words: Words, output: Output, environment: Environment) => Promise<ExitStatus>;

/** The world as a command sees it, so that tests can stand in for it. */
export interface Environment extends Streams {
  readonly stdin: AsyncIterable<Uint8Array | string> & {
    readonly isTTY?: boolean;
    /** Of a terminal: whether keys are handed on one by one. */
    setRawMode?(isRaw: boolean): unknown;
    /** Ends the reading, which would keep the process. */
    destroy?(): unknown;
  };
  /** For a command that runs or waits until it is ended: resolves on SIGINT or SIGTERM, until it is `over`. */
  readonly untilEnded: (over?: AbortSignal) => Promise<void>;
  /** For a command that is not run for what it prints: from the call on it goes on where stdout takes nothing. */
  readonly detachStdout: () => void;
  /** Of what talks to a node; the system's, if nothing is said. */
  readonly clock?: ClientClock;
}

/** Arguments and options as commander gives them; each command says which it has. */
export interface Words {
  readonly arguments: readonly (string | readonly string[] | undefined)[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

/** A command of `smc`: its words are declared on the commander command that it is given. */
export interface CommandDefinition {
  /** Shown at the end of its help. */
  readonly example: string;
  readonly declare: (command: Command) => void;
  readonly run: Action;
  /** Tells why it was stopped, where what it says has another form than that of other commands. */
  readonly stopped?: (stop: Stop, words: Words, output: Output) => Promise<void>;
}

/** Ends a command that was stopped before it ran, as its words are wrong. */
export type Misused = (stop: Stop) => Promise<ExitStatus>;

/**
 * Gives a command its words and what it does; `finish` takes the status that `smc` will end with. What it gives is for
 * words that are wrong: how that is told may be one of those that could be read.
 */
export function addCommand(
  command: Command,
  definition: CommandDefinition,
  environment: Environment,
  finish: (status: ExitStatus) => void,
): Misused {
  definition.declare(command);
  command.option('--json', 'print machine-readable output on stdout');
  command.addHelpText('after', `\nExample:\n  ${definition.example.split('\n').join('\n  ')}`);
  const begin = (given: Words['arguments']): { readonly words: Words; readonly output: Output } => {
    const options = command.optsWithGlobals<Words['options']>();
    return {
      words: { arguments: given, options },
      output: new Output(environment, options['json'] === true),
    };
  };
  const end = async (stop: Stop, words: Words, output: Output): Promise<ExitStatus> => {
    if (definition.stopped === undefined) output.stopped(stop);
    else await definition.stopped(stop, words, output);
    return stop.status;
  };
  command.action(async (...given: unknown[]) => {
    // Commander passes the declared arguments, then the options, then the command.
    const { words, output } = begin(given.slice(0, -2) as Words['arguments']);
    try {
      finish(await definition.run(words, output, environment));
    } catch (error) {
      if (error instanceof Refused) return finish(EXIT.refused);
      if (!(error instanceof Stop)) throw error;
      finish(await end(error, words, output));
    }
  });
  return (stop) => {
    const { words, output } = begin([]);
    return end(stop, words, output);
  };
}

/** A declared argument that takes several words. */
export function several(words: Words, index: number): readonly string[] {
  const value = words.arguments[index];
  return Array.isArray(value) ? value : [];
}

/** A declared argument that takes one word. */
export function one(words: Words, index: number): string {
  const value = words.arguments[index];
  if (typeof value !== 'string') throw new Error(`argument ${index} is not declared`);
  return value;
}

/** An option that takes a word, or undefined where it was not given. */
export function option(words: Words, name: string): string | undefined {
  const value = words.options[name];
  return typeof value === 'string' ? value : undefined;
}

/** Refuses options of the command line that are planned and not there yet. */
export function refuseOptions(words: Words, names: readonly string[]): void {
  for (const name of names) {
    if (words.options[name] !== undefined) {
      throw new Stop(EXIT.usage, 'not-supported', `--${name} is not supported yet`);
    }
  }
}
