import { compileFunction } from 'node:vm';
import type { Prepared } from './peer.ts';

/** What the loop of a pass calls by these names; `inputs` and `digest` are always there. */
export interface Scope {
  readonly inputs: ArrayLike<unknown>;
  readonly digest: (reply: never) => number;
  readonly [name: string]: unknown;
}

/** Steps of a pass at most: so few that one of a slow machine takes no longer than some tenths of a second. */
const PASS_STEPS_MAX = 4_096;

/** The body of a function of `from` and `to`, a part of the inputs. `call` feeds `input` and gives the reply. */
export function passText(call: string): string {
  return `let sum = 0;
  for (let i = from; i < to; i++) {
    const input = inputs[i];
    sum = (sum + digest(${call})) | 0;
  }
  return sum;`;
}

/** Passes over so many inputs; `run` feeds those from a place up to another. */
export function passesOver(
  length: number,
  run: (from: number, to: number) => number,
  stepsOfPass: number = Math.min(length, PASS_STEPS_MAX),
): Prepared {
  if (length % stepsOfPass !== 0) throw new Error(`${length} inputs are no passes of ${stepsOfPass}`);
  let from = 0;
  const pass = (): number => {
    const sum = run(from, from + stepsOfPass);
    from = (from + stepsOfPass) % length;
    return sum;
  };
  return { stepsOfPass, passesOfLap: length / stepsOfPass, pass };
}

/**
 * A loop over the inputs that is compiled for one machine of one peer: functions that are made of one source text
 * share what V8 learns of them, so that a loop for all would be slow for each but the first.
 */
export function makePass(name: string, scope: Scope, call: string, stepsOfPass?: number): Prepared {
  const names = Object.keys(scope);
  const body = `return (from, to) => { // ${name}\n${passText(call)} };`;
  const make = compileFunction(body, names) as (...values: unknown[]) => (from: number, to: number) => number;
  return passesOver(scope.inputs.length, make(...Object.values(scope)), stepsOfPass);
}
