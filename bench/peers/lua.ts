import { BY_HAND, type ProgramPeer } from './peer.ts';
import { outputOf, sourceOf } from './program.ts';

/** Lua, an interpreter with registers that is written in C. */
export const lua: ProgramPeer = {
  workloads: BY_HAND,
  version: () => outputOf('lua', ['-v'])?.split(' ').slice(0, 2).join(' ') ?? null,
  build: () => ['lua', sourceOf('workloads.lua')],
};
