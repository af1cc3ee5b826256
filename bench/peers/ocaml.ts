import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { BY_HAND, type ProgramPeer } from './peer.ts';
import { outputOf, sourceOf } from './program.ts';

/** OCaml's bytecode: a descendant of the categorical abstract machine, whose interpreter is written in C. */
export const ocaml: ProgramPeer = {
  workloads: BY_HAND,
  version: () => outputOf('ocamlc', ['-version']),
  build: (folder) => {
    // The compiler writes beside its source.
    const source = join(folder, 'workloads.ml');
    copyFileSync(sourceOf('workloads.ml'), source);
    const program = join(folder, 'workloads');
    execFileSync('ocamlc', ['-o', program, 'unix.cma', 'str.cma', source]);
    return ['ocamlrun', program];
  },
};
