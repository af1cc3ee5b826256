import { sizeWithin } from '@smc/protocol';
import { collectDefaultMetrics, type Gauge, Registry } from 'prom-client';
import { PROTOCOLS, type Refusals } from '../access/refusals.ts';
import type { Host } from '../host.ts';
import { NO_INPUTS } from '../item.ts';
import type { Durations, Sample } from '../metrics.ts';
import type { Machine, NodeState } from '../state.ts';

/** Machines of which each gets figures of its own, by name; a scrape is bounded. */
const MACHINES_MAX = 1_000;

/** Bytes of a state up to which a tree of records is measured; lists, maps and sets know their size. */
const SIZE_MAX = 8 * 1024 * 1024;

/** A metric of our own: what it is, and its values when they are asked for. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: (node: NodeState) => Sample[];
}

/** What `/_smc/metrics` answers, in the text form of Prometheus: all as of one moment, and the figures of the process. */
export class Exposition {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #host: Host;
  readonly #metrics: readonly Metric[];
  readonly #process = new Registry();

  constructor(host: Host, refusals: Refusals) {
    this.#host = host;
    this.#metrics = metricsOf(host, refusals);
    collectDefaultMetrics({ register: this.#process });
  }

  async text(): Promise<string> {
    const own = new Registry();
    // At once, also where the disk stands still: figures acknowledge nothing, and then they are wanted most.
    const seen = this.#host.peek((node) =>
      this.#metrics.map(({ values, ...metric }) => ({ ...metric, values: values(node) })),
    );
    for (const metric of seen) {
      // All that a registry asks of a metric; the classes of the library keep values of their own.
      own.registerMetric({ name: metric.name, get: () => metric } as unknown as Gauge);
    }
    return `${await own.metrics()}\n${await this.#process.metrics()}`;
  }
}

function metricsOf(host: Host, refusals: Refusals): readonly Metric[] {
  const { inputs, commits, pauses, checkpoints, deployments, refusals: refused } = host.metrics;
  const durations = (name: string, help: string, own: Durations): Metric => ({
    name,
    help,
    type: 'histogram',
    values: () => own.samples(name),
  });
  const gauge = (name: string, help: string, value: (node: NodeState) => number): Metric => ({
    name,
    help,
    type: 'gauge',
    values: (node) => [{ labels: {}, value: value(node) }],
  });
  const perMachine = (name: string, help: string, value: (machine: Machine) => number): Metric => ({
    name,
    help,
    type: 'gauge',
    values: (node) =>
      machinesOf(node).map((machine) => ({ labels: { machine: machine.name }, value: value(machine) })),
  });
  return [
    {
      name: 'smc_inputs_total',
      help: 'Inputs in the log, by machine and outcome',
      type: 'counter',
      values: (node) => {
        // Of what is durable: this counter is kept over restarts, and one that goes back after a crash passes for one that
        // began anew. (A machine that was removed and deployed meanwhile did begin anew.)
        const uncommitted = host.uncommitted();
        return machinesOf(node).flatMap(({ name, inputs, faults }) => {
          const { ok, fault } = uncommitted.get(name) ?? NO_INPUTS;
          return [
            { labels: { machine: name, outcome: 'ok' }, value: Math.max(0, inputs - faults - ok) },
            { labels: { machine: name, outcome: 'fault' }, value: Math.max(0, faults - fault) },
          ];
        });
      },
    },
    durations('smc_input_duration_seconds', 'From an input that came to its durable reply', inputs),
    {
      name: 'smc_refused_total',
      help: 'Calls that no machine has seen, by the code of the refusal',
      type: 'counter',
      values: () => Array.from(refused, ([code, value]) => ({ labels: { code }, value })),
    },
    durations('smc_journal_commit_seconds', 'Of a commit of the journal', commits),
    gauge(
      'smc_journal_commit_age_seconds',
      'Of a commit that the journal was handed and has not done; 0 where there is none',
      () => host.commitAgeMillis / 1000,
    ),
    gauge(
      'smc_journal_wal_bytes',
      'Of the write-ahead log of SQLite, which grows while somebody reads the journal for long',
      () => host.journalLogBytes,
    ),
    durations('smc_checkpoint_seconds', 'Of a checkpoint, beside the inputs', checkpoints),
    gauge('smc_queue_depth', 'Requests that wait for their turn, or to be durable', () => host.queueDepth),
    perMachine('smc_state_size_bytes', 'Memory of the states, about', stateSize),
    perMachine(
      'smc_kept_requests',
      'Requests with an id that are known when they come again',
      ({ kept }) => kept.end - kept.first,
    ),
    perMachine(
      'smc_kept_replies',
      'Of these those of which the reply is kept',
      ({ kept }) => kept.end - kept.firstReplied,
    ),
    perMachine('smc_instances', 'Instances that are stored', ({ instances }) => instances.count),
    gauge(
      'smc_keyed_states_bytes',
      'Memory of the states of keyed machines, about',
      ({ memory }) => memory.bytes,
    ),
    gauge(
      'smc_keyed_states_dirty_bytes',
      'Of these what is in no checkpoint yet',
      ({ memory }) => memory.dirtyBytes,
    ),
    gauge(
      'smc_keyed_states_limit_bytes',
      'What they may take (--memory-limit)',
      ({ memory }) => memory.bytesMax,
    ),
    {
      name: 'smc_upgrades_total',
      help: 'Machines that were sent, by what became of them; the code where they were refused',
      type: 'counter',
      values: () => Array.from(deployments, ([result, value]) => ({ labels: { result }, value })),
    },
    {
      name: 'smc_unauthorized_total',
      help: 'Requests and connections that were turned away for want of a token, by protocol',
      type: 'counter',
      values: () => PROTOCOLS.map((protocol) => ({ labels: { protocol }, value: refusals.counts[protocol] })),
    },
    durations('smc_upgrade_pause_seconds', 'Of a swap: how long no input was handled', pauses),
    gauge('smc_machines', 'Machines that run', ({ machines }) => machines.size),
    gauge('smc_log_position', 'Of the last entry of the log', ({ position }) => position),
    gauge(
      'smc_log_blob_bytes',
      'Of all images and upgrades of the machines that run',
      ({ blobs }) => blobs.bytes,
    ),
  ];
}

function machinesOf({ machines }: NodeState): Machine[] {
  return [...machines.values()].slice(0, MACHINES_MAX);
}

function stateSize({ instances }: Machine): number {
  return instances.keyed !== null ? instances.keyed.bytes : sizeWithin(instances.get(null), SIZE_MAX);
}
