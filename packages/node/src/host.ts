import type { JitMode } from '@smc/vm';
import type { Actions, CallEvent, DeployEvent, NodeEvent, Reply } from './event.ts';
import { baseRecords } from './journal/base.ts';
import { encodeEntry, JOURNAL_VERSION } from './journal/encoding.ts';
import { Replay } from './journal/replay.ts';
import type { NodeLimits } from './limits.ts';
import type { Clock, Journal } from './ports.ts';
import { Metrics } from './metrics.ts';
import { problem } from './problem.ts';
import type { NodeState } from './state.ts';
import { stamp, transition } from './transition.ts';
import { Deployment } from './upgrade/deployment.ts';

/** Events that are handled before their records are appended, all at once. */
const BATCH_EVENTS_MAX = 1_024;

/** Work after which a turn of the event loop ends: connections, signals and timers get theirs. */
const TURN_MILLIS = 10;

/**
 * Work for a deployment after which others get their turn; twice as much with each round, so that
 * inputs cannot for ever change more than is migrated between them.
 */
const SLICE_MILLIS = 5;

/** Milliseconds from some moment on; never goes back. It decides when things happen, never what. */
export type Stopwatch = () => number;

const systemStopwatch: Stopwatch = () => performance.now();

/** A call without what the host knows: when it came. */
export type CallRequest = Omit<CallEvent, 'kind' | 'time'>;

/** An event that waits, with what its reply goes to; or a look at the node, which changes nothing. */
type Item =
  | {
      readonly event: NodeEvent;
      readonly bytes: number;
      /** By the stopwatch: when it came. */
      readonly received: number;
      readonly settle: (reply: Reply) => void;
    }
  | { readonly look: (node: NodeState) => () => void; readonly abandon: (error: Error) => void };

/**
 * The loop that runs a node: it takes events in the order in which they came, has `transition`
 * handle them, appends their records, and sends their replies when these are durable.
 *
 * Invariants: the queue is bounded, in events and in bytes. A turn of the event loop ends with the
 * first event after `TURN_MILLIS` of work, so that nothing waits longer than for that and for one
 * event. A deployment that takes longer goes on in the turns that follow, beside what else comes.
 * A reply is never sent before the
 * record of its event, nor before any record that came before it. After an append that failed,
 * or an event that broke off half-way, nothing is handled any more: the log is the truth.
 */
export class Host {
  /** Fulfilled with the reason when the host gave up; pending for as long as all is well. */
  readonly failure: Promise<Error>;

  readonly metrics = new Metrics();
  readonly #node: NodeState;
  readonly #journal: Journal;
  readonly #clock: Clock;
  /** Takes what should never happen: defects of the node, that it goes on after. */
  readonly report: (error: unknown) => void;
  readonly #stopwatch: Stopwatch;
  #reportFailure: (error: Error) => void = () => {};
  /** What waits for its turn, and in front what was handled and is not durable yet. */
  #queue: Item[] = [];
  #queuedBytes = 0;
  #state: 'open' | 'stopping' | 'failed' = 'open';
  #running: Promise<void> | null = null;
  /** The deployment that is prepared, turn by turn. */
  #deployment: { readonly work: Deployment; readonly settle: (reply: Reply) => void } | null = null;
  /** Pending while the journal is folded. */
  #folding: Promise<void> | null = null;
  /** By the stopwatch: what has not begun by then is refused. */
  #deadline = Number.POSITIVE_INFINITY;

  private constructor(
    node: NodeState,
    journal: Journal,
    clock: Clock,
    report: (error: unknown) => void,
    stopwatch: Stopwatch,
  ) {
    this.#node = node;
    this.#journal = journal;
    this.#clock = clock;
    this.report = report;
    this.#stopwatch = stopwatch;
    this.failure = new Promise((resolve) => (this.#reportFailure = resolve));
  }

  /** Rebuilds the node from its journal. Throws a `JournalError` for one that is wrong. */
  static async open(
    journal: Journal,
    clock: Clock,
    limits: NodeLimits,
    report: (error: unknown) => void,
    jit: JitMode = 'auto',
    stopwatch: Stopwatch = systemStopwatch,
  ): Promise<Host> {
    const replay = new Replay(limits, jit);
    let records = 0;
    for await (const record of journal.read()) {
      replay.add(record);
      records++;
    }
    const node = replay.finish();
    if (records === 0) {
      await journal.append([encodeEntry({ kind: 'header', version: JOURNAL_VERSION }, node.blobs)]);
    }
    return new Host(node, journal, clock, report, stopwatch);
  }

  /** Whether requests are handled. */
  get ready(): boolean {
    return this.#state === 'open';
  }

  /** What waits for its turn, or to be durable. */
  get queueDepth(): number {
    return this.#queue.length;
  }

  /** Calls a machine. `settle` is called once, perhaps before this returns; it must not throw. */
  call(request: CallRequest, settle: (reply: Reply) => void): void {
    const event = stamp(this.#node, { kind: 'call', time: this.#clock.now(), ...request });
    this.#submit(event, bodyBytes(event), settle);
  }

  /** Deploys or upgrades what a bundle holds. */
  deploy(bundle: Uint8Array, mode: 'deploy' | 'upgrade', dryRun: boolean): Promise<Reply> {
    const event = { kind: 'deploy', time: this.#clock.now(), bundle, mode, dryRun } as const;
    return new Promise((resolve) => this.#submit(event, bundle.length, resolve));
  }

  remove(machine: string): Promise<Reply> {
    const event = { kind: 'remove', time: this.#clock.now(), machine } as const;
    return new Promise((resolve) => this.#submit(event, 0, resolve));
  }

  /** What a view sees of the node between two events, once all that it saw is durable. */
  look<T>(view: (node: NodeState) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'failed') return reject(new Error('the node gave up'));
      this.#enqueue({
        abandon: reject,
        look: (node) => {
          try {
            const seen = view(node);
            return () => resolve(seen);
          } catch (error) {
            return () => reject(error as Error);
          }
        },
      });
    });
  }

  /**
   * Refuses what comes from now on, and is fulfilled when all that came before is answered: that
   * which has not begun after `closeMillisMax` is refused too.
   */
  async stop(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'stopping';
      this.#deadline = this.#stopwatch() + this.#node.limits.closeMillisMax;
    }
    await this.#running;
    await this.#folding;
    await this.#journal.close();
  }

  #submit(event: NodeEvent, bytes: number, settle: (reply: Reply) => void): void {
    if (this.#state !== 'open') return settle(STOPPING);
    const { queuedEventsMax, queuedBytesMax } = this.#node.limits;
    if (this.#queue.length >= queuedEventsMax || this.#queuedBytes + bytes > queuedBytesMax) {
      return settle(OVERLOADED);
    }
    this.#queuedBytes += bytes;
    this.#enqueue({ event, bytes, settle, received: this.#stopwatch() });
  }

  #enqueue(item: Item): void {
    this.#queue.push(item);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 || this.#deployment !== null) {
      // Whatever else arrives in this turn of the event loop becomes part of the same batch.
      await nextTurn();
      try {
        if (this.#queue.length > 0) await this.#handleBatch();
        // After the replies, which do not wait for it.
        if (this.#deployment !== null) await this.#handleDeployment();
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#running = null;
  }

  async #handleBatch(): Promise<void> {
    const records: Uint8Array[] = [];
    const answers: (() => void)[] = [];
    const start = this.#stopwatch();
    for (const item of this.#queue) {
      answers.push(start < this.#deadline ? this.#handle(item, records) : () => this.#turnAway(item));
      if (answers.length === BATCH_EVENTS_MAX || this.#stopwatch() - start >= TURN_MILLIS) break;
    }
    await this.#append(records);
    const now = this.#stopwatch();
    for (const item of this.#queue.splice(0, answers.length)) {
      if (!('event' in item)) continue;
      this.#queuedBytes -= item.bytes;
      if (item.event.kind === 'call') this.metrics.inputs.observe((now - item.received) / 1000);
    }
    await this.#send(answers);
    if (this.#folding === null && this.#journal.foldableBytes > this.#node.limits.foldBytesMin) this.#fold();
  }

  /** Beside what else comes: the base is of this moment, whatever happens while it is written. */
  #fold(): void {
    const folded = async (): Promise<void> => {
      try {
        await this.#journal.fold(baseRecords(this.#node));
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
      this.#folding = null;
    };
    this.#folding = folded();
  }

  /** Gives what is to be done when all records so far are durable. */
  #handle(item: Item, records: Uint8Array[]): () => void {
    if ('look' in item) return item.look(this.#node);
    const { event, settle } = item;
    if (event.kind === 'deploy') return this.#deploy(event, settle, records);
    return this.#act(() => transition(this.#node, event), settle, records);
  }

  /** Begins a deployment; it may be over in this turn. */
  #deploy(event: DeployEvent, settle: (reply: Reply) => void, records: Uint8Array[]): () => void {
    if (this.#deployment !== null) return () => settle(BUSY);
    return this.#act(
      () => {
        const start = this.#stopwatch();
        const work = new Deployment(this.#node, event);
        if (work.work(this.#sliceEnds(work))) return this.#finish(work, start);
        this.#deployment = { work, settle };
        return null;
      },
      settle,
      records,
    );
  }

  /** A slice of the deployment that is prepared; its answer when that was the last. */
  async #handleDeployment(): Promise<void> {
    const records: Uint8Array[] = [];
    const answer = this.#continueDeployment(records, this.#stopwatch() < this.#deadline);
    if (answer === null) return;
    await this.#append(records);
    await this.#send([answer]);
  }

  async #append(records: readonly Uint8Array[]): Promise<void> {
    if (records.length === 0) return;
    const start = this.#stopwatch();
    const durable = this.#journal.append(records);
    if (durable !== undefined) await durable;
    this.metrics.commits.observe((this.#stopwatch() - start) / 1000);
  }

  /** Gives what is to be done when the deployment came to its end in this turn, and is durable. */
  #continueDeployment(records: Uint8Array[], isInTime: boolean): (() => void) | null {
    const deployment = this.#deployment;
    if (deployment === null) return null;
    const { work, settle } = deployment;
    if (!isInTime) {
      this.#deployment = null;
      work.abandon();
      return () => settle(STOPPING);
    }
    let isDone = false;
    const answer = this.#act(
      () => {
        isDone = true;
        const start = this.#stopwatch();
        if (work.work(this.#sliceEnds(work))) return this.#finish(work, start);
        isDone = false;
        return null;
      },
      settle,
      records,
    );
    if (!isDone) return null;
    this.#deployment = null;
    work.abandon();
    return answer;
  }

  /** The swap, in the turn that began at `start`, in which the rest was prepared: inputs wait for both. */
  #finish(work: Deployment, start: number): Actions {
    const actions = work.finish();
    this.metrics.deployed(actions, (this.#stopwatch() - start) / 1000);
    return actions;
  }

  /** Tells when a slice of a deployment that begins now has done enough. */
  #sliceEnds({ rounds }: Deployment): () => boolean {
    const start = this.#stopwatch();
    const millis = SLICE_MILLIS * 2 ** rounds;
    return () => this.#stopwatch() - start >= millis;
  }

  /** Writing a reply is work too. */
  async #send(answers: readonly (() => void)[]): Promise<void> {
    let start = this.#stopwatch();
    for (const answer of answers) {
      this.#answer(answer);
      if (this.#stopwatch() - start < TURN_MILLIS) continue;
      await nextTurn();
      start = this.#stopwatch();
    }
  }

  #turnAway(item: Item): void {
    if ('event' in item) item.settle(STOPPING);
    else item.abandon(new Error('the node is stopping'));
  }

  /** A reply that cannot be sent is the loss of one caller alone. */
  #answer(answer: () => void): void {
    try {
      answer();
    } catch (error) {
      this.report(error);
    }
  }

  /** Has something done to the node; null where the reply comes later. Gives what sends the reply. */
  #act(action: () => Actions | null, settle: (reply: Reply) => void, records: Uint8Array[]): () => void {
    const { position } = this.#node;
    try {
      const actions = action();
      if (actions === null) return () => {};
      if (actions.append !== null) records.push(actions.append);
      return () => settle(actions.reply);
    } catch (error) {
      // Before its position was taken an event has changed nothing: the node can go on without it.
      if (this.#node.position !== position) throw error;
      this.report(error);
      return () => settle(INTERNAL);
    }
  }

  #fail(error: Error): void {
    this.#state = 'failed';
    this.report(error);
    this.#reportFailure(error);
    const deployment = this.#deployment;
    this.#deployment = null;
    if (deployment !== null) this.#answer(() => deployment.settle(INTERNAL));
    for (const item of this.#queue.splice(0)) {
      if ('event' in item) this.#answer(() => item.settle(INTERNAL));
      else item.abandon(error);
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const refused = (code: 'overloaded' | 'stopping' | 'internal' | 'busy', message: string): Reply => ({
  kind: 'refused',
  problem: problem(code, message),
  version: null,
});
const OVERLOADED = refused('overloaded', 'too many requests wait for their turn; try again later');
const STOPPING = refused('stopping', 'the node is stopping');
const BUSY = refused('busy', 'another deployment is prepared; try again when it is done');
const INTERNAL = refused('internal', 'a defect of the node; its log says more');

function bodyBytes({ body }: CallEvent): number {
  return body.form === 'query' ? 2 * body.pairs.flat().join('').length : 2 * body.text.length;
}
