import type { Image, Value } from '@smc/protocol';
import { JournalError, whyNow } from './journal/error.ts';
import type { LoadedUpgrade } from './upgrade/load.ts';

/** A version of a machine, as far as states are concerned, and the way to it from the one before. */
interface Generation {
  readonly image: Image;
  /** Null where states of the one before are not there any more. */
  readonly upgrade: LoadedUpgrade | null;
}

/**
 * The versions of which a keyed machine still has states, in memory or in rows, and the migrations between
 * them. A state is migrated when it is used; what comes of it is what had come of it at the swap, since a migration
 * is a function, and was run on it before (`Preparation`).
 */
export class Lineage {
  /** Of the oldest of these; versions are counted up. */
  #first = 0;
  #generations: Generation[];

  constructor(image: Image) {
    this.#generations = [{ image, upgrade: null }];
  }

  /** The number of the version that runs. */
  get last(): number {
    return this.#first + this.#generations.length - 1;
  }

  /** How many upgrades lie between the oldest states and those of the version that runs. */
  get length(): number {
    return this.#generations.length - 1;
  }

  imageOf(version: number): Image {
    return this.#at(version).image;
  }

  advance(image: Image, upgrade: LoadedUpgrade): void {
    this.#generations.push({ image, upgrade });
  }

  /** A state of one version as a later one has it. */
  migrate(state: Value, from: number, to: number): Value {
    let migrated = state;
    for (let version = from + 1; version <= to; version++) {
      const { upgrade } = this.#at(version);
      if (upgrade === null) throw new Error(`nothing leads to version ${version}`);
      migrated = migrateState(upgrade, migrated);
    }
    return migrated;
  }

  /** No state is of an older version any more. */
  forgetBefore(version: number): void {
    this.#generations = this.#generations.slice(version - this.#first);
    this.#first = version;
  }

  #at(version: number): Generation {
    const generation = this.#generations[version - this.#first];
    if (generation === undefined) throw new Error(`version ${version} was forgotten`);
    return generation;
  }
}

/** Migrates a state that was judged before. Throws a `JournalError`: it is another one then. */
export function migrateState({ functions, upgrade }: LoadedUpgrade, state: Value): Value {
  const result = functions.run(upgrade.migration, state, Number.POSITIVE_INFINITY);
  if (!result.ok) throw new JournalError(`a migration fails that did not before: ${whyNow(result.failure)}`);
  return result.value;
}
