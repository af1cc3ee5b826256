import { restore as restoreBackup } from '@smc/node';
import { one, option, type CommandDefinition } from '../command.ts';
import { checkedOn, dataDirectory, declareData, onData } from '../data.ts';
import { EXIT } from '../exit.ts';

/** `smc restore`: the directory of a node, made of a backup. */
export const restore: CommandDefinition = {
  example: 'smc restore monday.smcb --data ./smc-data',
  declare: (command) => {
    command.argument('<file>', 'the backup');
    declareData(command);
  },
  run: (words, output) =>
    onData(() => {
      const [file, directory] = [one(words, 0), dataDirectory(option(words, 'data'))];
      restoreBackup(file, directory, checkedOn(output));
      output.line(`${file} is restored in ${directory}: smc node --data ${directory}`);
      output.data({ file, directory });
      return Promise.resolve(EXIT.done);
    }),
};
