import { assign, createActor, createMachine, type AnyStateMachine } from 'xstate';
import { handMachine, type HandInput } from '../workloads/by-hand.ts';
import { makePass } from './pass.ts';
import type { HostedPeer } from './peer.ts';

/**
 * XState: state machines as a library of JavaScript. An actor is sent each input as an event; what it replies is read
 * off its snapshot. Its actions do not check integers for overflow. An action that throws stops its actor, so that there
 * is no step that fails and is undone.
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

/** The balances are changed in place: a copy of ten thousand would take far longer than all else. */
interface Accounts {
  readonly balances: Map<string, number>;
  /** The reply is kept beside the state. */
  readonly tag: number;
  readonly value: number;
}

type Order =
  | { readonly type: 'TRANSFER'; readonly from: string; readonly to: string; readonly amount: number }
  | { readonly type: 'INSPECT'; readonly account: string };

const MISSING = { tag: 1, value: 0 } as const;

const ledger = createMachine({
  types: {} as { context: Accounts; events: Order },
  context: () => ({
    balances: new Map(Array.from({ length: 10_000 }, (_, account) => [`acct${account}`, 1_000])),
    tag: 0,
    value: 0,
  }),
  on: {
    TRANSFER: {
      actions: assign(({ context: { balances }, event: { from, to, amount } }) => {
        const balance = balances.get(from);
        if (balance === undefined || !balances.has(to)) return MISSING;
        if (balance < amount) return { tag: 3, value: amount - balance };
        balances.set(from, balance - amount);
        balances.set(to, balances.get(to)! + amount);
        return { tag: 0, value: 0 };
      }),
    },
    INSPECT: {
      actions: assign(({ context: { balances }, event: { account } }) => {
        const balance = balances.get(account);
        return balance === undefined ? MISSING : { tag: 2, value: balance };
      }),
    },
  },
});

type RunEvent = { readonly type: 'RUN'; readonly times: number };

const foldSmall = createMachine({
  types: {} as { context: { readonly x: number; readonly hits: number }; events: RunEvent },
  context: { x: 1, hits: 0 },
  on: {
    RUN: {
      actions: assign(({ context: { x, hits }, event: { times } }) => {
        for (let i = 0; i < times; i++) {
          x = (x * 75 + 74) % 65_537;
          if (x < 20_000) hits++;
        }
        return { x, hits: hits % 1_024 };
      }),
    },
  },
});

const foldLarge = createMachine({
  types: {} as { context: { readonly x: number }; events: RunEvent },
  context: { x: 1 },
  on: {
    RUN: {
      actions: assign(({ context: { x }, event: { times } }) => {
        for (let i = 0; i < times; i++) x = (x * 75 + 74) % 90_071_992_547;
        return { x };
      }),
    },
  },
});

interface Board {
  readonly notes: readonly string[];
  readonly total: number;
  readonly reply: number | readonly string[];
}

type BoardEvent =
  | { readonly type: 'POST'; readonly author: string; readonly words: readonly string[] }
  | { readonly type: 'COUNT'; readonly word: string }
  | { readonly type: 'HEADS'; readonly count: number };

const board = createMachine({
  types: {} as { context: Board; events: BoardEvent },
  context: { notes: [], total: 0, reply: 0 },
  on: {
    POST: {
      actions: assign(({ context: { notes, total }, event: { author, words } }) => {
        const note = `${author}: ${words.join(' ')}`;
        return { notes: [...notes, note].slice(-50), total: total + 1, reply: note.length };
      }),
    },
    COUNT: {
      actions: assign({
        reply: ({ context, event }) => context.notes.filter((note) => note.includes(event.word)).length,
      }),
    },
    HEADS: {
      actions: assign({
        reply: ({ context, event }) =>
          context.notes
            .slice(-event.count)
            .reverse()
            .map((note) => note.slice(0, 12).toUpperCase()),
      }),
    },
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
function eventOf(workload: string, { tag, ...given }: HandInput): object {
  const types = EVENTS[workload];
  return types === undefined ? (tag === 0 ? INCR : READ) : { type: types[tag], ...given };
}

/** By the tag of an input. */
const EVENTS: Readonly<Record<string, readonly string[]>> = {
  protocol: MESSAGES,
  record: ['MEASURE', 'LIMIT', 'SUMMARISE'],
  ledger: ['TRANSFER', 'INSPECT'],
  foldSmall: ['RUN'],
  foldLarge: ['RUN'],
  text: ['POST', 'COUNT', 'HEADS'],
};

/** What gives, of the context after an input, the reply that the machine by hand gives. */
const REPLIES: Readonly<Record<string, string>> = {
  counter: 'input.tag === 0 ? undefined : context().n',
  pair: 'input.tag === 0 ? undefined : context().n',
  record: 'input.tag === 0 ? input.event.value > context().limit : input.tag === 1 ? undefined : context()',
  ledger: 'context()',
  foldSmall: 'context().x',
  foldLarge: 'context().x',
  text: 'context().reply',
  protocol: 'context()',
};

const MACHINES = {
  counter,
  pair,
  record: gauge,
  ledger,
  foldSmall,
  foldLarge,
  text: board,
  protocol: connection,
} as const;

export const xstate: HostedPeer = {
  workloads: Object.keys(MACHINES),
  prepare: (name) => {
    const { inputs, digest } = handMachine(name);
    const actor = createActor(MACHINES[name as keyof typeof MACHINES] as AnyStateMachine).start();
    const events = inputs.map((input) => ({ tag: input.tag, event: eventOf(name, input) }));
    const call = `(actor.send(input.event), ${REPLIES[name].replaceAll('context()', 'actor.getSnapshot().context')})`;
    return makePass(`xstate, ${name}`, { inputs: events, digest, actor }, call);
  },
};
