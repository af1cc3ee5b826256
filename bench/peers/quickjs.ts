import { getQuickJS, type QuickJSContext, type QuickJSHandle } from 'quickjs-emscripten';
import { HAND_SOURCE } from '../workloads/by-hand.ts';
import { passText, passesOver } from './pass.ts';
import { BY_HAND, type HostedPeer } from './peer.ts';

/**
 * QuickJS, an interpreter of JavaScript that is compiled to WebAssembly. It runs the machines that are written by
 * hand, and the loop too: a call from the host would cost it more than most steps.
 */
export const quickjs: HostedPeer = {
  workloads: BY_HAND,
  prepare: async (name) => {
    const context = (await getQuickJS()).newContext();
    const source = `(() => {
      ${HAND_SOURCE}
      const [inputs, step, digest] = workloads[${JSON.stringify(name)}]();
      return { length: inputs.length, run: (from, to) => { ${passText('step(input)')} } };
    })()`;
    const machine = context.unwrapResult(context.evalCode(source));
    return passesOver(numberOf(context, machine, 'length'), runOf(context, machine));
  },
};

/** A property that is a number. */
export function numberOf(context: QuickJSContext, object: QuickJSHandle, name: string): number {
  return context.getProp(object, name).consume((each) => context.getNumber(each));
}

/** The function `run` of an object: it feeds inputs from a place up to another, and gives a sum. */
export function runOf(context: QuickJSContext, object: QuickJSHandle): (from: number, to: number) => number {
  const run = context.getProp(object, 'run');
  return (from, to) => {
    const numbers = [context.newNumber(from), context.newNumber(to)];
    const sum = context.unwrapResult(context.callFunction(run, context.undefined, ...numbers));
    for (const number of numbers) number.dispose();
    return sum.consume((each) => context.getNumber(each));
  };
}
