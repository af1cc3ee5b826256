import type { Log, LogFacts } from '@smc/node';
import type { Command } from 'commander';
import { option, type Words } from './command.ts';
import { EXIT, Stop } from './exit.ts';
import type { Output } from './output.ts';

/** Declares in which form `smc node` tells what happens. */
export function declareLog(command: Command): void {
  command.option('--log <form>', 'on stderr: text for people (default), or json, a line for each event');
}

/** Bytes of the log that wait for its reader; what comes then is left out. */
const UNREAD_BYTES_MAX = 1024 * 1024;

/**
 * The log that was asked for. A reader that stands still costs lines, and no memory; so does a file that takes no more.
 * They are counted, and told with the next that is written.
 */
export async function logOf(words: Words, output: Output): Promise<Log> {
  let leftOut = 0;
  /** Lines that are lost where the one that is written can not be: that which tells of others stands for them. */
  let atStake = 1;
  const log = await formOf(words, output, (line) => {
    const lines = atStake;
    output.note(line, (error) => {
      if (error instanceof Error) leftOut += lines;
    });
  });
  const bounded =
    (level: keyof Log): Log[keyof Log] =>
    (facts, message) => {
      if (output.unread > UNREAD_BYTES_MAX) return void leftOut++;
      if (leftOut > 0) {
        atStake = leftOut;
        leftOut = 0;
        log.warn({ lines: atStake }, 'left out of the log, which could not be written');
        atStake = 1;
      }
      log[level](facts, message);
    };
  return { info: bounded('info'), warn: bounded('warn'), error: bounded('error') };
}

async function formOf(words: Words, output: Output, note: (line: string) => void): Promise<Log> {
  const form = option(words, 'log') ?? 'text';
  if (form === 'json') return (await import('./node-log-json.ts')).jsonLog(note);
  if (form !== 'text') throw new Stop(EXIT.usage, 'usage', `--log takes text or json, not ${form}`);
  const write = (facts: LogFacts, message: string): void => note(textOf(facts, message));
  return {
    info: write,
    warn: (facts, message) => write(facts, `warning: ${message}`),
    error: (facts, message) => note(output.errorLine(textOf(facts, message))),
  };
}

/** UTF-16 units of a fact that are shown. */
const FACT_LENGTH_MAX = 300;
/** A fingerprint, of which people see 12 digits. */
const FINGERPRINT = /^[0-9a-f]{64}$/;

/** `upgraded machine=Counter from=3f2a… to=9c41…`; what is empty is left out. */
function textOf(facts: LogFacts, message: string): string {
  const shown = Object.entries(facts).flatMap(([name, fact]) => {
    if (fact === null || fact === undefined || fact === '') return [];
    const text =
      fact instanceof Error ? fact.message : typeof fact === 'string' ? fact : JSON.stringify(fact);
    const word = FINGERPRINT.test(text) ? text.slice(0, 12) : text.slice(0, FACT_LENGTH_MAX);
    return [`${name}=${/^[\w./:@-]+$/.test(word) ? word : JSON.stringify(word)}`];
  });
  return [message, ...shown].join(' ');
}
