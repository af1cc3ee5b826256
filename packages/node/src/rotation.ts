import { Queue } from './queue.ts';

/** Somebody who takes turns with others. */
export class Member {
  /** How much waits for it; 0 where nothing does. */
  weight = 0;
  /** For `Rotation`: the one it is in. */
  rotation: object | null = null;
  /** For `Heap`: where it is, and no less than its weight. */
  place = 0;
  rank = 0;
}

/**
 * Members who have one turn after the other while something waits for them. It can tell who has the most waiting: the
 * heap for that is made when it is asked, and forgotten after as many turns as it has members, so that turns cost nothing
 * more where nobody asks.
 *
 * Invariant: whoever has something waiting is in `#members` once. Whoever has not leaves when its turn comes.
 */
export class Rotation<M extends Member> {
  readonly #members = new Queue<M>();
  readonly #left: (member: M) => void;
  #heap: Heap<M> | null = null;
  #turnsLeft = 0;

  /** `left` is told who is not in it any more. */
  constructor(left: (member: M) => void = () => {}) {
    this.#left = left;
  }

  /** To be told when more waits for a member than before; less needs no word. */
  grew(member: M): void {
    if (member.rotation !== this) {
      member.rotation = this;
      this.#members.push(member);
    }
    this.#heap?.raise(member);
  }

  /** Whose turn it is; it has its next one after all others. Null where nothing waits. */
  next(): M | null {
    const members = this.#members;
    for (let member = members.first; member !== undefined; member = members.first) {
      if (member.weight > 0) {
        if (members.length > 1) {
          members.shift();
          members.push(member);
        }
        if (this.#heap !== null && --this.#turnsLeft === 0) this.#heap = null;
        return member;
      }
      members.shift();
      member.rotation = null;
      this.#left(member);
    }
    return null;
  }

  /** Who has the most waiting; null where nothing does. */
  greediest(): M | null {
    if (this.#heap === null) {
      this.#heap = new Heap(this.#members.toArray());
      this.#turnsLeft = this.#members.length;
    }
    return this.#heap.top();
  }
}

/**
 * A binary heap with the heaviest on top. That a member became lighter shows when it comes to the top: its rank is
 * brought down then.
 */
class Heap<M extends Member> {
  readonly #members: M[];

  constructor(members: M[]) {
    this.#members = members;
    for (const member of members) member.rank = member.weight;
    members.sort((a, b) => b.rank - a.rank);
    for (const [place, member] of members.entries()) member.place = place;
  }

  /** Adds one, or says that it became heavier. */
  raise(member: M): void {
    const members = this.#members;
    const isIn = members[member.place] === member;
    if (isIn && member.weight <= member.rank) return;
    member.rank = member.weight;
    if (!isIn) member.place = members.push(member) - 1;
    let { place } = member;
    for (let above = (place - 1) >> 1; place > 0 && members[above].rank < member.rank;) {
      this.#put(members[above], place);
      place = above;
      above = (place - 1) >> 1;
    }
    this.#put(member, place);
  }

  top(): M | null {
    const members = this.#members;
    while (members.length > 0) {
      const [first] = members;
      if (first.weight === first.rank && first.weight > 0) return first;
      first.rank = first.weight;
      if (first.weight > 0) this.#sink(first);
      else {
        const last = members.pop()!;
        if (last !== first) this.#sink(last);
      }
    }
    return null;
  }

  /** Puts one that may be lighter than others in the place of the top. */
  #sink(member: M): void {
    const members = this.#members;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below + 1 < members.length && members[below + 1].rank > members[below].rank) below++;
      if (below >= members.length || members[below].rank <= member.rank) break;
      this.#put(members[below], place);
      place = below;
    }
    this.#put(member, place);
  }

  #put(member: M, place: number): void {
    this.#members[place] = member;
    member.place = place;
  }
}
