import type { CommandDefinition } from '../command.ts';
import { declareDeployment, deployment } from '../deployment.ts';

/** `smc upgrade FILE…`: upgrade what runs; it must run the version that the upgrade is from. */
export const upgrade: CommandDefinition = {
  example: 'smc upgrade counter-v2.sm',
  declare: declareDeployment,
  run: deployment('upgrade'),
};
