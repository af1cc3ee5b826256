import { connectHttp, type ClientError, type HttpClient, type Result } from '@smc/client';
import type { Command } from 'commander';
import { option, type Environment, type Words } from './command.ts';
import { EXIT, Stop } from './exit.ts';

/** Where a node is, if nothing is said. */
export const DEFAULT_URL = 'http://127.0.0.1:4040';

/** Declares `--to` on a command that talks to a node. */
export function declareTarget(command: Command): void {
  command.option('--to <url>', `the node (default: $SMC_NODE, then ${DEFAULT_URL})`);
}

/** The node that `--to`, `SMC_NODE` or the default names. */
export function targetOf(words: Words, environment: Environment): HttpClient {
  const named = option(words, 'to') ?? environment.environment['SMC_NODE'];
  const url = named === undefined || named === '' ? DEFAULT_URL : named;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Stop(
      EXIT.usage,
      'usage',
      `${url} is not the address of a node`,
      `An address looks like ${DEFAULT_URL}.`,
    );
  }
  return connectHttp(url);
}

/** The value of a result, or the end of the command with what the node said. */
export function valueOf<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw stopFor(result.error);
}

/** How a command ends that a node refused, or that reached none. */
export function stopFor(error: ClientError): Stop {
  if (error.kind === 'unreachable') {
    return new Stop(
      EXIT.unreachable,
      'unreachable',
      error.message,
      'smc node starts one; --to says where it is.',
    );
  }
  const place = error.path === undefined ? '' : `${error.path}: `;
  return new Stop(EXIT.refused, error.code, `${place}${error.message}`, undefined, true);
}

/** The name of a machine, as `smc call Counter` takes it; a key is for keyed machines. */
export function machineName(text: string): string {
  if (text.includes('/')) {
    throw new Stop(EXIT.usage, 'not-supported', `${text}: keyed machines are not supported yet`);
  }
  return text;
}
