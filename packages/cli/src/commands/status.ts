import { shortFingerprint } from '@smc/protocol';
import type { CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { table } from '../table.ts';
import { declareTarget, targetOf, valueOf } from '../target.ts';

/** `smc status`: what runs on a node. */
export const status: CommandDefinition = {
  example: 'smc status --to http://127.0.0.1:4040',
  declare: declareTarget,
  async run(words, output, environment) {
    const machines = valueOf(await targetOf(words, environment).machines());
    output.data({ machines });
    if (machines.length === 0) {
      output.line('no machine runs on this node');
      return EXIT.done;
    }
    const rows = machines.map((machine) => [
      machine.name,
      shortFingerprint(machine.code),
      shortFingerprint(machine.interface),
      // A machine that is not keyed has one state, and no instances.
      machine.keyed ? String(machine.instances) : '-',
      String(machine.inputs),
      String(machine.faults),
      machine.stateType,
    ]);
    output.line(table(['machine', 'code', 'interface', 'instances', 'inputs', 'faults', 'state'], rows));
    return EXIT.done;
  },
};
