import { one, option, several, type CommandDefinition } from '../command.ts';
import { EXIT, type ExitStatus, type Stop } from '../exit.ts';
import { linesOf } from '../lines.ts';
import { declareTarget, instanceName, stopFor, targetOf } from '../target.ts';

/** `smc call MACHINE INPUT…`: send inputs one after the other, print the replies. */
export const call: CommandDefinition = {
  example: "smc call Counter Incr Read\nsmc call Account/alice 'Deposit(5)'",
  declare: (command) => {
    command
      .argument('<machine>', 'name of the machine; of a keyed machine MACHINE/KEY')
      .argument('[input...]', 'inputs, such as Incr or "Add(by: 2)"; none: a line each from stdin')
      .option('--interface <fingerprint>', 'the interface that the inputs are written for');
    declareTarget(command);
  },
  async run(words, output, environment) {
    const client = targetOf(words, environment);
    const { machine, ...instance } = instanceName(one(words, 0));
    const named = option(words, 'interface');
    const spoken = named === undefined ? {} : { interface: named };
    const inputs = several(words, 1);
    let status: ExitStatus = EXIT.done;
    for await (const input of inputs.length > 0 ? inputs : linesOf(environment.stdin)) {
      if (/^\s*(--.*)?$/.test(input)) continue;
      const result = await client.callText(machine, input, {
        form: output.json ? 'json' : 'text',
        ...spoken,
        ...instance,
      });
      if (result.ok) {
        output.line(result.value.text);
        if (output.json) output.data({ input, reply: JSON.parse(result.value.text) as unknown });
        continue;
      }
      const stop: Stop = stopFor(result.error);
      // What is wrong with one input says nothing of the next, unless there is no node or no such machine.
      if (stop.status === EXIT.unreachable || stop.code === 'unknown-machine') throw stop;
      output.error(stop.line);
      output.data({ input, error: { code: stop.code, message: stop.message } });
      status = stop.status;
    }
    return status;
  },
};
