// Long because all that a host does is tried with the same journals and clocks.

import { fingerprints } from '@smc/protocol';
import { LoadedUnit } from '@smc/vm';
import { describe, expect, it, vi } from 'vitest';
import type { CallEvent, Reply } from '../src/event.ts';
import { type CallOptions, Host } from '../src/host.ts';
import type { NodeCaller } from '../src/item.ts';
import type { Stopwatch } from '../src/pace.ts';
import type { CheckpointHead, CheckpointPart } from '../src/journal/checkpoint.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { MemoryJournal } from '../src/journal/memory.ts';
import { Instances } from '../src/instances.ts';
import { LogWriter } from '../src/journal/writer.ts';
import { NODE_LIMITS, type NodeLimits } from '../src/limits.ts';
import type { Beginning, Journal, Recovered } from '../src/ports.ts';
import { account, accountWithFee, toFee } from './accounts.ts';
import { replayed, show, snapshot } from './core.ts';
import { bundleOf, counter, labelled, toLabelled, upgradeBundle } from './images.ts';

/** A journal whose appends wait until they are told how to end. */
class SlowJournal implements Journal {
  readonly isLasting = true;
  readonly #memory = new MemoryJournal();
  readonly waiting: { entries: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  slow = false;

  read(): Iterable<Recovered> {
    return this.#memory.read();
  }

  checkpoint(head: CheckpointHead, parts: Iterable<CheckpointPart>): Promise<void> {
    return this.#memory.checkpoint(head, parts);
  }

  readonly rows = this.#memory.rows;

  check(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  append(groups: readonly LogGroup[]): void | Promise<void> {
    this.#memory.append(groups);
    if (!this.slow) return undefined;
    return new Promise((resolve, reject) =>
      this.waiting.push({ entries: entriesOf(groups), resolve, reject }),
    );
  }
}

const entriesOf = (groups: readonly LogGroup[]): number => groups.reduce((sum, { count }) => sum + count, 0);

const reports: unknown[] = [];

async function open(
  journal: Journal = new MemoryJournal(),
  limits: Partial<NodeLimits> = {},
  stopwatch: Stopwatch = () => 0,
): Promise<Host> {
  let time = 1_000;
  const clock = { now: () => time++ };
  const report = (error: unknown): unknown => reports.push(error);
  return Host.open(journal, { clock, limits: { ...NODE_LIMITS, ...limits }, report, stopwatch });
}

/** One caller for each host. */
const callers = new WeakMap<Host, NodeCaller>();

function callerOf(host: Host): NodeCaller {
  const caller = callers.get(host) ?? host.caller();
  callers.set(host, caller);
  return caller;
}

const requestOf = (text: string, more: Partial<CallEvent> = {}) => ({
  machine: 'Counter',
  key: null,
  interfaces: null,
  body: { form: 'text', text, start: 0 } as const,
  request: null,
  readOnly: false,
  ...more,
});

function call(
  host: Host,
  text: string,
  more: Partial<CallEvent> = {},
  options: Partial<CallOptions> = {},
): Promise<string> {
  return new Promise((resolve) =>
    host.call(requestOf(text, more), (reply: Reply) => resolve(show(reply)), {
      caller: callerOf(host),
      ...options,
    }),
  );
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn();
}

describe('a host', () => {
  it('handles events in the order in which they came', async () => {
    const host = await open();
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const replies = Promise.all(['Incr', 'Read', 'Incr', 'Incr', 'Read'].map((text) => call(host, text)));
    expect(await replies).toEqual(['()', '1', '()', '()', '3']);
  });

  it('answers when the record is durable, and what only reads too', async () => {
    const journal = new SlowJournal();
    const host = await open(journal);
    await host.deploy(bundleOf(counter()), 'deploy', false);
    journal.slow = true;
    const answers: string[] = [];
    void call(host, 'Incr').then((answer) => answers.push(answer));
    void call(host, 'Read').then((answer) => answers.push(answer));
    void host.look((node) => node.position).then((position) => answers.push(`at ${position}`));
    await turns();
    expect(answers).toEqual([]);
    expect(journal.waiting.map(({ entries }) => entries)).toEqual([1]);
    journal.waiting[0].resolve();
    await turns();
    expect(answers).toEqual(['()', 'at 2', '1']);
  });

  it('gives up when its journal fails', async () => {
    const journal = new SlowJournal();
    const host = await open(journal);
    await host.deploy(bundleOf(counter()), 'deploy', false);
    journal.slow = true;
    const taken = call(host, 'Incr');
    await turns();
    const waiting = call(host, 'Incr');
    const looking = host.look((node) => node.position);
    journal.waiting[0].reject(new Error('the disk is full'));
    expect(await taken).toMatch(/^in-doubt:/);
    expect(await waiting).toMatch(/^in-doubt:/);
    await expect(looking).rejects.toThrow('the node is stopping');
    expect((await host.failure).message).toBe('the disk is full');
    expect(host.unready).toMatchObject({ code: 'stopping' });
    expect(await call(host, 'Read')).toMatch(/^stopping:/);
    await expect(host.look((node) => node.position)).rejects.toThrow('the node is stopping');
  });

  it('answers in order, whichever append takes long', async () => {
    const journal = new SlowJournal();
    const host = await open(journal);
    await host.deploy(bundleOf(counter()), 'deploy', false);
    journal.slow = true;
    const answers: number[] = [];
    const calls = [0, 1, 2].map((i) => call(host, 'Incr').then(() => answers.push(i)));
    await turns();
    const later = [3, 4].map((i) => call(host, 'Incr').then(() => answers.push(i)));
    await turns();
    journal.slow = false;
    journal.waiting[0].resolve();
    await Promise.all([...calls, ...later]);
    expect(answers).toEqual([0, 1, 2, 3, 4]);
  });

  it('hands nothing more to a journal that has failed, and ends', async () => {
    const journal = new SlowJournal();
    const host = await open(journal);
    await host.deploy(bundleOf(counter()), 'deploy', false);
    journal.slow = true;
    const first = call(host, 'Incr');
    await turns();
    const gathered = call(host, 'Incr');
    await turns();
    journal.waiting[0].reject(new Error('the disk is full'));
    expect([await first, await gathered]).toEqual([
      expect.stringMatching(/^in-doubt:/),
      expect.stringMatching(/^in-doubt:/),
    ]);
    await host.stop();
    expect(journal.waiting).toHaveLength(1);
  });

  it('refuses what is too much', async () => {
    const host = await open(new MemoryJournal(), { queuedEventsMax: 3 });
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const replies = await Promise.all(Array.from({ length: 6 }, () => call(host, 'Incr')));
    expect(replies.map((reply) => reply.split(':')[0])).toEqual([
      '()',
      '()',
      '()',
      'overloaded',
      'overloaded',
      'overloaded',
    ]);
    expect([...host.metrics.refusals]).toEqual([['overloaded', 3]]);
    expect(await call(host, 'Read')).toBe('3');
    const small = await open(new MemoryJournal(), { queuedBytesMax: 100 });
    expect(await call(small, `Read${' '.repeat(100)}`)).toMatch(/^overloaded:/);
    expect(await call(small, 'Read')).toMatch(/^unknown-machine:/);
  });

  const codesOf = async (replies: Promise<string>[]): Promise<string[]> =>
    (await Promise.all(replies)).map((reply) => reply.split(':')[0]);

  it('has whoever has the most waiting make room for others', async () => {
    const host = await open(new MemoryJournal(), { queuedEventsMax: 6 });
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const [modest, another] = [host.caller(), host.caller()];
    const greedy = codesOf(Array.from({ length: 6 }, () => call(host, 'Incr')));
    const replies = codesOf([
      call(host, 'Read', {}, { caller: modest }),
      call(host, 'Read', {}, { caller: another }),
      call(host, 'Read', {}, { caller: modest }),
      call(host, 'Read', {}, { caller: another }),
      // As much as the greediest has by now.
      call(host, 'Read', {}, { caller: modest }),
    ]);
    const look = host.look((node) => node.position, another).catch((error: Error) => error.message);
    expect(await replies).toEqual(['1', '1', '2', '2', 'overloaded']);
    expect(await look).toMatch(/^too many requests wait/);
    // What came last is what is not done.
    expect(await greedy).toEqual(['()', '()', ...Array.from({ length: 4 }, () => 'overloaded')]);
    expect(await call(host, 'Read')).toBe('2');
    expect(host.queueDepth).toBe(0);
    expect(host.metrics.refusals.get('overloaded')).toBe(5);
  });

  it('has whoever has the most bytes waiting make room for others', async () => {
    const host = await open(new MemoryJournal(), { queuedBytesMax: 60_000 });
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const large = codesOf([1, 2].map(() => call(host, `Read${' '.repeat(12_000)}`)));
    const small = codesOf(
      Array.from({ length: 8 }, () => call(host, `Read${' '.repeat(2_000)}`, {}, { caller: host.caller() })),
    );
    expect(await large).toEqual(['0', 'overloaded']);
    expect(new Set(await small)).toEqual(new Set(['0']));
  });

  it('refuses nobody for a request that has no room even so', async () => {
    const host = await open(new MemoryJournal(), { queuedBytesMax: 60_000 });
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const texts = ['Incr', 'Read', 'Incr', 'Read', 'Incr', 'Read', 'Incr', 'Read'];
    const others = codesOf(texts.map((text) => call(host, `${text}${' '.repeat(3_000)}`)));
    const last = codesOf([call(host, `Read${' '.repeat(22_000)}`, {}, { caller: host.caller() })]);
    expect(await last).toEqual(['overloaded']);
    // In the order in which they came.
    expect(await others).toEqual(['()', '1', '()', '2', '()', '3', '()', '4']);
    expect([...host.metrics.refusals]).toEqual([['overloaded', 1]]);
  });

  it('has a thousand requests make room for one, and no more', async () => {
    for (const [count, answered] of [
      [1_000, '0'],
      [1_100, 'overloaded'],
    ] as const) {
      const host = await open(new MemoryJournal(), { queuedBytesMax: 30_000 });
      await host.deploy(bundleOf(counter()), 'deploy', false);
      const small = codesOf(Array.from({ length: count }, () => call(host, 'Read')));
      const large = `Read${' '.repeat(14_900)}`;
      expect(await codesOf([call(host, large, {}, { caller: host.caller() })])).toEqual([answered]);
      expect((await small).includes('overloaded')).toBe(answered === '0');
    }
  });

  it('has the connections come that wait, some before each turn', async () => {
    const host = await open(new MemoryJournal());
    await host.deploy(bundleOf(counter()), 'deploy', false);
    let looks = 0;
    let isOver = false;
    const connect = (): void => {
      host.eventLoop.connected();
      looks++;
      if (!isOver) setImmediate(connect);
    };
    connect();
    expect(await call(host, 'Incr')).toBe('()');
    isOver = true;
    expect(looks).toBeGreaterThan(32);
    expect(looks).toBeLessThan(128);
  });

  it('gives all callers of one source one share', async () => {
    const host = await open(new MemoryJournal(), { queuedEventsMax: 8 });
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const many = codesOf(
      Array.from({ length: 8 }, () => call(host, 'Incr', {}, { caller: host.caller('many') })),
    );
    const one = host.caller('one');
    const few = codesOf([1, 2, 3, 4, 5].map(() => call(host, 'Read', {}, { caller: one })));
    // Each has every other turn, and half of what may wait.
    expect(await few).toEqual(['1', '2', '3', '4', 'overloaded']);
    expect((await many).filter((reply) => reply === '()')).toHaveLength(4);
  });

  it('has room for a caller who has nothing waiting, also where all else waits for the disk', async () => {
    const journal = new SlowJournal();
    const host = await open(journal, { queuedEventsMax: 8 });
    await host.deploy(bundleOf(counter()), 'deploy', false);
    journal.slow = true;
    const greedy = codesOf(Array.from({ length: 8 }, () => call(host, 'Incr')));
    await turns();
    const modest = call(host, 'Read', {}, { caller: host.caller() });
    await turns();
    journal.slow = false;
    journal.waiting[0].resolve();
    expect(await modest).toBe('6');
    expect(await greedy).toEqual([...Array.from({ length: 7 }, () => '()'), 'overloaded']);
  });

  it('does what the operator asks for, however much waits', async () => {
    const limits = { queuedEventsMax: 4, queuedBytesMax: 100, operatorEventsMax: 3 };
    const host = await open(new MemoryJournal(), limits);
    const calls = codesOf(Array.from({ length: 6 }, () => call(host, 'Incr')));
    const large = bundleOf(counter());
    expect(show(await host.deploy(large, 'deploy', false))).toBe('Counter deployed');
    expect((await calls).filter((reply) => reply === 'overloaded')).toHaveLength(2);
    const more = codesOf(Array.from({ length: 6 }, () => call(host, 'Incr')));
    expect(show(await host.remove('Counter'))).toBe('removed');
    await more;
    // Its own room ends too.
    const asked = await Promise.all(Array.from({ length: 5 }, () => host.remove('Counter')));
    expect(asked.map((reply) => show(reply).split(':')[0])).toEqual([
      ...Array.from({ length: 3 }, () => 'unknown-machine'),
      ...Array.from({ length: 2 }, () => 'overloaded'),
    ]);
    const narrow = await open(new MemoryJournal(), { operatorBytesMax: large.length });
    const both = [1, 2].map(() => narrow.deploy(large, 'deploy', false));
    expect((await Promise.all(both)).map(show)).toEqual([
      'Counter deployed',
      expect.stringMatching(/^overloaded:/),
    ]);
  });

  it('does not begin with a request whose deadline has passed', async () => {
    let now = 0;
    const host = await open(new MemoryJournal(), {}, () => now);
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const send = (deadlineMillis?: number): Promise<string> =>
      call(host, 'Incr', {}, deadlineMillis === undefined ? {} : { deadlineMillis });
    const codes = async (replies: Promise<string>[]): Promise<string[]> =>
      (await Promise.all(replies)).map((reply) => reply.split(':')[0]);
    const replies = codes([send(10), send(100), send()]);
    now = 50;
    expect(await replies).toEqual(['overloaded', '()', '()']);
    // Nobody waits for longer than that, whatever was said.
    const late = codes([send(), send(Number.POSITIVE_INFINITY)]);
    now += NODE_LIMITS.waitMillisMax + 1;
    expect(await late).toEqual(['overloaded', 'overloaded']);
    expect(await call(host, 'Read')).toBe('2');
  });

  it('gives each caller a turn, however many requests another has sent', async () => {
    let now = 0;
    // Each request takes a turn of the event loop.
    const host = await open(new MemoryJournal(), {}, () => (now += 20));
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const answered: string[] = [];
    const greedy = Array.from({ length: 20 }, (_, i) =>
      call(host, 'Incr').then(() => answered.push(`greedy ${i}`)),
    );
    const modest = call(host, 'Read', {}, { caller: host.caller() }).then((n) =>
      answered.push(`modest ${n}`),
    );
    const look = host.look((node) => node.position).then(() => answered.push('look'));
    await Promise.all([...greedy, modest, look]);
    const others = answered.filter((each) => !each.startsWith('greedy'));
    expect(others).toEqual(['look', 'modest 1']);
    expect(answered.indexOf('modest 1')).toBeLessThan(4);
    expect(answered.filter((each) => each.startsWith('greedy'))).toHaveLength(20);
  });

  it('has replies take turns too, and those of one caller stay in order', async () => {
    const journal = new SlowJournal();
    let millis = 0;
    const host = await open(journal, {}, () => millis);
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const others = [host.caller('greedy'), host.caller('greedy')];
    const modest = host.caller('modest');
    journal.slow = true;
    const answered: string[] = [];
    const ask = (caller: NodeCaller, name: string): void => {
      // To write it takes a turn of the event loop.
      host.call(requestOf('Incr'), () => answered.push(`${name} at ${(millis += 20)}`), { caller });
    };
    for (let i = 0; i < 10; i++)
      for (const [at, caller] of others.entries()) ask(caller, `greedy ${at} ${i}`);
    await turns();
    for (let i = 0; i < 2; i++) ask(modest, `modest ${i}`);
    await turns();
    // Both groups are durable one after the other, and the second meets replies of the first.
    journal.waiting[0].resolve();
    await turn();
    journal.waiting[1].resolve();
    for (let i = 0; i < 30; i++) await turn();
    const order = answered.map((each) => each.replace(/ at .*/, ''));
    expect(order).toHaveLength(22);
    expect(order.indexOf('modest 1')).toBeLessThan(8);
    for (const name of ['greedy 0', 'greedy 1', 'modest']) {
      const own = order.filter((each) => each.startsWith(name));
      expect(own).toEqual(own.map((_, i) => `${name} ${i}`));
    }
  });

  it('bounds what the replies hold that are not sent', async () => {
    const journal = new SlowJournal();
    // The reply to `Incr` counts as eight bytes.
    const host = await open(journal, { replyBytesMax: 16 });
    await host.deploy(bundleOf(counter()), 'deploy', false);
    journal.slow = true;
    const start = host.peek((node) => node.position);
    const replies = Array.from({ length: 9 }, () => call(host, 'Incr'));
    for (let handled = 3; handled <= 9; handled += 3) {
      await turns();
      expect(host.peek((node) => node.position) - start).toBe(handled);
      journal.waiting.shift()!.resolve();
    }
    expect(await Promise.all(replies)).toEqual(Array.from({ length: 9 }, () => '()'));
  });

  it('does not begin with what a caller who is gone has asked for', async () => {
    const host = await open();
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const caller = host.caller();
    const replies = [
      call(host, 'Incr', {}, { caller }),
      call(host, 'Incr'),
      call(host, 'Incr', {}, { caller }),
    ];
    caller.isGone = true;
    expect((await Promise.all(replies)).map((reply) => reply.split(':')[0])).toEqual([
      'overloaded',
      '()',
      'overloaded',
    ]);
    expect(await call(host, 'Read')).toBe('1');
  });

  it('bounds the looks that wait', async () => {
    const host = await open();
    const looks = Array.from({ length: 1_100 }, () => host.look((node) => node.position));
    const results = await Promise.allSettled(looks);
    expect(results.slice(0, 1_024).every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(results.slice(1_024).every(({ status }) => status === 'rejected')).toBe(true);
    await expect(looks.at(-1)).rejects.toThrow('too many requests wait');
  });

  it('lets a caller look in its own turns, so that nobody else waits for it', async () => {
    const host = await open(new MemoryJournal(), { queuedEventsMax: 2_000 });
    const greedy = host.caller();
    const order: string[] = [];
    const looks = Array.from({ length: 1_999 }, () =>
      host.look((node) => node.position, greedy).then(() => order.push('greedy')),
    );
    const other = host.look((node) => node.position, host.caller()).then(() => order.push('other'));
    await expect(host.look((node) => node.position, greedy)).rejects.toThrow('too many requests wait');
    const operator = host.look((node) => node.position).then(() => order.push('operator'));
    await Promise.all([...looks, other, operator]);
    expect(order.indexOf('other')).toBeLessThan(5);
    expect(order.indexOf('operator')).toBeLessThan(5);
    const late = host.look((node) => node.position, greedy);
    greedy.isGone = true;
    await expect(late).rejects.toThrow('its connection ended');
  });

  it('counts what is refused apart from what ran', async () => {
    const host = await open(new MemoryJournal(), { queuedEventsMax: 2 });
    await host.deploy(bundleOf(counter()), 'deploy', false);
    await Promise.all(['Incr', 'Divide(0)', 'Incr'].map((text) => call(host, text)));
    await call(host, 'Nothing');
    expect([...host.metrics.refusals]).toEqual([
      ['overloaded', 1],
      ['unknown-operation', 1],
    ]);
    expect(host.metrics.inputs.samples('x').find(({ metricName }) => metricName === 'x_count')?.value).toBe(
      2,
    );
  });

  it('adapts a request that a swap overtakes', async () => {
    const host = await open();
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const swap = host.deploy(upgradeBundle(labelled(), toLabelled(counter())), 'upgrade', false);
    // Received before the swap: by the interface of that time Incr gives (), and there is a Divide.
    const replies = Promise.all([call(host, 'Incr'), call(host, 'Divide(1)')]);
    expect(show(await swap)).toBe('Counter upgraded');
    expect(await replies).toEqual(['()', expect.stringMatching(/^gone:/)]);
    expect(await call(host, 'Incr')).toBe('2');
  });

  it('goes on from its journal, with checkpoints or without', async () => {
    for (const checkpointBytesMin of [1, NODE_LIMITS.checkpointBytesMin]) {
      const journal = new MemoryJournal();
      const first = await open(journal, { checkpointBytesMin });
      await first.deploy(bundleOf(counter()), 'deploy', false);
      const request = { key: 'k', digest: '0'.repeat(64) };
      await call(first, 'Incr', { request });
      for (let i = 0; i < 10; i++) await call(first, 'Incr');
      await first.deploy(upgradeBundle(labelled(), toLabelled(counter())), 'upgrade', false);
      await call(first, 'Label("x")');
      const before = await first.look((node) => [node.position, node.histories.get('Counter')!.length]);
      await first.stop();
      const second = await open(journal);
      expect(await second.look((node) => [node.position, node.histories.get('Counter')!.length])).toEqual(
        before,
      );
      expect(await call(second, 'Incr', { request })).toBe('()');
      expect(await call(second, 'Read')).toBe('11');
      const [{ checkpoint }] = journal.read() as Iterable<Beginning>;
      expect(checkpoint > 10).toBe(checkpointBytesMin === 1);
    }
  });

  it('refuses what comes when it stops, and answers what came before', async () => {
    const host = await open();
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const before = call(host, 'Incr');
    const stopped = host.stop();
    const after = call(host, 'Incr');
    await stopped;
    expect(await before).toBe('()');
    expect(await after).toMatch(/^stopping:/);
  });

  it('ends a turn of the event loop when there was enough work in it', async () => {
    const journal = new SlowJournal();
    let millis = 0;
    // Each event, and each reply, takes four milliseconds: three make up a turn.
    const host = await open(journal, {}, () => (millis += 4));
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const appended = vi.spyOn(journal, 'append');
    let turnsTaken = 0;
    let counting = true;
    const count = (): void => {
      turnsTaken++;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const answered: number[] = [];
    const calls = Array.from({ length: 30 }, () => call(host, 'Incr').then(() => answered.push(turnsTaken)));
    const last = call(host, 'Read');
    expect(await last).toBe('30');
    await Promise.all(calls);
    counting = false;
    expect(appended.mock.calls.map(([groups]) => entriesOf(groups))).toEqual(
      Array.from({ length: 10 }, () => 3),
    );
    // Nobody else waited for more than three replies.
    const perTurn = Map.groupBy(answered, (taken) => taken);
    expect(Math.max(...Array.from(perTurn.values(), (group) => group.length))).toBe(3);
  });

  it('refuses what waits for too long when it stops', async () => {
    let millis = 0;
    const host = await open(new MemoryJournal(), { closeMillisMax: 50 }, () => (millis += 10));
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const calls = Promise.all(Array.from({ length: 100 }, () => call(host, 'Incr')));
    const looking = host.look((node) => node.position).catch((error: Error) => error.message);
    await host.stop();
    const answers = (await calls).map((answer) => answer.split(':')[0]);
    const done = answers.filter((answer) => answer === '()').length;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(5);
    expect(answers.slice(done)).toEqual(Array.from({ length: 100 - done }, () => 'stopping'));
    expect(await looking).toBe('the node is stopping');
  });

  describe('that upgrades many instances', () => {
    const COUNT = 200;
    const upgrade = upgradeBundle(accountWithFee(), toFee(account()));
    const account1 = { machine: 'Account', key: 'k1' };

    /** A host whose turns are over after a few instances, however fast they are. */
    async function withInstances(journal: Journal = new MemoryJournal()): Promise<Host> {
      let elapsed = 0;
      const host = await open(journal, {}, () => (elapsed += 2));
      await host.deploy(bundleOf(account()), 'deploy', false);
      for (let i = 0; i < COUNT; i++) {
        expect(await call(host, `Deposit(${i % 99})`, { machine: 'Account', key: `k${i}` })).toBe(
          `${i % 99}`,
        );
      }
      return host;
    }

    it('answers inputs meanwhile, and loses none', async () => {
      const journal = new MemoryJournal();
      const host = await withInstances(journal);
      let report: unknown = null;
      void host.deploy(upgrade, 'deploy', false).then((reply) => (report = show(reply)));
      let served = 0;
      const old = { ...account1, interfaces: [fingerprints(account()).interface] };
      while (report === null) {
        expect(await call(host, 'Deposit(1)', old)).toBe(String(1 + ++served));
      }
      expect(report).toBe('Account upgraded');
      expect(served).toBeGreaterThan(COUNT / 10);
      expect(await call(host, 'Balance', account1)).toBe(String(1 + served));
      const node = await host.look((state) => state);
      // The read moved the time on, and is not in the log.
      expect({
        ...(snapshot(replayed(journal.read(), NODE_LIMITS, journal.rows)) as object),
        time: node.time,
      }).toEqual(snapshot(node));
    });

    it('does more between inputs where they change more than is migrated', async () => {
      // What a checkpoint migrates after the swap is not counted.
      const journal = Object.assign(new MemoryJournal(), { checkpoint: () => new Promise<void>(() => {}) });
      const host = await withInstances(journal);
      const migrate = vi.spyOn(LoadedUnit.prototype, 'run');
      let report: unknown = null;
      let longest = 0;
      void host.deploy(upgrade, 'deploy', false).then((reply) => (report = show(reply)));
      for (let i = 0; report === null; i++) {
        const before = migrate.mock.calls.length;
        const inputs = Array.from({ length: 5 }, (_, j) => {
          const place = 5 * i + j;
          const text = Math.floor(place / COUNT) % 2 === 0 ? 'Deposit(1)' : 'Deposit(-1)';
          return call(host, text, { machine: 'Account', key: `k${(7 * place) % COUNT}` });
        });
        await Promise.all(inputs);
        longest = Math.max(longest, migrate.mock.calls.length - before);
      }
      migrate.mockRestore();
      expect(report).toBe('Account upgraded');
      expect(longest).toBeLessThan(COUNT / 2);
    });

    it('takes one deployment at a time', async () => {
      const host = await withInstances();
      const first = host.deploy(upgrade, 'deploy', false);
      await turns();
      expect(show(await host.deploy(upgrade, 'deploy', true))).toMatch(/^busy: another deployment/);
      expect(show(await host.remove('Account'))).toBe('removed');
      expect(show(await first)).toMatch(/^stale: Account was removed/);
      expect(show(await host.deploy(bundleOf(account()), 'deploy', false))).toBe('Account deployed');
    });

    it('finishes it before it stops, or leaves it', async () => {
      const host = await withInstances();
      const upgrading = host.deploy(upgrade, 'deploy', false);
      await turns();
      await host.stop();
      expect(show(await upgrading)).toBe('Account upgraded');

      let elapsed = 0;
      let step = 0;
      const hurried = await open(new MemoryJournal(), {}, () => (elapsed += step));
      await hurried.deploy(bundleOf(account()), 'deploy', false);
      for (let i = 0; i < 20; i++) await call(hurried, 'Deposit(1)', { machine: 'Account', key: `k${i}` });
      step = 20_000;
      const left = hurried.deploy(upgrade, 'deploy', false);
      await turn();
      await hurried.stop();
      expect(show(await left)).toMatch(/^stopping:/);
    });

    it('answers what waits for a deployment when its journal fails', async () => {
      const journal = new SlowJournal();
      const host = await withInstances(journal);
      journal.slow = true;
      const upgrading = host.deploy(upgrade, 'deploy', false);
      const taken = call(host, 'Deposit(1)', account1);
      await turns();
      journal.waiting[0].reject(new Error('the disk is full'));
      expect(await taken).toMatch(/^in-doubt:/);
      expect(show(await upgrading)).toMatch(/^in-doubt:/);
    });
  });

  it.each<[string, LogWriter | Instances, 'input' | 'put']>([
    ['its entry', LogWriter.prototype, 'input'],
    ['its state', Instances.prototype, 'put'],
  ])(
    'gives up after a defect in the middle of an event, which its memory has by half: with %s',
    async (_, target, method) => {
      const journal = new MemoryJournal();
      const host = await open(journal);
      await host.deploy(bundleOf(counter()), 'deploy', false);
      await call(host, 'Incr');
      const defect = new Error('a defect');
      const write = vi.spyOn(target as LogWriter & Instances, method).mockImplementationOnce(() => {
        throw defect;
      });
      const answers = await codesOf(['Read', 'Incr', 'Incr', 'Read'].map((text) => call(host, text)));
      write.mockRestore();
      expect(answers).toEqual(['1', 'in-doubt', 'stopping', 'stopping']);
      expect(await host.failure).toBe(defect);
      expect(reports).toContain(defect);
      expect(await call(host, 'Read')).toMatch(/^stopping:/);
      await expect(host.look((node) => node.position)).rejects.toThrow('the node is stopping');
      await host.stop();
      // All that was acknowledged, and nothing else.
      expect(await call(await open(journal), 'Read')).toBe('1');
    },
  );

  it('goes on after a caller that cannot take its reply', async () => {
    const host = await open();
    await host.deploy(bundleOf(counter()), 'deploy', false);
    const body = { form: 'text', text: 'Incr', start: 0 } as const;
    const before = reports.length;
    host.call(
      { machine: 'Counter', key: null, interfaces: null, body, request: null, readOnly: false },
      () => {
        throw new Error('gone away');
      },
      { caller: host.caller() },
    );
    expect(await call(host, 'Read')).toBe('1');
    expect(reports.slice(before).map(String)).toEqual(['Error: gone away']);
  });
});
