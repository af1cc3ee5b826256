/** What the two newest complete checkpoints of a journal have of keyed machines, to be read when it is used. */
export interface StateRows {
  /**
   * The state of an instance, by its key as text; undefined where it is not stored. Throws a `JournalError` where
   * it is damaged: the node stops then, and no start goes on from a checkpoint that counts on it.
   */
  read(place: StatesPlace, key: string): Uint8Array | undefined;
  /**
   * Some of the keys that follow that one, in an order that is always the same, with their states; none at the end. They
   * are few, whatever is stored of them. Throws as `read`.
   */
  page(place: StatesPlace, after: string): readonly StoredState[];
  /** What they take of the memory of this process; 0 on a disk. */
  memoryBytes(): number;
  /** Whether all of the journal is in memory: also the code of machines that were removed. */
  readonly isInMemory?: boolean;
}

/** A machine in a checkpoint: its states are those written from `since` up to `position`, of each the newest. */
export interface StatesPlace {
  readonly machine: number;
  readonly since: number;
  readonly position: number;
}

export interface StoredState {
  readonly key: string;
  /** Null where it is not stored: there may be rows of the key all the same, of another checkpoint, or of its end. */
  readonly state: Uint8Array | null;
}

/** Where there is no checkpoint with keyed machines. */
export const NO_ROWS: StateRows = {
  read: () => {
    throw new Error('a state is read where there are no rows');
  },
  page: () => {
    throw new Error('states are read where there are no rows');
  },
  memoryBytes: () => 0,
};
