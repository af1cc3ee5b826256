import { execFileSync } from 'node:child_process';
import { BY_HAND, type ProgramPeer } from './peer.ts';
import { outputOf, sourceOf } from './program.ts';

/** Erlang, whose functions are compiled when they are loaded: what keeps telephone exchanges running. */
export const erlang: ProgramPeer = {
  workloads: BY_HAND,
  version: () =>
    outputOf('erl', [
      '-noshell',
      '-eval',
      'io:format("OTP ~s, erts ~s", [erlang:system_info(otp_release), erlang:system_info(version)]), halt().',
    ]),
  build: (folder) => {
    execFileSync('erlc', ['-o', folder, sourceOf('workloads.erl')]);
    return ['erl', '+S', '1:1', '+sbwt', 'none', '-noshell', '-pa', folder, '-run', 'workloads', 'main'];
  },
};
