import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import { getQuickJS } from 'quickjs-emscripten';
import { assign, createActor, createMachine, type Actor } from 'xstate';
import { NestedMachine, initialState, nestedBodies } from '../peers/nested.ts';
import { makePass, passText, passesOver, type Scope } from '../peers/pass.ts';
import { IN_PLACE, type Prepared } from '../peers/peer.ts';
import { numberOf, runOf } from '../peers/quickjs.ts';
import type { TierName } from '../peers/tier.ts';
import { programOf, replyOf } from '../peers/vm.ts';
import { shuffledTo } from '../random.ts';
import { imageOf } from '../workloads/workload.ts';

/** Counters under keys, many of them, of each that takes part. */

/** What makes all counters of one contestant; their keys are there before, and the order in which they are stepped. */
export interface Counters {
  readonly count: number;
  /** Bytes that are in use when no garbage is left. */
  readonly usedBytes: () => number;
  /** Makes them all; a lap of what it gives increments each once, in random order. */
  readonly make: () => Prepared;
}

/** An actor of XState takes some KiB: a process would die of a million. There is one where the others have so many. */
const COUNTERS_OF_ACTOR = 25;
const PASS_STEPS = 4_000;

/** By the name of the contestant, given how many there are to be. The first is what the others are compared to. */
export const CONTESTANTS: Readonly<Record<string, (count: number) => Counters | Promise<Counters>>> = {
  [IN_PLACE]: byHand,
  interpreter: (count) => byProgram('interpreter', count),
  jit: (count) => byProgram('jit', count),
  nested: byNested,
  QuickJS: byQuickJS,
  XState: byXState,
};

const HAND_COUNTER = readFileSync(new URL('hand-counter.js', import.meta.url), 'utf8');

/** How counters are made of their keys and stepped, in the heap of this process. */
interface Maker {
  readonly make: (key: string) => unknown;
  readonly scope: Omit<Scope, 'inputs' | 'digest'>;
  /** Increments `instances[input]` and gives what it was. */
  readonly call: string;
}

function inHeap(name: string, count: number, { make, scope, call }: Maker): Counters {
  const keys = Array.from({ length: count }, (_, i) => `counter-${i}`);
  const inputs = shuffledTo(count);
  const digest = (n: number): number => (n & 7) + 1;
  return {
    count,
    usedBytes: () => {
      for (let i = 0; i < 3; i++) gc!();
      return process.memoryUsage().heapUsed;
    },
    make: () => makePass(name, { inputs, digest, instances: keys.map(make), ...scope }, call, PASS_STEPS),
  };
}

interface HandCounter {
  readonly increment: () => number;
}

function byHand(count: number): Counters {
  const define = compileFunction(`${HAND_COUNTER}\nreturn HandCounter;`);
  const Counter = define() as new (key: string) => HandCounter;
  return inHeap(IN_PLACE, count, {
    make: (key) => new Counter(key),
    scope: {},
    call: 'instances[input].increment()',
  });
}

const SOURCE = 'counters.sm';

function byProgram(tier: TierName, count: number): Counters {
  const program = programOf(SOURCE, tier);
  const increment = program.index('Incr');
  return inHeap(tier, count, {
    make: (key) => program.instance(program.initial, key),
    scope: { program, increment, replyOf },
    call: 'replyOf(program, program.step(instances[input], increment, null, 0))',
  });
}

function byNested(count: number): Counters {
  const image = imageOf(SOURCE);
  const bodies = nestedBodies(image);
  const initial = initialState(image);
  return inHeap('nested', count, {
    make: (key) => new NestedMachine(bodies, initial, key),
    scope: { increment: image.operations.findIndex(({ name }) => name === 'Incr') },
    call: 'instances[input].step(increment, null, null)',
  });
}

function byXState(count: number): Counters {
  const machine = createMachine({
    types: {} as {
      input: { readonly key: string };
      context: { readonly key: string; readonly n: number };
      events: { readonly type: 'INCR' };
    },
    context: ({ input: { key } }) => ({ key, n: 0 }),
    on: { INCR: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
  });
  const event = { type: 'INCR' } as const;
  const increment = (actor: Actor<typeof machine>): number => {
    const { n } = actor.getSnapshot().context;
    actor.send(event);
    return n;
  };
  return inHeap('XState', count / COUNTERS_OF_ACTOR, {
    make: (key) => createActor(machine, { input: { key } }).start(),
    scope: { increment },
    call: 'increment(instances[input])',
  });
}

/** In the heap of QuickJS, whose garbage is counted references: there is none left to be collected. */
async function byQuickJS(count: number): Promise<Counters> {
  const context = (await getQuickJS()).newContext();
  const source = `(order) => {
    ${HAND_COUNTER}
    const inputs = new Int32Array(order);
    const keys = Array.from(inputs, (_, i) => 'counter-' + i);
    const digest = (n) => (n & 7) + 1;
    let instances;
    return {
      make: () => { instances = keys.map((key) => new HandCounter(key)); },
      run: (from, to) => { ${passText('instances[input].increment()')} },
    };
  }`;
  const define = context.unwrapResult(context.evalCode(source));
  const order = context.newArrayBuffer(shuffledTo(count).buffer as ArrayBuffer);
  const counters = context.unwrapResult(context.callFunction(define, context.undefined, order));
  const run = runOf(context, counters);
  return {
    count,
    usedBytes: () =>
      context.runtime.computeMemoryUsage().consume((usage) => numberOf(context, usage, 'memory_used_size')),
    make: () => {
      context.unwrapResult(context.callMethod(counters, 'make')).dispose();
      return passesOver(count, run, PASS_STEPS);
    },
  };
}
