import { getQuickJS, type QuickJSHandle } from 'quickjs-emscripten';
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
    const numberOf = (handle: QuickJSHandle): number => handle.consume((each) => context.getNumber(each));
    const source = `(() => {
      ${HAND_SOURCE}
      const [inputs, step, digest] = workloads[${JSON.stringify(name)}]();
      return { length: inputs.length, run: (from, to) => { ${passText('step(input)')} } };
    })()`;
    const machine = context.unwrapResult(context.evalCode(source));
    const run = context.getProp(machine, 'run');
    return passesOver(numberOf(context.getProp(machine, 'length')), (from, to) => {
      const numbers = [context.newNumber(from), context.newNumber(to)];
      const sum = context.unwrapResult(context.callFunction(run, context.undefined, ...numbers));
      for (const number of numbers) number.dispose();
      return numberOf(sum);
    });
  },
};
