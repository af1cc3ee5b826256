import type { NodeLimits } from '../limits.ts';

/** A connection, as far as it takes memory for what its peer does not do. */
export interface Holder {
  /**
   * Ends: for its `input`, which has not come whole, or its `output`, which the peer does not take, too much is held. It
   * must hold none of that from then on, and need not say so.
   */
  giveUp(what: 'input' | 'output'): void;
}

interface Share {
  input: number;
  output: number;
}

/**
 * What all connections of a node hold for requests that did not come whole, and for replies that peers have not taken.
 * Where that is too much the connection that holds most of it ends: whoever holds little goes on, whatever
 * others do.
 *
 * Invariant: `#shares` has the holders of something, and nobody else; the sums are those of their shares.
 */
export class HeldBytes {
  readonly #limits: NodeLimits;
  readonly #shares = new Map<Holder, Share>();
  readonly #sums: Share = { input: 0, output: 0 };

  constructor(limits: NodeLimits) {
    this.#limits = limits;
  }

  /** Says what a connection holds now, in bytes; nothing, when it is gone. It may be given up meanwhile. */
  set(holder: Holder, input: number, output: number): void {
    const share = this.#shares.get(holder);
    if (input === 0 && output === 0) {
      if (share !== undefined) this.#remove(holder, share);
      return;
    }
    this.#sums.input += input - (share?.input ?? 0);
    this.#sums.output += output - (share?.output ?? 0);
    if (share === undefined) {
      this.#shares.set(holder, { input, output });
    } else {
      share.input = input;
      share.output = output;
    }
    const { partialBytesMax, outputBytesMax, outputBytesOfAllMax } = this.#limits;
    // Whoever does not take what there is comes back, and gets the replies then: those of frames are kept.
    if (output > outputBytesMax) this.#giveUp(holder, 'output');
    if (this.#sums.input > partialBytesMax) this.#giveUp(this.#greediest('input'), 'input');
    if (this.#sums.output > outputBytesOfAllMax) this.#giveUp(this.#greediest('output'), 'output');
  }

  #remove(holder: Holder, { input, output }: Share): void {
    this.#shares.delete(holder);
    this.#sums.input -= input;
    this.#sums.output -= output;
  }

  #giveUp(holder: Holder, what: keyof Share): void {
    const share = this.#shares.get(holder)!;
    this.#sums[what] -= share[what];
    share[what] = 0;
    if (share.input === 0 && share.output === 0) this.#shares.delete(holder);
    holder.giveUp(what);
  }

  #greediest(what: keyof Share): Holder {
    let found: Holder | null = null;
    let most = 0;
    for (const [holder, share] of this.#shares) {
      if (share[what] <= most) continue;
      most = share[what];
      found = holder;
    }
    if (found === null) throw new Error(`nobody holds ${this.#sums[what]} bytes`);
    return found;
  }
}
