import type { Reply } from './event.ts';

/** What is counted while a node runs. What its state tells by itself is read when it is asked for. */
export class Metrics {
  /** From when an input was received until its reply could be sent: queue, step and commit. Of those that ran. */
  readonly inputs = new Durations();
  /** Of the journal, for all that it makes durable at once. */
  readonly commits = new Durations();
  /** Of upgrades: how long nothing else was handled. */
  readonly pauses = new Durations();
  /** Of checkpoints, from their moment until they count; inputs are handled meanwhile. */
  readonly checkpoints = new Durations();
  /** Deployments by what became of them: `deployed`, `upgraded`, `unchanged`, or the code of the refusal. */
  readonly deployments = new Map<string, number>();
  /** Calls that no machine has seen, and connections that were refused as such, by code. */
  readonly refusals = new Map<string, number>();

  /** Counts a deployment, which is no dry run, by its answer. */
  deployed(reply: Reply): void {
    if (reply.kind === 'refused') return count(this.deployments, reply.problem.code);
    if (reply.kind !== 'deployed') return;
    for (const { result } of reply.report.machines) count(this.deployments, result);
  }

  /** Counts a swap that took so many seconds, where it was of an upgrade. */
  swapped(reply: Reply, seconds: number): void {
    if (reply.kind !== 'deployed') return;
    if (reply.report.machines.some(({ result }) => result === 'upgraded')) this.pauses.observe(seconds);
  }

  /** Counts a call by its reply, after so many seconds. */
  answered(reply: Reply, seconds: number): void {
    if (reply.kind !== 'refused' || reply.problem.code === 'fault') this.inputs.observe(seconds);
    else this.refuse(reply.problem.code);
  }

  /** Counts a call that was refused. */
  refuse(code: string): void {
    count(this.refusals, code);
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
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

/** A line of what is answered. */
export interface Sample {
  /** Where it is not that of the metric. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}
