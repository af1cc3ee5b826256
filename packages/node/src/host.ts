import { sizeOf } from '@smc/protocol';
import type { JitMode } from '@smc/vm';
import type { DeployEvent, NodeEvent, RemoveEvent, Reply } from './event.ts';
import { EventLoop } from './event-loop.ts';
import { bodyBytes } from './body.ts';
import { Checkpoints } from './checkpoints.ts';
import { countInputs, type EventItem, type InputCounts, type Item, NodeCaller, refuse } from './item.ts';
import type { HeaderRequestKey } from './journal/entry.ts';
import { LogWriter } from './journal/writer.ts';
import { recover, type Recovery, type RecoveryProgress } from './journal/recover.ts';
import type { NodeLimits } from './limits.ts';
import type { Clock, Journal } from './ports.ts';
import { JournalError } from './journal/error.ts';
import { mismatch } from './kept-changes.ts';
import { Metrics } from './metrics.ts';
import type { Problem } from './problem.ts';
import { Outbox } from './outbox.ts';
import { oncePerTurn, Pace, type Stopwatch, systemStopwatch } from './pace.ts';
import { BUSY, EXPIRED, GAVE_UP, GONE, INTERNAL, OVERLOADED, Refused, STALLED, STOPPING } from './refused.ts';
import type { NodeState } from './state.ts';
import { type CallRequest, stamp, transition } from './transition.ts';
import { Turns } from './turns.ts';
import { Deployment } from './upgrade/deployment.ts';

/** Work after which a turn of the event loop ends: connections, signals and timers get theirs. */
const TURN_MILLIS = 10;

/**
 * Work for a deployment after which others get their turn; twice as much with each round, so that
 * inputs cannot for ever change more than is migrated between them.
 */
const SLICE_MILLIS = 5;

/** So many requests make room for one at the most: of small ones, a large one could have tens of thousands moved for nothing. */
const DISPLACED_MAX = 1_024;

/** What a group takes in a journal beside the bytes of its entries, about. */
const GROUP_OVERHEAD_BYTES = 256;

/** What a host is opened with beside its journal; what is not given is as in a node that serves. */
export interface HostOptions {
  readonly clock: Clock;
  readonly limits: NodeLimits;
  /** Takes what should never happen: defects of the node, that it goes on after. */
  readonly report: (error: unknown) => void;
  readonly jit?: JitMode;
  readonly stopwatch?: Stopwatch;
  /** Told from time to time how far a recovery is. */
  readonly progress?: (progress: RecoveryProgress) => void;
}

/** Of a call, beside what it asks for. */
export interface CallOptions {
  /** Whose it is: it waits behind that one's others. */
  readonly caller: NodeCaller;
  /** What waits for its turn for longer is refused; `waitMillisMax` of the limits at the most. */
  readonly deadlineMillis?: number;
}

/** A deployment on its way, for the first of these; the others are the same request, sent again. */
interface Prepared {
  readonly work: Deployment;
  readonly request: HeaderRequestKey | null;
  readonly items: EventItem[];
}

/**
 * The loop that runs a node: it takes events, of each caller in the order in which they came and of callers in turns
 * (`Turns`), has `transition` handle them in memory, and gathers their entries while those of others are on their way to the journal: as soon as that is
 * done, all that was gathered is appended at once. Replies are sent when all entries that came before them are durable,
 * to each caller in order.
 *
 * Invariants: what waits is bounded, in events and in bytes, from when it comes until its reply is sent; so are
 * the entries that are gathered, and the values of replies. At most half of what may wait has begun: there is always something that can make room for whoever
 * has less waiting. A turn of the event loop ends after `TURN_MILLIS` of work, as `Pace` tells: so
 * nothing waits longer than for that and for some events. A deployment that takes longer goes on in the turns that follow, beside what else comes.
 * A reply is never sent before the
 * entry of its event is durable, nor before any entry that came before it. After an append that failed,
 * or an event that broke off half-way, nothing is handled or answered any more: the log is the truth.
 */
export class Host {
  /** Fulfilled with the reason when the host gave up; pending for as long as all is well. */
  readonly failure: Promise<Error>;

  readonly metrics = new Metrics();
  readonly eventLoop = new EventLoop();
  readonly #node: NodeState;
  readonly #journal: Journal;
  readonly #checkpoints: Checkpoints;
  /** When what comes in this turn of the event loop came, by the clock and by the stopwatch. */
  readonly #now: () => number;
  readonly #received: Stopwatch;
  readonly report: (error: unknown) => void;
  readonly #stopwatch: Stopwatch;
  readonly #handling: Pace;
  #reportFailure: (error: Error) => void = () => {};
  /** What waits for its turn. */
  readonly #queue = new Turns<Item>();
  /** What was handled since the last append, and what waits for that one. */
  #gathered: Item[] = [];
  #appended: Item[] | null = null;
  /** By the stopwatch: when that was handed to the journal. */
  #appendedAt = 0;
  readonly #outbox: Outbox;
  /** Entries since the last append. */
  readonly #log = new LogWriter();
  /** What had its turn and was not answered; and of what callers asked for the bytes. */
  #begun = 0;
  #begunBytes = 0;
  /** Of the replies that were made and not sent. */
  #replyBytes = 0;
  #state: 'open' | 'stopping' | 'failed' = 'open';
  #running: Promise<void> | null = null;
  /** Has the loop go on that waits for an append. */
  #wake: () => void = () => {};
  /** The one that is prepared, turn by turn. */
  #deployment: Prepared | null = null;
  /** By the stopwatch: what has not begun by then is refused. */
  #deadline = Number.POSITIVE_INFINITY;

  private constructor(
    journal: Journal,
    { node, tracker, bytes }: Recovery,
    { clock, report, stopwatch = systemStopwatch }: HostOptions,
  ) {
    this.#node = node;
    this.#journal = journal;
    this.#now = oncePerTurn(() => clock.now());
    this.#received = oncePerTurn(stopwatch);
    this.report = report;
    this.#stopwatch = stopwatch;
    this.#handling = new Pace(stopwatch, TURN_MILLIS);
    this.#outbox = new Outbox({
      pace: new Pace(stopwatch, TURN_MILLIS),
      metrics: this.metrics,
      answer: (item) => this.#answer(item),
      paused: () => this.#wake(),
    });
    this.failure = new Promise((resolve) => (this.#reportFailure = resolve));
    this.#checkpoints = new Checkpoints({
      node,
      journal,
      tracker,
      stopwatch,
      bytes,
      isHandedOver: () => this.#log.isEmpty && this.#state === 'open',
      took: (seconds) => this.metrics.checkpoints.observe(seconds),
      fail: (error) => this.#fail(error),
    });
  }

  /** Rebuilds the node from its journal. Throws a `JournalError` for one that is wrong. */
  static async open(journal: Journal, options: HostOptions): Promise<Host> {
    const host = new Host(journal, await recover(journal, options), options);
    journal.check().catch((error: unknown) => host.#fail(error));
    // What was replayed may fill the memory, and nothing that is refused for that is handed over.
    host.#checkpoints.beginIfDue();
    return host;
  }

  /** Bytes that the journal has yet to bring into their place; 0 where there is nothing of the kind. */
  get journalLogBytes(): number {
    return this.#journal.logBytes?.() ?? 0;
  }

  /** How long the journal has had what it was to append and has not done; 0 where there is nothing of the kind. */
  get commitAgeMillis(): number {
    return this.#appended === null ? 0 : this.#stopwatch() - this.#appendedAt;
  }

  /** Why requests are better sent elsewhere: none is handled, or none answered; null where all is well. */
  get unready(): Problem | null {
    if (this.#state !== 'open') return STOPPING.problem;
    return this.commitAgeMillis > this.#node.limits.commitMillisMax ? STALLED.problem : null;
  }

  /** Requests that wait for their turn, or to be durable. */
  get queueDepth(): number {
    return this.#queue.length + this.#queue.operatorLength + this.#begun;
  }

  /** Somebody new who makes calls; all of one source have one share of the turns together. */
  caller(source = ''): NodeCaller {
    return new NodeCaller(source);
  }

  /**
   * Calls a machine. `settle` is called once, perhaps before this returns; it must not throw.
   */
  call(
    request: CallRequest,
    settle: (reply: Reply) => void,
    { caller, deadlineMillis = Number.POSITIVE_INFINITY }: CallOptions,
  ): void {
    const event = stamp(this.#node, request, this.#now());
    const millis = Math.min(deadlineMillis, this.#node.limits.waitMillisMax);
    this.#submit(event, bodyBytes(request.body), settle, caller, millis);
  }

  /** Deploys or upgrades what a bundle holds; with a key once, however often it is sent. */
  deploy(
    bundle: Uint8Array,
    mode: 'deploy' | 'upgrade',
    dryRun: boolean,
    request: HeaderRequestKey | null = null,
  ): Promise<Reply> {
    const event = { kind: 'deploy', time: this.#now(), bundle, mode, dryRun, request } as const;
    return new Promise((resolve) => this.#submit(event, bundle.length, resolve));
  }

  remove(machine: string, request: HeaderRequestKey | null = null): Promise<Reply> {
    const event = { kind: 'remove', time: this.#now(), machine, request } as const;
    return new Promise((resolve) => this.#submit(event, 0, resolve));
  }

  /**
   * What a view sees of the node between two events, once all that it saw is durable; for a caller it waits behind
   * that one's calls. Rejects with `Refused` where it is not looked at.
   */
  look<T>(view: (node: NodeState) => T, caller: NodeCaller | null = null): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'failed') return reject(new Refused(STOPPING.problem));
      if (!this.#makeRoom(caller, 0)) return reject(new Refused(OVERLOADED.problem));
      this.#enqueue({
        caller,
        bytes: 0,
        tell: null,
        abandon: reject,
        look: (node) => {
          try {
            const seen = view(node);
            return () => resolve(seen);
          } catch (error) {
            if (error instanceof JournalError) throw error;
            return () => reject(error as Error);
          }
        },
      });
    });
  }

  /**
   * What a view sees of the node as it is, durable or not: for figures, which acknowledge nothing. Throws `Refused`
   * where the host gave up.
   */
  peek<T>(view: (node: NodeState) => T): T {
    if (this.#state === 'failed') throw new Refused(STOPPING.problem);
    return view(this.#node);
  }

  /** By machine, inputs that are not durable yet: a crash may take them back. */
  uncommitted(): ReadonlyMap<string, InputCounts> {
    return countInputs([...(this.#appended ?? []), ...this.#gathered]);
  }

  /**
   * Refuses what comes from now on, and is fulfilled when all that came before is answered: that
   * which has not begun after `closeMillisMax` is refused too, and a last checkpoint that is not done by then does not
   * count.
   */
  async stop(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'stopping';
      this.#deadline = this.#stopwatch() + this.#node.limits.closeMillisMax;
    }
    while (this.#running !== null) await this.#running;
    if (this.#state === 'stopping') await this.#checkpoints.finish(this.#deadline - this.#stopwatch());
    await this.#journal.close();
  }

  #submit(
    event: NodeEvent,
    bytes: number,
    settle: (reply: Reply) => void,
    caller: NodeCaller | null = null,
    millis = Number.POSITIVE_INFINITY,
  ): void {
    const refused = this.#state !== 'open' ? STOPPING : this.#makeRoom(caller, bytes) ? null : OVERLOADED;
    if (refused !== null) {
      if (event.kind === 'call') this.metrics.refuse(refused.problem.code);
      return settle(refused);
    }
    const received = this.#received();
    const deadline = received + millis;
    this.#enqueue({
      event,
      caller,
      bytes,
      settle,
      received,
      deadline,
      reply: null,
      replyBytes: 0,
      isLogged: false,
    });
  }

  /**
   * Whether there is room for what somebody wants to have waiting. Where there is none whoever has the most waiting makes it,
   * unless that is who asks. What the operator asks for has room of its own.
   */
  #makeRoom(caller: NodeCaller | null, bytes: number): boolean {
    const { queuedEventsMax, queuedBytesMax, operatorEventsMax, operatorBytesMax } = this.#node.limits;
    const queue = this.#queue;
    if (caller === null) {
      return queue.operatorLength < operatorEventsMax && queue.operatorBytes + bytes <= operatorBytesMax;
    }
    const displaced: Item[] = [];
    while (
      queue.length + this.#begun >= queuedEventsMax ||
      queue.bytes + this.#begunBytes + bytes > queuedBytesMax
    ) {
      const item = displaced.length < DISPLACED_MAX ? queue.displace(caller, bytes) : null;
      if (item === null) {
        // Not for nothing: each has its place again.
        for (const each of displaced.toReversed()) queue.push(each.caller, each);
        return false;
      }
      displaced.push(item);
    }
    for (const item of displaced) {
      if ('event' in item) this.metrics.refuse('overloaded');
      refuse(item, OVERLOADED);
      this.#tell(item);
    }
    return true;
  }

  #enqueue(item: Item): void {
    this.#queue.push(item.caller, item);
    this.#wake();
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#hasWork || this.#appended !== null) {
      // Whatever else arrives in this turn of the event loop becomes part of the same group.
      await (this.#hasWork && !this.#isFull ? this.eventLoop.nextTurn() : this.#nextAppend());
      try {
        this.#handleBatch();
        // After the others, which do not wait for it.
        if (this.#deployment !== null) this.#continueDeployment(this.#deployment);
        if (this.#appended === null) this.#append();
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#running = null;
  }

  get #hasWork(): boolean {
    return !this.#queue.isEmpty || this.#deployment !== null;
  }

  /** Too much waits for the journal, or to be sent: nothing is handled until that has caught up. */
  get #isFull(): boolean {
    const { queuedEventsMax, queuedBytesMax, gatheredBytesMax, replyBytesMax } = this.#node.limits;
    if (this.#replyBytes > replyBytesMax) return true;
    const isGathered = this.#appended !== null && this.#log.bytes >= gatheredBytesMax;
    // Those wait for nothing but the turns of a deployment.
    const begun = this.#begun - (this.#deployment?.items.length ?? 0);
    return isGathered || 2 * begun > queuedEventsMax || 2 * this.#begunBytes > queuedBytesMax;
  }

  /** Fulfilled when an append ends, when replies were sent, or when something comes. */
  #nextAppend(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {};
        resolve();
      };
    });
  }

  /** Handles what waits, for as long as a turn lasts. */
  #handleBatch(): void {
    if (this.#isFull) return;
    const start = this.#handling.begin();
    const isInTime = start < this.#deadline;
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      if (isInTime) this.#handle(item, start);
      else this.#turnAway(item);
      if (this.#handling.isOver() || this.#isFull) return;
    }
  }

  /** Whatever has its turn now. */
  #next(): Item | undefined {
    const item = this.#queue.shift();
    if (item === undefined) return undefined;
    this.#begun++;
    if (item.caller !== null) this.#begunBytes += item.bytes;
    return item;
  }

  #handle(item: Item, now: number): void {
    try {
      if (item.caller?.isGone === true) refuse(item, GONE);
      else if ('look' in item) item.tell = item.look(this.#node);
      else if (now > item.deadline) item.reply = EXPIRED;
      else if (item.event.kind !== 'call') return this.#change(item, item.event);
      else {
        const { position } = this.#node;
        item.reply = this.#transition(item.event);
        item.isLogged = this.#node.position !== position;
      }
      this.#settle(item);
    } catch (error) {
      // What broke off is answered as all else that is left.
      this.#gathered.push(item);
      throw error;
    }
  }

  /** Has it answered when all that was written so far is durable. */
  #settle(item: Item): void {
    if ('event' in item && item.reply?.kind === 'value') {
      item.replyBytes = sizeOf(item.reply.value);
      this.#replyBytes += item.replyBytes;
    }
    if (!this.#log.isEmpty) this.#gathered.push(item);
    else if (this.#appended !== null) this.#appended.push(item);
    else this.#outbox.send([item]);
  }

  /** A deployment or a removal. What has the key of the deployment that is prepared is that one, sent again, or refused. */
  #change(item: EventItem, event: DeployEvent | RemoveEvent): void {
    const prepared = this.#deployment;
    if (event.request !== null && event.request.key === prepared?.request?.key) {
      if (event.request.digest !== prepared.request.digest) item.reply = mismatch(event.request.key);
      else if (prepared.items.length >= this.#node.limits.operatorEventsMax) item.reply = OVERLOADED;
      else return void prepared.items.push(item);
    } else if (event.kind === 'deploy') return this.#deploy(item, event);
    else item.reply = this.#transition(event);
    this.#settle(item);
  }

  /** Begins a deployment; it may be over in this turn. What was carried out is not begun again, and waits for no other. */
  #deploy(item: EventItem, event: DeployEvent): void {
    const { request } = event;
    const answered = this.#node.keptChanges.replyTo(request) ?? (this.#deployment === null ? null : BUSY);
    if (answered !== null) {
      item.reply = answered;
      return this.#settle(item);
    }
    let work: Deployment | null = null;
    item.reply = this.#act(() => {
      const start = this.#stopwatch();
      work = new Deployment(this.#node, event);
      return this.#work(work, start);
    });
    if (item.reply !== null || work === null) this.#settle(item);
    else this.#deployment = { work, request, items: [item] };
  }

  /** A slice of the deployment that is prepared; it is answered when that was the last. */
  #continueDeployment({ work, items }: Prepared): void {
    const reply =
      this.#stopwatch() < this.#deadline ? this.#act(() => this.#work(work, this.#stopwatch())) : STOPPING;
    if (reply === null) return;
    this.#deployment = null;
    work.abandon();
    for (const item of items) {
      item.reply = item === items[0] ? reply : { ...reply, isRepeated: true };
      this.#settle(item);
    }
  }

  /** A slice of a deployment; in the last one it is swapped in, and inputs wait for all of that slice. */
  #work(work: Deployment, start: number): Reply | null {
    if (!work.work(this.#sliceEnds(work, start))) return null;
    const { position } = this.#node;
    const reply = work.finish(this.#log);
    const changed = this.#node.position !== position;
    if (changed) this.metrics.swapped(reply, (this.#stopwatch() - start) / 1000);
    return reply;
  }

  /** Tells when a slice of a deployment that began then has done enough. */
  #sliceEnds({ rounds }: Deployment, start: number): () => boolean {
    const millis = SLICE_MILLIS * 2 ** rounds;
    return () => this.#stopwatch() - start >= millis;
  }

  #transition(event: NodeEvent): Reply {
    const { position } = this.#node;
    try {
      return transition(this.#node, event, this.#log);
    } catch (error) {
      return this.#survive(error, position);
    }
  }

  /** Has something else done to the node, and gives the reply; null where that comes later. */
  #act(action: () => Reply | null): Reply | null {
    const { position } = this.#node;
    try {
      return action();
    } catch (error) {
      return this.#survive(error, position);
    }
  }

  /** Before its position was taken an event has changed nothing: the node can go on without it. */
  #survive(error: unknown, position: number): Reply {
    if (this.#node.position !== position || error instanceof JournalError) throw error;
    this.report(error);
    return INTERNAL;
  }

  /** Hands all that was gathered to the journal; what waits for it is sent when that is done. */
  #append(): void {
    // What was handled before a failure is in the memory of a node that is no more.
    if (this.#state === 'failed') return;
    const items = this.#gathered;
    this.#gathered = [];
    const groups = this.#log.take();
    if (groups.length === 0) {
      // What was refused for want of memory may wait for one.
      this.#checkpoints.beginIfDue();
      return this.#outbox.send(items);
    }
    for (const { bytes } of groups) this.#checkpoints.add(bytes.length + GROUP_OVERHEAD_BYTES);
    this.#appended = items;
    this.#appendedAt = this.#stopwatch();
    const durable = this.#journal.append(groups);
    this.#checkpoints.beginIfDue();
    if (durable === undefined) return this.#appendEnds();
    durable.then(
      () => this.#appendEnds(),
      (error: unknown) => this.#fail(error),
    );
  }

  #appendEnds(): void {
    const items = this.#appended;
    if (items === null || this.#state === 'failed') return;
    this.metrics.commits.observe(this.commitAgeMillis / 1000);
    this.#appended = null;
    this.#outbox.push(items);
    try {
      // Before anything is sent, so that the journal has something to do meanwhile.
      this.#append();
    } catch (error) {
      this.#fail(error);
    }
    this.#outbox.send();
    this.#wake();
  }

  #turnAway(item: Item): void {
    refuse(item, STOPPING);
    this.#settle(item);
  }

  #answer(item: Item): void {
    this.#begun--;
    if (item.caller !== null) this.#begunBytes -= item.bytes;
    if ('event' in item) this.#replyBytes -= item.replyBytes;
    this.#tell(item);
  }

  /** A reply that cannot be sent is the loss of one caller alone. */
  #tell(item: Item): void {
    try {
      if ('look' in item) item.tell?.();
      else item.settle(item.reply ?? GAVE_UP);
    } catch (error) {
      this.report(error);
    }
  }

  /** Nothing that is not durable is acknowledged: not what was handled, and not what waits. */
  #fail(cause: unknown): void {
    if (this.#state === 'failed') return;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#state = 'failed';
    this.#checkpoints.end();
    // What the disk does is no defect; who started the node is told why it gave up.
    if (!(error instanceof JournalError)) this.report(error);
    this.#reportFailure(error);
    const left = [...(this.#appended ?? []), ...this.#gathered];
    if (this.#deployment !== null) left.push(...this.#deployment.items);
    this.#appended = null;
    this.#gathered = [];
    this.#deployment = null;
    for (const item of left) refuse(item, 'look' in item ? STOPPING : GAVE_UP);
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      refuse(item, STOPPING);
      left.push(item);
    }
    this.#outbox.send(left);
    this.#wake();
  }
}
