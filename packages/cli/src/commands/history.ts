import { shortFingerprint } from '@smc/protocol';
import { one, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { table } from '../table.ts';
import { declareTarget, machineName, targetOf, valueOf } from '../target.ts';

/** `smc history MACHINE`: what was deployed, upgraded and refused. */
export const history: CommandDefinition = {
  example: 'smc history Counter',
  declare: (command) => {
    command.argument('<machine>', 'name of the machine');
    declareTarget(command);
  },
  async run(words, output, environment) {
    const records = valueOf(await targetOf(words, environment).history(machineName(one(words, 0))));
    output.data({ history: records });
    const rows = records.map(({ position, time, kind, from, to, code, message }) => {
      // A refusal has the running code on both sides.
      const sides = from === to ? [from] : [from, to];
      const way = sides.filter((side) => side !== null).map(shortFingerprint);
      const why = code === undefined ? '' : `${code}: ${message}`;
      return [String(position), String(time), kind, way.join(' -> '), why];
    });
    output.line(table(['position', 'time', 'what', 'code', 'why'], rows));
    return EXIT.done;
  },
};
