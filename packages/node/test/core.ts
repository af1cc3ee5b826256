import { encodeValue, type Image, printValue, type Value } from '@smc/protocol';
import { LoadedUnit } from '@smc/vm';
import { expect, vi } from 'vitest';
import type { CallEvent, NodeEvent, Reply } from '../src/event.ts';
import type { InstanceKey } from '../src/instances.ts';
import { CheckpointTracker } from '../src/journal/checkpoint.ts';
import { LogWriter } from '../src/journal/writer.ts';
import { MemoryJournal } from '../src/journal/memory.ts';
import { Replay } from '../src/journal/replay.ts';
import { NO_ROWS, type StateRows } from '../src/state-rows.ts';
import type { Recovered } from '../src/ports.ts';
import { NODE_LIMITS, type NodeLimits } from '../src/limits.ts';
import { type Machine, NodeState } from '../src/state.ts';
import { stamp, transition } from '../src/transition.ts';
import { viewHistory, viewMachines, viewState } from '../src/serve/views.ts';
import { bundleOf, counter } from './images.ts';

/** A node without a world: events go in one by one, entries go to a journal in memory. */
export class Core {
  readonly node: NodeState;
  readonly journal: MemoryJournal;
  readonly log = new LogWriter();
  readonly tracker = new CheckpointTracker();
  time = 1_000;

  /** `rows` are those of the journal that its checkpoints go to, where that is another one. */
  constructor(limits: Partial<NodeLimits> = {}, rows: StateRows | null = null) {
    this.journal = new MemoryJournal();
    this.node = new NodeState({ ...NODE_LIMITS, ...limits }, 'auto', rows ?? this.journal.rows);
  }

  handle(event: NodeEvent): Reply {
    const stamped = event.kind === 'call' ? stamp(this.node, event, event.time) : event;
    const reply = transition(this.node, stamped, this.log);
    this.journal.append(this.log.take());
    return reply;
  }

  /** Sends `Counter Incr` as text; gives the reply as text, or `CODE: MESSAGE`. */
  call(machine: string, text: string, more: Partial<CallEvent> = {}): string {
    const body = { form: 'text', text, start: 0 } as const;
    return this.send({ machine, body, ...more });
  }

  send(event: Pick<CallEvent, 'machine' | 'body'> & Partial<CallEvent>): string {
    const defaults = {
      kind: 'call',
      time: this.time,
      key: null,
      interfaces: null,
      request: null,
      readOnly: false,
    } as const;
    return show(this.handle({ ...defaults, ...event }));
  }

  deploy(bundle: Uint8Array, mode: 'deploy' | 'upgrade' = 'deploy', dryRun = false): string {
    return show(this.handle({ kind: 'deploy', time: this.time, bundle, mode, dryRun, request: null }));
  }

  remove(machine: string): string {
    return show(this.handle({ kind: 'remove', time: this.time, machine, request: null }));
  }

  /** Bytes of the entries and states that the journal holds. */
  get journalBytes(): number {
    return [...this.journal.read()].reduce((sum, item) => sum + bytesOf(item), 0);
  }

  /** Has what the entries led to take their place. */
  async checkpoint(): Promise<void> {
    const { head, parts } = this.tracker.begin(this.node);
    await this.journal.checkpoint(head, parts);
    this.tracker.end();
  }

  /** A node rebuilt from the journal. */
  replay(): NodeState {
    return replayed(this.journal.read(), this.node.limits, this.journal.rows);
  }
}

/** The node that a journal makes. */
export function replayed(...recovery: Parameters<typeof recovered>): NodeState {
  return recovered(...recovery).node;
}

/** That node, and what knows how it differs from its last checkpoint. */
export function recovered(
  items: Iterable<Recovered>,
  limits: NodeLimits = NODE_LIMITS,
  rows: StateRows = NO_ROWS,
): ReturnType<Replay['finish']> {
  let replay = new Replay(limits, 'auto', 0, rows);
  for (const item of items) {
    if (item.kind === 'begin') replay = new Replay(limits, 'auto', item.checkpoint, rows);
    else replay.add(item);
  }
  return replay.finish();
}

function bytesOf(item: Recovered): number {
  switch (item.kind) {
    case 'begin':
      return 0;
    case 'group':
      return item.group.bytes.length;
    case 'checkpoint':
      return item.head.refusals.length;
    case 'states':
      return item.keys.join('').length + item.bytes.length;
    case 'kept':
    case 'sessions':
      return item.bytes.length;
  }
}

export function show(reply: Reply): string {
  switch (reply.kind) {
    case 'value':
      return printValue(reply.types, reply.type, reply.value, reply.fieldOrder);
    case 'refused':
      return `${reply.problem.code}: ${reply.problem.message}`;
    case 'deployed':
      return reply.report.machines.map(({ name, result }) => `${name} ${result}`).join(', ');
    case 'removed':
      return 'removed';
  }
}

/** The first word of what a refusal shows. */
export function codeOf(shown: string): string {
  return shown.split(':')[0];
}

/** All that can be seen of a node, and all that it keeps: equal for nodes that are. */
export function snapshot(node: NodeState): unknown {
  const machines = [...node.machines.values()].map((machine) => ({
    number: machine.number,
    // What is found in memory comes first, and is not told.
    states: entriesOf(machine)
      .map(([key, state]) => [
        key,
        encodeState(machine.version.image, state),
        viewState(machine, key, 'text'),
      ])
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    initial: machine.instances.isKeyed && encodeState(machine.version.image, machine.instances.initial),
    known: machine.interfaces.known.map(({ fingerprint }) => fingerprint),
    kept: [...machine.kept.entries()],
    forgotten: [...machine.kept.forgotten()].sort((a, b) => (a.session < b.session ? -1 : 1)),
    served: Array.from(machine.interfaces.served(), ({ fingerprint, ways }) => ({
      fingerprint,
      ways: ways.map((way) => (way.kind === 'gone' ? 'gone' : [way.operation, way.chain.length])),
    })),
  }));
  const histories = [...node.histories].map(([name, history]) => [name, viewHistory(history)]);
  const { position, time, deployments } = node;
  return { position, time, deployments, views: viewMachines(node, '').json, machines, histories };
}

/** The stored instances of a machine. */
export function entriesOf({ instances }: Pick<Machine, 'instances'>): (readonly [InstanceKey, Value])[] {
  return [...instances.entries()].filter((entry) => entry !== null);
}

function encodeState(image: Image, state: Parameters<typeof encodeValue>[2]): string {
  return Buffer.from(encodeValue(image.unit.types, image.state, state)).toString('hex');
}

/** A node on which `Counter` runs and was incremented. */
export function running(times = 0): Core {
  const core = new Core();
  expect(core.deploy(bundleOf(counter()))).toBe('Counter deployed');
  for (let i = 0; i < times; i++) expect(core.call('Counter', 'Incr')).toBe('()');
  return core;
}

/** The fuel that each function of an upgrade is run with meanwhile. */
export function fuelGiven(work: () => unknown): number[] {
  const run = vi.spyOn(LoadedUnit.prototype, 'run');
  try {
    work();
    return run.mock.calls.map(([, , fuel]) => fuel);
  } finally {
    run.mockRestore();
  }
}
