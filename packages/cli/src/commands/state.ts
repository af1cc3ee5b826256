import { one, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { declareTarget, machineName, targetOf, valueOf } from '../target.ts';

/** `smc state MACHINE`: the state as it is now. */
export const state: CommandDefinition = {
  example: 'smc state Counter',
  declare: (command) => {
    command.argument('<machine>', 'name of the machine');
    declareTarget(command);
  },
  async run(words, output, environment) {
    const client = targetOf(words, environment);
    const text = valueOf(await client.state(machineName(one(words, 0)), output.json ? 'json' : 'text'));
    output.line(text);
    if (output.json) output.data({ state: JSON.parse(text) as unknown });
    return EXIT.done;
  },
};
