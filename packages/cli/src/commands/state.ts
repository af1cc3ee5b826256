import { one, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { declareTarget, instanceName, targetOf, valueOf } from '../target.ts';

/** `smc state MACHINE`: the state as it is now. */
export const state: CommandDefinition = {
  example: 'smc state Counter\nsmc state Account/alice',
  declare: (command) => {
    command.argument('<machine>', 'name of the machine; of a keyed machine MACHINE/KEY');
    declareTarget(command);
  },
  async run(words, output, environment) {
    const client = targetOf(words, environment);
    const { machine, instance } = instanceName(one(words, 0));
    const text = valueOf(await client.state(machine, output.json ? 'json' : 'text', instance));
    output.line(text);
    if (output.json) output.data({ state: JSON.parse(text) as unknown });
    return EXIT.done;
  },
};
