import { backUp } from '@smc/node';
import { one, option, type CommandDefinition } from '../command.ts';
import { checkedOn, dataDirectory, declareData, onData } from '../data.ts';
import { EXIT } from '../exit.ts';

/** `smc backup`: what a node keeps, as one file, also while it runs. */
export const backup: CommandDefinition = {
  example: 'smc backup monday.smcb --data ./smc-data',
  declare: (command) => {
    command.argument('<file>', 'the backup, which must not be there');
    declareData(command);
  },
  run: (words, output) =>
    onData(() => {
      const [file, directory] = [one(words, 0), dataDirectory(option(words, 'data'))];
      backUp(directory, file, checkedOn(output));
      output.line(`${directory} is backed up in ${file}`);
      output.data({ file, directory });
      return Promise.resolve(EXIT.done);
    }),
};
