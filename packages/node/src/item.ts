import type { NodeEvent, Reply } from './event.ts';
import { Refused, type RefusedReply } from './refused.ts';
import type { NodeState } from './state.ts';
import { Caller } from './turns.ts';

/** What waits in a host: events and looks. */

/** A connection, or whoever else makes calls (`Host.caller`). */
export class NodeCaller extends Caller<Item> {
  #replies: Caller<Item> | null = null;

  /** The same, as one that waits for replies to be sent. */
  get replies(): Caller<Item> {
    return (this.#replies ??= new Caller(this.source));
  }
}

/** An event that waits, first for its turn and then for its reply to be sent. */
export interface EventItem {
  readonly event: NodeEvent;
  /** Null for the operator. */
  readonly caller: NodeCaller | null;
  readonly bytes: number;
  /** By the stopwatch: when it came. */
  readonly received: number;
  /** By the stopwatch: what has not begun by then is not begun any more. */
  readonly deadline: number;
  readonly settle: (reply: Reply) => void;
  /** Null until it was handled. */
  reply: Reply | null;
  /** Of the value in that (`sizeOf`). */
  replyBytes: number;
  /** Of a call: whether it became an input in the log. */
  isLogged: boolean;
}

/** A look at the node, which changes nothing, and gives what tells of it. */
interface LookItem {
  /** Null for the operator. */
  readonly caller: NodeCaller | null;
  readonly bytes: 0;
  readonly look: (node: NodeState) => () => void;
  readonly abandon: (error: Error) => void;
  tell: (() => void) | null;
}

export type Item = EventItem | LookItem;

/** Has it answered with a refusal, when its turn to be answered comes. */
export function refuse(item: Item, reply: RefusedReply): void {
  if ('look' in item) item.tell = () => item.abandon(new Refused(reply.problem));
  else item.reply = reply;
}

/** Inputs that the log has, by outcome. */
export interface InputCounts {
  readonly ok: number;
  readonly fault: number;
}

export const NO_INPUTS: InputCounts = { ok: 0, fault: 0 };

/** The inputs among items that were handled, by machine. */
export function countInputs(items: readonly Item[]): ReadonlyMap<string, InputCounts> {
  const counts = new Map<string, InputCounts>();
  for (const item of items) {
    if (!('event' in item) || item.event.kind !== 'call' || !item.isLogged) continue;
    const { machine } = item.event;
    const outcome = item.reply?.kind === 'refused' ? 'fault' : 'ok';
    const before = counts.get(machine) ?? NO_INPUTS;
    counts.set(machine, { ...before, [outcome]: before[outcome] + 1 });
  }
  return counts;
}
