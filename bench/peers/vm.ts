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

/** A reply, or what stands for it where the step has failed; no step may where that is null. */
export function replyOf(program: Program, reply: Value | typeof FAILED, fault: Value = null): Value {
  if (reply !== failed) return reply;
  if (fault === null) throw new Error(`a step failed: ${program.failure.message}`);
  return fault;
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
        fault: workload.fault,
        program,
        instance: program.instance(),
        replyOf,
      };
      const step = 'program.step(instance, input.operation, input.argument, 0)';
      return makePass(`${tier}, ${name}`, scope, `replyOf(program, ${step}, fault)`);
    },
  };
}
