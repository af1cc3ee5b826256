import { twins } from './in-place.ts';
import { nested } from './nested.ts';
import type { HostedPeer } from './peer.ts';
import { quickjs } from './quickjs.ts';
import { TIER_NAMES } from './tier.ts';
import { virtualMachine } from './vm.ts';
import { xstate } from './xstate.ts';

/** All peers that run in a process of Node, by the name that their worker is given. */
export const HOSTED: Readonly<Record<string, HostedPeer>> = {
  twins,
  ...Object.fromEntries(TIER_NAMES.map((tier) => [tier, virtualMachine(tier)])),
  nested,
  quickjs,
  xstate,
};
