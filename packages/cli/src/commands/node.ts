import { getHeapStatistics } from 'node:v8';
import { DiskJournal } from '@smc/node';
import { declareExposure, exposureOf } from '../access.ts';
import { option, type CommandDefinition, type Words } from '../command.ts';
import { dataDirectory, DEFAULT_DIRECTORY, onData } from '../data.ts';
import { EXIT, Stop } from '../exit.ts';
import { jitOf } from '../jit.ts';
import { takeJournalThread } from '../journal-thread.ts';
import { declareLog, logOf } from '../node-log.ts';
import { declareNode, gaveUp, startLocal, ToldToEnd, type Keeping } from '../local-node.ts';
import type { Warn } from '../output.ts';
import { camelCase, numberOf, sizeOf } from '../sizes.ts';

/** `smc node`: a node in this process, until SIGINT or SIGTERM. */
export const node: CommandDefinition = {
  example: 'smc node --data ./smc-data\nsmc node --memory',
  declare: (command) => {
    command
      .option('--data <dir>', `the directory that keeps what the node holds (default: ${DEFAULT_DIRECTORY})`)
      .option('--memory', 'keep all of it in memory: it is gone when the node ends')
      .option('--keep-history', 'keep all inputs for ever, also those that no recovery needs any more');
    command.option(
      '--checkpoint-bytes <size>',
      'so much of the log at the most is replayed at a start (default: 64MiB)',
    );
    command.option(
      '--checkpoint-seconds <seconds>',
      'and what came in so many seconds, if a checkpoint does not take longer (default: 60)',
    );
    command.option(
      '--memory-limit <size>',
      'so much memory at the most for states of keyed machines: others are read when they are used (default: 1GiB, or a quarter of the heap)',
    );
    declareNode(command);
    declareExposure(command);
    declareLog(command);
  },
  async run(words, output, environment) {
    let isEnded = false;
    // From now on: a recovery may take long, and a signal that comes in it must not be lost.
    const ended = environment.untilEnded().then(() => {
      isEnded = true;
      return null;
    });
    environment.detachStdout();
    const log = await logOf(words, output);
    const warn = (message: string): void => log.warn({}, message);
    const exposure = exposureOf(words, warn);
    try {
      const keep = (): Promise<Keeping | null> => keepingOf(words, warn);
      const running = await startLocal(words, output, { keep, exposure, log, isEnded: () => isEnded });
      const { url: http, linesPort: tcp, administration } = running;
      if (isJson(words))
        log.info({ http, tcp, ...(administration === null ? {} : { administration }) }, 'ready');
      const failed = await Promise.race([ended, running.failure]);
      if (failed !== null) throw gaveUp(failed);
      log.info({}, 'stopping');
      await running.close();
    } catch (error) {
      if (!(error instanceof ToldToEnd)) throw error;
      log.info({}, 'stopping');
    }
    return EXIT.done;
  },
  async stopped(stop, words, output) {
    if (!isJson(words)) return output.stopped(stop);
    const { code, hint, message } = stop;
    (await logOf(words, output)).error({ code, hint }, message);
    output.stoppedData(stop);
  },
};

/** Whether programs read the log: then all that it ends with is in it too. */
const isJson = (words: Words): boolean => option(words, 'log') === 'json';

/** Options that are about what is kept on disk, and about what leaves memory for it. */
const OF_THE_DISK = ['data', 'keep-history', 'checkpoint-bytes', 'checkpoint-seconds', 'memory-limit'];

async function keepingOf(words: Words, warn: Warn): Promise<Keeping | null> {
  const data = option(words, 'data');
  if (words.options['memory'] === true) {
    const other = OF_THE_DISK.find((name) => words.options[camelCase(name)] !== undefined);
    if (other === undefined) return null;
    throw new Stop(EXIT.usage, 'usage', `--memory keeps nothing on disk: --${other} says nothing then`);
  }
  const directory = dataDirectory(data);
  const bytes = sizeOf(words, 'checkpoint-bytes');
  const memory = memoryLimitOf(words);
  const seconds = numberOf(words, 'checkpoint-seconds', 'seconds');
  const limits = {
    ...(bytes === null ? {} : { checkpointBytesMin: bytes }),
    ...(memory === null ? {} : { stateBytesMax: memory }),
    ...(seconds === null ? {} : { checkpointMillisMax: 1_000 * seconds }),
  };
  const all = { historyMillisMax: Number.POSITIVE_INFINITY, historyBytesMax: Number.POSITIVE_INFINITY };
  const history = words.options['keepHistory'] === true ? all : {};
  const thread = takeJournalThread();
  const options = { ...history, jit: jitOf(words), warn, ...(thread === undefined ? {} : { thread }) };
  const journal = await onData(() => DiskJournal.open(directory, options));
  return { journal, directory, limits };
}

/** There is more in the heap than these states. */
const HEAP_SHARE = 1 / 2;

function memoryLimitOf(words: Words): number | null {
  const bytes = sizeOf(words, 'memory-limit');
  const most = Math.floor(getHeapStatistics().heap_size_limit * HEAP_SHARE);
  if (bytes === null || bytes <= most) return bytes;
  throw new Stop(
    EXIT.usage,
    'usage',
    `--memory-limit is more than half of the heap that this process may have: ${most} bytes at the most`,
    'NODE_OPTIONS=--max-old-space-size=MEBIBYTES gives it a larger one.',
  );
}
