import { one, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { declareTarget, machineName, targetOf, valueOf } from '../target.ts';

/** `smc remove MACHINE`: takes a machine off a node, with its state; its history stays. */
export const remove: CommandDefinition = {
  example: 'smc remove Counter --to http://127.0.0.1:4040',
  declare: (command) => {
    command.argument('<machine>', 'name of the machine');
    declareTarget(command);
  },
  async run(words, output, environment) {
    const name = machineName(one(words, 0));
    valueOf(await targetOf(words, environment).remove(name));
    output.line(`${name} removed`);
    output.data({ removed: name });
    return EXIT.done;
  },
};
