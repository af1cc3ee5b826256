import { repairDirectory } from '@smc/node';
import { option, type CommandDefinition, type Words } from '../command.ts';
import { dataDirectory, declareData, DEFAULT_DIRECTORY, onData } from '../data.ts';
import { EXIT, Stop } from '../exit.ts';

/** `smc repair`: a directory that a node can not start from, made such that it can. */
export const repair: CommandDefinition = {
  example: 'smc repair ./smc-data',
  declare: (command) => {
    command.argument('[dir]', `the directory of a node that does not run (default: ${DEFAULT_DIRECTORY})`);
    declareData(command);
    command.addHelpText(
      'after',
      '\nNothing is deleted: a copy of all files is kept in the directory, and what can not be used any\nmore is set aside in the new journal (table aside).',
    );
  },
  run(words, output) {
    const directory = directoryOf(words);
    return onData(() => {
      const stamp = new Date().toISOString().replaceAll(/[^0-9]/g, '');
      const { copy, findings, last } = repairDirectory(directory, stamp);
      for (const finding of findings) output.line(finding);
      if (findings.length === 0) output.line('nothing is damaged');
      output.line(`a node goes on from position ${last}; all as it was before is kept in ${copy}`);
      output.data({ findings, last, copy });
      return Promise.resolve(EXIT.done);
    });
  },
};

function directoryOf(words: Words): string {
  const [named, data] = [words.arguments[0], option(words, 'data')];
  if (named === undefined || data === undefined) return dataDirectory(named ?? data);
  throw new Stop(EXIT.usage, 'usage', 'the directory is named twice: as it is, and with --data');
}
