import { detached, encodeUtf8, type Image, type Value } from '@smc/protocol';
import { KeyedStates, type Looked } from './keyed-states.ts';
import type { StateRows } from './state-rows.ts';
import { problem, type Problem } from './problem.ts';
import type { StateMemory } from './state-memory.ts';
import type { Version } from './version.ts';

/** What tells the instances of a keyed machine apart; null for the one of a machine that is not keyed. */
export type InstanceKey = string | number | null;

/** Bytes of a key in UTF-8. */
export const KEY_BYTES_MAX = 512;

/** What the instances of a machine need of the node. */
export interface InstancesContext {
  /** The number of the machine. */
  readonly machine: number;
  readonly memory: StateMemory;
  readonly rows: StateRows;
}

/** The states of a machine: of the one instance that it is, or of one for each key (`KeyedStates`). */
export class Instances {
  readonly keyKind: Image['key'];
  /** Of a keyed machine. */
  readonly keyed: KeyedStates | null;
  /** Of a machine that is not keyed. */
  #own: Value;
  /** Of those who watch: the keys that were put since each looked. */
  readonly #watched = new Set<{ keys: Set<InstanceKey> }>();

  /** All in their initial state. */
  constructor({ image, program: { initial } }: Version, context: InstancesContext) {
    const { key } = image;
    this.keyKind = key;
    this.#own = initial;
    this.keyed = key === 'none' ? null : new KeyedStates({ key, image, initial }, context);
  }

  get isKeyed(): boolean {
    return this.keyed !== null;
  }

  /** The state of every instance that is not stored. */
  get initial(): Value {
    return this.keyed === null ? this.#own : this.keyed.initial;
  }

  /** How many there are: of a keyed machine those that are stored. */
  get count(): number {
    return this.keyed === null ? 1 : this.keyed.count;
  }

  get(key: InstanceKey): Value {
    if (key === null) return this.#own;
    return this.#keyed(key).get(key);
  }

  put(key: InstanceKey, state: Value): void {
    if (key !== null) this.#keyed(key).put(key, state);
    else if (this.keyed === null) this.#own = state;
    else throw new Error('no key for a keyed machine');
    for (const { keys } of this.#watched) keys.add(key);
  }

  /** Keys and states; for those of a keyed machine see there. */
  entries(): Looked<readonly [InstanceKey, Value]> {
    return this.keyed === null ? [[null, this.#own]] : this.keyed.entries();
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

  #keyed(key: InstanceKey): KeyedStates {
    if (this.keyed === null) throw new Error(`the key ${String(key)} for a machine without keys`);
    return this.keyed;
  }
}

/** The keys of instances that were put while somebody watches. */
export interface ChangedKeys {
  /** Those since `watch`, or since they were taken last. */
  take(): Set<InstanceKey>;
  /** Ends it: no more are remembered. */
  end(): void;
}

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
  // It stays, and the request that it is a part of does not.
  if (bytes >= 1 && bytes <= KEY_BYTES_MAX) return { ok: true, key: detached(text) };
  return refuse(`a key of ${name} has 1 to ${KEY_BYTES_MAX} bytes, and this one ${bytes}`);
}

/** The mirror of `readKey`: empty for no key. */
export function printKey(key: InstanceKey): string {
  return key === null ? '' : String(key);
}
