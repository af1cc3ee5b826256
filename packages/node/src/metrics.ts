import { sizeWithin } from '@smc/protocol';
import { collectDefaultMetrics, type Gauge, Registry } from 'prom-client';
import type { Actions } from './event.ts';
import type { Host } from './host.ts';
import type { Machine, NodeState } from './state.ts';

/** What is counted while a node runs. What its state tells by itself is read when it is asked for. */
export class Metrics {
  /** From when an input was received until its reply could be sent: queue, step and commit. */
  readonly inputs = new Durations();
  /** Of the journal, for all that it makes durable at once. */
  readonly commits = new Durations();
  /** Of deployments that changed something: how long nothing else was handled. */
  readonly pauses = new Durations();
  /** Deployments by what became of them: `deployed`, `upgraded`, `unchanged`, or the code of the refusal. */
  readonly deployments = new Map<string, number>();

  /** Counts a deployment by what became of it; a dry run that is not refused is none. */
  deployed({ append, reply }: Actions, seconds: number): void {
    if (reply.kind === 'refused') return this.#count(reply.problem.code);
    if (reply.kind !== 'deployed' || reply.report.dryRun) return;
    for (const { result } of reply.report.machines) this.#count(result);
    if (append !== null) this.pauses.observe(seconds);
  }

  #count(result: string): void {
    this.deployments.set(result, (this.deployments.get(result) ?? 0) + 1);
  }
}

/** Upper bounds in seconds, three to a decade. */
const BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** A histogram that takes some nanoseconds for each input; the library's takes longer than a step. */
export class Durations {
  /** By the first bound that is not below; the last is of those beyond all. */
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  #sum = 0;

  observe(seconds: number): void {
    let at = 0;
    while (at < BOUNDS.length && seconds > BOUNDS[at]) at++;
    this.#counts[at]++;
    this.#sum += seconds;
  }

  /** As Prometheus has it: each bucket counts all that is not above its bound. */
  samples(name: string): Sample[] {
    let count = 0;
    const buckets: Sample[] = Array.from(this.#counts, (own, at) => {
      count += own;
      return { metricName: `${name}_bucket`, labels: { le: BOUNDS[at] ?? '+Inf' }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: this.#sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
  }
}

/** Machines of which each gets figures of its own, by name; a scrape is bounded. */
const MACHINES_MAX = 1_000;

/** Bytes of a state up to which a tree of records is measured; lists, maps and sets know their size. */
const SIZE_MAX = 8 * 1024 * 1024;

/** A line of what is answered. */
interface Sample {
  /** Where it is not that of the metric. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A metric of our own: what it is, and its values when they are asked for. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: (node: NodeState) => Sample[];
}

/** What `/_smc/metrics` answers, with the figures of the process that the library collects. */
export function metricsRegistry(host: Host): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name, help, type, values } of metricsOf(host)) {
    const get = (): Promise<unknown> => host.look((node) => ({ name, help, type, values: values(node) }));
    // All that a registry asks of a metric; the classes of the library keep values of their own.
    registry.registerMetric({ name, get } as unknown as Gauge);
  }
  return registry;
}

function metricsOf(host: Host): readonly Metric[] {
  const { inputs, commits, pauses, deployments } = host.metrics;
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
      values: (node) =>
        machinesOf(node).flatMap(({ name, inputs: all, faults }) => [
          { labels: { machine: name, outcome: 'ok' }, value: all - faults },
          { labels: { machine: name, outcome: 'fault' }, value: faults },
        ]),
    },
    durations('smc_input_duration_seconds', 'From an input that came to its durable reply', inputs),
    durations('smc_journal_commit_seconds', 'Of a commit of the journal', commits),
    gauge('smc_queue_depth', 'Requests that wait for their turn, or to be durable', () => host.queueDepth),
    perMachine('smc_state_size_bytes', 'Memory of the states, about', stateSize),
    perMachine('smc_instances', 'Instances that are stored', ({ instances }) => instances.count),
    {
      name: 'smc_upgrades_total',
      help: 'Machines that were sent, by what became of them; the code where they were refused',
      type: 'counter',
      values: () => Array.from(deployments, ([result, value]) => ({ labels: { result }, value })),
    },
    durations('smc_upgrade_pause_seconds', 'Of a swap: how long no input was handled', pauses),
    gauge('smc_machines', 'Machines that run', ({ machines }) => machines.size),
    gauge('smc_log_position', 'Of the last entry of the log', ({ position }) => position),
    gauge('smc_log_blob_bytes', 'Of all images and upgrades that there were', ({ blobs }) => blobs.bytes),
  ];
}

function machinesOf({ machines }: NodeState): Machine[] {
  return [...machines.values()].slice(0, MACHINES_MAX);
}

function stateSize({ instances }: Machine): number {
  return instances.isKeyed ? instances.bytes : sizeWithin(instances.get(null), SIZE_MAX);
}
