import { DiskJournal, JournalError } from '@smc/node';
import { declareExposure, exposureOf } from '../access.ts';
import { option, type CommandDefinition, type Words } from '../command.ts';
import { EXIT, Stop } from '../exit.ts';
import { declareLog, logOf } from '../node-log.ts';
import { declareNode, gaveUp, startLocal, type Keeping } from '../local-node.ts';

const DEFAULT_DIRECTORY = './smc-data';

/** `smc node`: a node in this process, until SIGINT or SIGTERM. */
export const node: CommandDefinition = {
  example: 'smc node --data ./smc-data\nsmc node --memory',
  declare: (command) => {
    command
      .option('--data <dir>', `the directory that keeps what the node holds (default: ${DEFAULT_DIRECTORY})`)
      .option('--memory', 'keep all of it in memory: it is gone when the node ends')
      .option('--keep-history', 'keep all inputs for ever, also those that no recovery needs any more');
    declareNode(command);
    declareExposure(command);
    declareLog(command);
  },
  async run(words, output, environment) {
    const exposure = exposureOf(words, output);
    const log = await logOf(words, output);
    const running = await startLocal(words, output, { keeping: await keepingOf(words), exposure, log });
    const failed = await Promise.race([environment.untilEnded().then(() => null), running.failure]);
    if (failed !== null) throw gaveUp(failed);
    log.info({}, 'stopping');
    await running.close();
    return EXIT.done;
  },
};

async function keepingOf(words: Words): Promise<Keeping | null> {
  const data = option(words, 'data');
  if (words.options['memory'] === true) {
    if (data === undefined && words.options['keepHistory'] === undefined) return null;
    throw new Stop(
      EXIT.usage,
      'usage',
      '--memory keeps nothing: it goes with neither --data nor --keep-history',
    );
  }
  const directory = data ?? DEFAULT_DIRECTORY;
  const all = { historyMillisMax: Number.POSITIVE_INFINITY, historyBytesMax: Number.POSITIVE_INFINITY };
  try {
    const journal = await DiskJournal.open(directory, words.options['keepHistory'] === true ? all : {});
    return { journal, directory };
  } catch (error) {
    const { message } = error as Error;
    const code = error instanceof JournalError ? 'journal' : 'not-started';
    throw new Stop(EXIT.refused, code, `the node can not start: ${message}`);
  }
}
