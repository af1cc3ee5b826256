import { resolve } from 'node:path';
import { baselineFrom, baselineWithout, declareEnvironment, environmentOf } from '../baseline.ts';
import { one, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { carriedOut } from '../patience.ts';
import { declareTarget, machineName, stopFor, targetOf } from '../target.ts';

/**
 * `smc remove MACHINE`: takes a machine off a node, with its state; its history stays. The baseline of the current
 * folder's project has it no longer then: also where the node did not have it any more, which may keep nothing.
 */
export const remove: CommandDefinition = {
  example: 'smc remove Counter --to http://127.0.0.1:4040',
  declare: (command) => {
    command.argument('<machine>', 'name of the machine');
    declareEnvironment(command);
    declareTarget(command);
  },
  async run(words, output, environment) {
    const name = machineName(one(words, 0));
    const client = targetOf(words, environment);
    const path = baselineFrom(resolve('.'), environmentOf(words));
    const forget = baselineWithout(path, name);
    const removed = await carriedOut(
      (patience) => client.remove(name, patience),
      { hint: 'It may still be carried out: run the same command again.' },
      output,
      environment,
    );
    const isNowhere =
      !removed.ok && removed.error.kind === 'refused' && removed.error.code === 'unknown-machine';
    if (!removed.ok && !(isNowhere && forget !== null)) throw stopFor(removed.error);
    forget?.();
    output.line(removed.ok ? `${name} removed` : `${name} is not on the node, and was taken out of ${path}`);
    output.data({ removed: name });
    return EXIT.done;
  },
};
