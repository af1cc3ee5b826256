import { assign, createActor, createMachine } from 'xstate';
import { handMachine, type HandInput } from '../workloads/by-hand.ts';
import { makePass } from './pass.ts';
import type { HostedPeer } from './peer.ts';

/**
 * XState: state machines as a library of JavaScript. An actor is sent each input as an event; what it replies is read
 * off its snapshot. Its actions do not check integers for overflow.
 */

interface Counting {
  readonly old: number;
  readonly n: number;
}

type CountingEvent = { readonly type: 'INCR' } | { readonly type: 'READ' };

const counter = createMachine({
  types: {} as { context: { readonly n: number }; events: CountingEvent },
  context: { n: 0 },
  on: { INCR: { actions: assign({ n: ({ context }) => context.n + 1 }) }, READ: {} },
});

const pair = createMachine({
  types: {} as { context: Counting; events: CountingEvent },
  context: { old: 3, n: 0 },
  on: { INCR: { actions: assign({ n: ({ context }) => context.n + 1 }) }, READ: {} },
});

interface Gauge {
  readonly count: number;
  readonly sum: number;
  readonly least: number;
  readonly most: number;
  readonly last: number;
  readonly limit: number;
  readonly alarms: number;
  readonly label: string;
}

type GaugeEvent =
  | { readonly type: 'MEASURE'; readonly value: number }
  | { readonly type: 'LIMIT'; readonly value: number }
  | { readonly type: 'SUMMARISE' };

const gauge = createMachine({
  types: {} as { context: Gauge; events: GaugeEvent },
  context: { count: 0, sum: 0, least: 1_000_000, most: 0, last: 0, limit: 900, alarms: 0, label: 'gauge' },
  on: {
    MEASURE: {
      actions: assign(({ context: s, event: { value } }) => ({
        count: s.count + 1,
        sum: (s.sum + value) % 1_000_000_007,
        least: Math.min(s.least, value),
        most: Math.max(s.most, value),
        last: value,
        alarms: value > s.limit ? s.alarms + 1 : s.alarms,
      })),
    },
    LIMIT: { actions: assign({ limit: ({ event }) => event.value }) },
    SUMMARISE: {},
  },
});

/** The reply is kept beside the state. */
interface Connection {
  readonly peer: number;
  readonly tries: number;
  readonly sent: number;
  readonly seen: number;
  readonly tag: number;
  readonly value: number | string;
}

interface Message {
  readonly type: (typeof MESSAGES)[number];
  readonly peer: number;
  readonly number: number;
}

const MESSAGES = ['HELLO', 'ACCEPT', 'DATA', 'ACK', 'BYE', 'TICK'] as const;

type Scene = { readonly context: Connection; readonly event: Message };

const to = (change: (scene: Scene) => Partial<Connection>) =>
  assign<Connection, Message, undefined, Message, never>(({ context, event }) => change({ context, event }));

const refused = (value: string) => ({ actions: to(() => ({ tag: 6, value })) });
const isPeer = ({ context, event }: Scene): boolean => event.peer === context.peer;

const connection = createMachine({
  types: {} as { context: Connection; events: Message },
  context: { peer: 0, tries: 0, sent: 0, seen: 0, tag: 0, value: 0 },
  initial: 'idle',
  // What a phase has nothing to say about.
  on: { '*': { actions: to(() => ({ tag: 0, value: 0 })) } },
  states: {
    idle: {
      on: {
        HELLO: {
          target: 'greeting',
          actions: to(({ event: { peer } }) => ({ peer, tries: 0, tag: 1, value: peer })),
        },
      },
    },
    greeting: {
      on: {
        HELLO: {
          actions: to(({ context, event: { peer } }) => ({
            peer,
            tries: context.tries + 1,
            tag: 1,
            value: peer,
          })),
        },
        ACCEPT: [
          {
            guard: isPeer,
            target: 'open',
            actions: to(({ context }) => ({ sent: 0, seen: 0, tag: 2, value: context.peer })),
          },
          refused('accepted by another'),
        ],
        TICK: [
          {
            guard: ({ context }) => context.tries > 3,
            target: 'idle',
            actions: to(({ context }) => ({ tag: 5, value: context.tries })),
          },
          { actions: to(({ context: { tries } }) => ({ tries: tries + 1, tag: 4, value: tries })) },
        ],
      },
    },
    open: {
      on: {
        DATA: [
          {
            guard: isPeer,
            actions: to(({ context: { sent, seen }, event: { number } }) => ({
              sent: sent + 1,
              seen: Math.max(seen, number),
              tag: 3,
              value: number,
            })),
          },
          refused('sent by another'),
        ],
        ACK: [
          { guard: ({ context, event }) => event.number > context.sent, ...refused('never sent') },
          {
            actions: to(({ context: { sent, seen }, event }) => ({
              sent: sent - event.number,
              tag: 3,
              value: seen,
            })),
          },
        ],
        BYE: { target: 'closing', actions: to(({ context }) => ({ tag: 5, value: context.sent })) },
        TICK: { actions: to(({ context }) => ({ tag: 4, value: context.sent })) },
      },
    },
    closing: {
      on: {
        ACK: [
          {
            guard: ({ context, event }) => context.sent > event.number,
            actions: to(({ context: { sent }, event }) => ({
              sent: sent - event.number,
              tag: 3,
              value: sent,
            })),
          },
          { target: 'idle', actions: to(() => ({ tag: 5, value: 0 })) },
        ],
        TICK: { target: 'idle', actions: to(({ context }) => ({ tag: 5, value: context.sent })) },
      },
    },
  },
});

const INCR = { type: 'INCR' } as const;
const READ = { type: 'READ' } as const;

/** The event for an input; what reads gives its reply, what does not gives `undefined` or what the hand gives. */
function eventOf(workload: string, { tag, value, peer, number }: HandInput): object {
  if (workload === 'protocol') return { type: MESSAGES[tag], peer, number };
  if (workload === 'record') return { type: ['MEASURE', 'LIMIT', 'SUMMARISE'][tag], value };
  return tag === 0 ? INCR : READ;
}

/** What gives, of the context after an input, the reply that the machine by hand gives. */
const REPLIES: Readonly<Record<string, string>> = {
  counter: 'input.tag === 0 ? undefined : context().n',
  pair: 'input.tag === 0 ? undefined : context().n',
  record: 'input.tag === 0 ? input.event.value > context().limit : input.tag === 1 ? undefined : context()',
  protocol: 'context()',
};

const MACHINES = { counter, pair, record: gauge, protocol: connection } as const;

export const xstate: HostedPeer = {
  workloads: Object.keys(MACHINES),
  prepare: (name) => {
    const { inputs, digest } = handMachine(name);
    const actor = createActor(MACHINES[name as keyof typeof MACHINES] as typeof counter).start();
    const events = inputs.map((input) => ({ tag: input.tag, event: eventOf(name, input) }));
    const call = `(actor.send(input.event), ${REPLIES[name].replaceAll('context()', 'actor.getSnapshot().context')})`;
    return makePass(`xstate, ${name}`, { inputs: events, digest, actor }, call);
  },
};
