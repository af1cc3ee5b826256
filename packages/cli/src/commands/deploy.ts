import type { CommandDefinition } from '../command.ts';
import { declareDeployment, deployment } from '../deployment.ts';

/** `smc deploy FILE…`: deploy what is new, upgrade what differs. */
export const deploy: CommandDefinition = {
  example: 'smc deploy counter.sm --to http://127.0.0.1:4040',
  declare: declareDeployment,
  run: deployment('deploy'),
};
