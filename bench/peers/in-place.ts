import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { handMachine } from '../workloads/by-hand.ts';
import { makePass } from './pass.ts';
import { TWINS, type HostedPeer, type Measurement } from './peer.ts';

/** What a careful programmer would write by hand, which all are compared to. */

/** `twins.js`: in a process of its own, measured as others are. */
export const twins: HostedPeer = {
  workloads: TWINS,
  prepare: (name) => makePass(`by hand, ${name}`, { ...handMachine(name) }, 'step(input)'),
};

const SCRIPT = fileURLToPath(new URL('inplace.js', import.meta.url));

/** `inplace.js`, unchanged: a script that measures itself in a process of its own, with some flags of V8. */
export function measureScript(name: string, flags: readonly string[]): Measurement {
  const output = execFileSync(process.execPath, [...flags, SCRIPT, name], { encoding: 'utf8' });
  const found = /([\d.]+) ns \(/.exec(output);
  if (found === null) throw new Error(`no figure in: ${output}`);
  return { nanoseconds: Number(found[1]), checksum: firstChecksum(name) };
}

/** The checksum of the first lap, which the script does not tell: its functions are run here. */
function firstChecksum(name: string): number {
  const { inputs, step, digest } = handMachine(name);
  let sum = 0;
  for (const input of inputs) sum = (sum + digest(step(input))) | 0;
  return sum;
}
