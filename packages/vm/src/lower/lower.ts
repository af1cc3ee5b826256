import { OP, wordsAt, type TypeId, type TypeTable, type Unit } from '@smc/protocol';
import { TypeSizes } from '../values/size.ts';
import { READS, WRITES, type Verified } from '../verify.ts';
import { Constants, Credit } from './emitter.ts';
import { STATE_FIELDS_MAX, type Lowered, type Routine, type StateLayout } from './lir.ts';
import { withOwnership } from './ownership.ts';
import { RoutineReader, type Entry, type LoweringContext } from './reader.ts';
import type { Body } from './symbolic.ts';

/** What of a machine its lowering depends on. */
export interface MachineParts {
  readonly state: TypeId;
  readonly isKeyed: boolean;
  readonly operations: readonly { readonly body: number; readonly reply: TypeId }[];
}

/** What lowering may do beyond the words of a unit. What runs is the same with less, and slower. */
export interface LoweringLimits {
  /** Operations and operands beside those that are earned with each word (`Credit`). */
  readonly operationsFree: number;
  /** Words that are lowered a second time, in place of a call, for each word of the unit; and some for nothing. */
  readonly inlinedPerWord: number;
  readonly inlinedFree: number;
}

export const LOWERING_LIMITS: LoweringLimits = {
  operationsFree: 4_096,
  inlinedPerWord: 2,
  inlinedFree: 4_096,
};

/**
 * Lowers a verified unit to routines: one for each operation of the machine, one for each of
 * the functions `roots`, which use neither state nor clock, and those that these call. It
 * takes time and memory, and gives operations and operands, linear in the words of the unit.
 */
export function lower(
  unit: Unit,
  verified: Verified,
  machine: MachineParts | null,
  roots: readonly number[],
  limits: LoweringLimits = LOWERING_LIMITS,
): Lowered {
  const lowering = new Lowering(unit, verified, machine, limits);
  const steps = machine?.operations.map((operation) => lowering.step(operation)) ?? [];
  const functions = unit.functions.map(() => -1);
  for (const root of roots) functions[root] = lowering.root(root);
  lowering.finish();
  lowering.own([...new Set(steps)]);
  return {
    constants: lowering.constants.values,
    routines: lowering.routines,
    steps,
    functions,
    state: lowering.layout,
  };
}

class Lowering implements LoweringContext {
  readonly unit: Unit;
  readonly verified: Verified;
  readonly constants: Constants;
  readonly credit: Credit;
  readonly layout: StateLayout;
  readonly sizes: TypeSizes;
  readonly routines: Routine[] = [];
  readonly state: TypeId | null;
  readonly #isKeyed: boolean;
  #inlinable: number;
  /** Routines that are asked for and not yet read. */
  readonly #waiting: { readonly index: number; readonly entry: Entry }[] = [];
  #count = 0;
  /** By function and reply: what several operations share is lowered once, as an image may name it often. */
  readonly #steps = new Map<string, number>();
  readonly #roots = new Map<number, number>();
  readonly #callees = new Map<number, number>();
  /** By the function and the start of the body. */
  readonly #bodies = new Map<string, number>();
  readonly #writes = new Map<number, readonly number[]>();

  constructor(unit: Unit, verified: Verified, machine: MachineParts | null, limits: LoweringLimits) {
    this.credit = new Credit(limits.operationsFree);
    this.#inlinable = limits.inlinedFree;
    this.unit = unit;
    this.verified = verified;
    this.constants = new Constants(unit.constants.map((constant) => constant.value));
    this.state = machine?.state ?? null;
    this.#isKeyed = machine?.isKeyed ?? false;
    this.layout = layoutOf(verified.types, this.state);
    this.sizes = new TypeSizes(verified.types);
    for (const { code } of unit.functions) this.#inlinable += limits.inlinedPerWord * code.length;
  }

  step({ body, reply }: MachineParts['operations'][number]): number {
    return this.#once(this.#steps, `${body} ${reply}`, {
      kind: 'step',
      function: body,
      reply,
      isKeyed: this.#isKeyed,
    });
  }

  root(index: number): number {
    const { to: reply } = this.unit.functions[index];
    return this.#once(this.#roots, index, { kind: 'root', function: index, reply });
  }

  calleeOf(index: number): { readonly routine: number; readonly takesState: boolean } {
    const takesState = (this.verified.functions[index].effects & (READS | WRITES)) !== 0;
    const routine = this.#once(this.#callees, index, {
      kind: 'callee',
      function: index,
      hasState: takesState,
    });
    return { routine, takesState };
  }

  routineOfBody(body: Body): number {
    const key = `${body.function} ${body.start}`;
    return this.#once(this.#bodies, key, { kind: 'body', function: body.function, body });
  }

  takeInlined(words: number): boolean {
    if (this.credit.isUsedUp || words > this.#inlinable) return false;
    this.#inlinable -= words;
    return true;
  }

  writesWithin(index: number, start: number, end: number): boolean {
    if ((this.verified.functions[index].effects & WRITES) === 0) return false;
    let writes = this.#writes.get(index);
    if (writes === undefined) {
      writes = writesOf(this.unit, this.verified, index);
      this.#writes.set(index, writes);
    }
    return (firstFrom(writes, start) ?? end) < end;
  }

  finish(): void {
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) {
      this.routines[next.index] = new RoutineReader(this, next.entry).read();
    }
  }

  /** Lets steps, all read, change the maps and sets of the state in place. */
  own(steps: readonly number[]): void {
    const owning = withOwnership(
      steps.map((step) => this.routines[step]),
      this.layout.fields,
    );
    for (const [at, step] of steps.entries()) this.routines[step] = owning[at];
  }

  /** The routine of an entry, which is read when it is first asked for. */
  #once<K>(known: Map<K, number>, key: K, entry: Entry): number {
    const asked = known.get(key);
    if (asked !== undefined) return asked;
    const index = this.#count++;
    this.#waiting.push({ index, entry });
    known.set(key, index);
    return index;
  }
}

function layoutOf(types: TypeTable, state: TypeId | null): StateLayout {
  const parts = state === null ? null : types.components(state);
  return parts === null || parts.length > STATE_FIELDS_MAX
    ? { isProduct: false, fields: 1 }
    : { isProduct: true, fields: parts.length };
}

/** The words at which a function changes the state, ascending. */
function writesOf(unit: Unit, verified: Verified, index: number): number[] {
  const { code } = unit.functions[index];
  const words: number[] = [];
  for (let word = 0; word < code.length; word += wordsAt(code, word)) {
    const isCall = code[word] === OP.CALL;
    if (code[word] === OP.PUT || (isCall && (verified.functions[code[word + 1]].effects & WRITES) !== 0))
      words.push(word);
  }
  return words;
}

/** The first of ascending numbers that is at least `min`. */
function firstFrom(numbers: readonly number[], min: number): number | undefined {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] < min) low = middle + 1;
    else high = middle;
  }
  return numbers.at(low);
}
