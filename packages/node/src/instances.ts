import {
  encodeUtf8,
  equal,
  type Image,
  INT,
  keyOrder,
  STRING,
  sizeOf,
  TypeTable,
  type Value,
} from '@smc/protocol';
import { problem, type Problem } from './problem.ts';
import { StateTree } from './state-tree.ts';

/** What tells the instances of a keyed machine apart; null for the one of a machine that is not keyed. */
export type InstanceKey = string | number | null;

/** Bytes of a key in UTF-8. */
export const KEY_BYTES_MAX = 512;

/**
 * The states of a machine: of the one instance that it is, or of one for each key.
 *
 * Invariant: of a keyed machine an instance in its initial state is not stored.
 */
export class Instances {
  readonly keyKind: Image['key'];
  /** The state of every instance that is not stored. */
  readonly initial: Value;
  /** Of a machine that is not keyed. */
  #own: Value;
  /** Of a keyed machine. */
  readonly #states: StateTree;
  /** Of those who watch: the keys that were put since each looked. */
  readonly #watched = new Set<{ keys: Set<InstanceKey> }>();

  /** All in their initial state. */
  constructor(keyKind: Image['key'], initial: Value) {
    this.keyKind = keyKind;
    this.initial = initial;
    this.#own = initial;
    this.#states = new StateTree(ORDERS[keyKind]);
  }

  get isKeyed(): boolean {
    return this.keyKind !== 'none';
  }

  /** How many there are: of a keyed machine those that are stored. */
  get count(): number {
    return this.isKeyed ? this.#states.length : 1;
  }

  /** What the stored instances of a keyed machine take in memory (`sizeOf`). */
  get bytes(): number {
    return this.#states.bytes;
  }

  get(key: InstanceKey): Value {
    if (key === null) return this.#own;
    const state = this.#states.get(key);
    return state === undefined ? this.initial : state;
  }

  put(key: InstanceKey, state: Value): void {
    if (this.isKeyed !== (key !== null)) throw new Error(`the key ${String(key)} for a ${this.keyKind} key`);
    if (key === null) this.#own = state;
    else if (equal(state, this.initial)) this.#states.delete(key);
    else this.#states.set(key, state);
    for (const { keys } of this.#watched) keys.add(key);
  }

  /** Keys and states as of now, in the order of the keys, whatever is put while they are gone through. */
  entries(): Iterable<readonly [InstanceKey, Value]> {
    if (!this.isKeyed) return [[null, this.#own]];
    return this.#states.entries() as Iterable<[InstanceKey, Value]>;
  }

  /** Whether there is room for a state within these limits; what takes no more than before has room. */
  hasRoomFor(key: InstanceKey, state: Value, limits: { countMax: number; bytesMax: number }): boolean {
    if (key === null || equal(state, this.initial)) return true;
    const before = this.#states.get(key);
    if (before === undefined && this.#states.length >= limits.countMax) return false;
    const added = sizeOf(state) - (before === undefined ? 0 : sizeOf(before));
    return added <= 0 || this.#states.bytes + added <= limits.bytesMax;
  }

  /** Gives the stored states as of now by their keys, whatever is put later; undefined for what is not stored. */
  snapshot(): (key: InstanceKey) => Value | undefined {
    const own = this.#own;
    if (!this.isKeyed) return () => own;
    const states = this.#states.snapshot();
    return (key) => states(key);
  }

  /** Has the keys remembered that are put from now on. */
  watch(): ChangedKeys {
    const watched = { keys: new Set<InstanceKey>() };
    this.#watched.add(watched);
    return {
      take: () => {
        const { keys } = watched;
        watched.keys = new Set();
        return keys;
      },
      end: () => this.#watched.delete(watched),
    };
  }
}

/** The keys of instances that were put while somebody watches. */
export interface ChangedKeys {
  /** Those since `watch`, or since they were taken last. */
  take(): Set<InstanceKey>;
  /** Ends it: no more are remembered. */
  end(): void;
}

const KEY_TYPES = new TypeTable();
const ORDERS = {
  none: () => 0,
  string: keyOrder(KEY_TYPES, STRING),
  int: keyOrder(KEY_TYPES, INT),
} as const;

export type ReadKey =
  | { readonly ok: true; readonly key: InstanceKey }
  | { readonly ok: false; readonly problem: Problem };

/** The key that a request gives for a machine, as text; null where it gives none. */
export function readKey({ name, key: kind }: Image, text: string | null): ReadKey {
  const refuse = (message: string): ReadKey => ({ ok: false, problem: problem('bad-request', message) });
  if (kind === 'none') {
    return text === null ? { ok: true, key: null } : refuse(`${name} is not keyed: the request gives a key`);
  }
  if (text === null) return refuse(`${name} is keyed: the request gives no key, as ${name}/KEY`);
  if (kind === 'int') {
    const number = /^(?:0|-?[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(number) ? { ok: true, key: number } : refuse(`a key of ${name} is an Int`);
  }
  if (!text.isWellFormed()) return refuse(`a key of ${name} has a lone surrogate`);
  const bytes = text.length > KEY_BYTES_MAX ? text.length : encodeUtf8(text).length;
  if (bytes >= 1 && bytes <= KEY_BYTES_MAX) return { ok: true, key: text };
  return refuse(`a key of ${name} has 1 to ${KEY_BYTES_MAX} bytes, and this one ${bytes}`);
}

/** The mirror of `readKey`: empty for no key. */
export function printKey(key: InstanceKey): string {
  return key === null ? '' : String(key);
}
