import { DiskJournal, type Log } from '@smc/node';
import { declareExposure, exposureOf } from '../access.ts';
import { option, type CommandDefinition, type Words } from '../command.ts';
import { dataDirectory, DEFAULT_DIRECTORY, onData } from '../data.ts';
import { EXIT, Refused, Stop } from '../exit.ts';
import { jitOf } from '../jit.ts';
import { declareLog, logOf } from '../node-log.ts';
import { declareNode, gaveUp, startLocal, ToldToEnd, type Keeping } from '../local-node.ts';

/** `smc node`: a node in this process, until SIGINT or SIGTERM. */
export const node: CommandDefinition = {
  example: 'smc node --data ./smc-data\nsmc node --memory',
  declare: (command) => {
    command
      .option('--data <dir>', `the directory that keeps what the node holds (default: ${DEFAULT_DIRECTORY})`)
      .option('--memory', 'keep all of it in memory: it is gone when the node ends')
      .option('--keep-history', 'keep all inputs for ever, also those that no recovery needs any more');
    command.option(
      '--checkpoint-bytes <bytes>',
      'so much of the log at the most is replayed at a start (default: 67108864)',
    );
    command.option(
      '--checkpoint-seconds <seconds>',
      'and what came in so many seconds, if a checkpoint does not take longer (default: 60)',
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
    const exposure = exposureOf(words, output);
    const log = await logOf(words, output);
    try {
      const keeping = await keepingOf(words, log);
      const running = await startLocal(words, output, { keeping, exposure, log, isEnded: () => isEnded });
      if (isJson(words)) log.info({ http: running.url, tcp: running.linesPort }, 'ready');
      const failed = await Promise.race([ended, running.failure]);
      if (failed !== null) throw gaveUp(failed);
      log.info({}, 'stopping');
      await running.close();
    } catch (error) {
      if (error instanceof ToldToEnd) log.info({}, 'stopping');
      else if (error instanceof Stop && isJson(words) && error.status === EXIT.refused) {
        const { code, hint, message } = error;
        log.error({ code, hint }, message);
        throw words.options['json'] === true ? error : new Refused(message);
      } else throw error;
    }
    return EXIT.done;
  },
};

/** Whether programs read the log: then all that it ends with is in it too. */
const isJson = (words: Words): boolean => option(words, 'log') === 'json';

async function keepingOf(words: Words, log: Log): Promise<Keeping | null> {
  const data = option(words, 'data');
  if (words.options['memory'] === true) {
    if (data === undefined && words.options['keepHistory'] === undefined) return null;
    throw new Stop(
      EXIT.usage,
      'usage',
      '--memory keeps nothing: it goes with neither --data nor --keep-history',
    );
  }
  const directory = dataDirectory(data);
  const bytes = numberOf(words, 'checkpoint-bytes', 'bytes');
  const seconds = numberOf(words, 'checkpoint-seconds', 'seconds');
  const limits = {
    ...(bytes === null ? {} : { checkpointBytesMin: bytes }),
    ...(seconds === null ? {} : { checkpointMillisMax: 1_000 * seconds }),
  };
  const all = { historyMillisMax: Number.POSITIVE_INFINITY, historyBytesMax: Number.POSITIVE_INFINITY };
  const history = words.options['keepHistory'] === true ? all : {};
  const warn = (message: string): void => log.warn({}, message);
  const options = { ...history, jit: jitOf(words), warn };
  const journal = await onData(() => DiskJournal.open(directory, options));
  return { journal, directory, limits };
}

function numberOf(words: Words, name: string, unit: string): number | null {
  const text = option(words, camelCase(name));
  if (text === undefined) return null;
  if (/^[1-9]\d{0,11}$/.test(text)) return Number(text);
  throw new Stop(EXIT.usage, 'usage', `--${name} takes a number of ${unit}, not ${text}`);
}

/** As an option is called where it was read. */
function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
