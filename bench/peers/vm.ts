import type { Value } from '@smc/protocol';
import { FAILED, load, type Program } from '@smc/vm';
import { WORKLOADS, imageOf, stepsOf, workloadOf } from '../workloads/workload.ts';
import { makePass } from './pass.ts';
import type { HostedPeer } from './peer.ts';
import { TIERS, type TierName } from './tier.ts';

/** The program of a source file, for a tier. */
export function programOf(file: string, tier: TierName): Program {
  const loaded = load(imageOf(file), { jit: TIERS[tier] });
  if (!loaded.ok) throw new Error(`${file} is refused: ${loaded.invalid.message}`);
  return loaded.program;
}

/** Here, since V8 knows no constant of another module, and would call a function to compare with it. */
const failed: typeof FAILED = FAILED;

/** A reply that is one; a step that fails is in no workload. */
export function replyOf(program: Program, reply: Value | typeof FAILED): Value {
  if (reply === failed) throw new Error(`a step failed: ${program.failure.message}`);
  return reply;
}

/** Our virtual machine: one call of the public `step` an input. */
export function virtualMachine(tier: TierName): HostedPeer {
  return {
    workloads: WORKLOADS.map(({ name }) => name),
    prepare: (name) => {
      const workload = workloadOf(name);
      const program = programOf(workload.file, tier);
      const scope = {
        inputs: stepsOf(workload, program.operations),
        digest: workload.digest,
        program,
        instance: program.instance(),
        replyOf,
      };
      const step = 'program.step(instance, input.operation, input.argument, 0)';
      return makePass(`${tier}, ${name}`, scope, `replyOf(program, ${step})`);
    },
  };
}
