import { declareExposure, exposureOf } from '../access.ts';
import { refuseOptions, type CommandDefinition } from '../command.ts';
import { EXIT, Stop } from '../exit.ts';
import { declareNode, gaveUp, startLocal } from '../local-node.ts';

/** `smc node`: a node in this process, until SIGINT or SIGTERM. */
export const node: CommandDefinition = {
  example: 'smc node --memory',
  declare: (command) => {
    command.option('--memory', 'keep the log in memory: what the node holds is gone when it ends');
    declareNode(command);
    declareExposure(command);
    command.option('--data <dir>', 'the directory that keeps the log');
  },
  async run(words, output, environment) {
    refuseOptions(words, ['data']);
    if (words.options['memory'] !== true) {
      throw new Stop(
        EXIT.usage,
        'not-supported',
        'a log on disk is not supported yet',
        'With --memory the node runs, and forgets everything when it ends.',
      );
    }
    const running = await startLocal(words, output, exposureOf(words, output));
    const failed = await Promise.race([environment.untilEnded().then(() => null), running.failure]);
    if (failed !== null) throw gaveUp(failed);
    output.note('stopping');
    await running.close();
    return EXIT.done;
  },
};
