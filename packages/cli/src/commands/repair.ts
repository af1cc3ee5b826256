import { repairDirectory } from '@smc/node';
import type { CommandDefinition } from '../command.ts';
import { dataDirectory, onData } from '../data.ts';
import { EXIT } from '../exit.ts';

/** `smc repair`: a directory that a node can not start from, made such that it can. */
export const repair: CommandDefinition = {
  example: 'smc repair ./smc-data',
  declare: (command) => {
    command.argument('[dir]', 'the directory of a node that does not run (default: ./smc-data)');
    command.addHelpText(
      'after',
      '\nNothing is deleted: a copy of all files is kept in the directory, and what can not be used any\nmore is set aside in the new journal (table aside).',
    );
  },
  run: (words, output) =>
    onData(() => {
      const directory = dataDirectory(words.arguments[0]);
      const stamp = new Date().toISOString().replaceAll(/[^0-9]/g, '');
      const { copy, findings, last } = repairDirectory(directory, stamp);
      for (const finding of findings) output.line(finding);
      if (findings.length === 0) output.line('nothing is damaged');
      output.line(`a node goes on from position ${last}; all as it was before is kept in ${copy}`);
      output.data({ findings, last, copy });
      return Promise.resolve(EXIT.done);
    }),
};
