import { Sum, type KeyOrder, type Value } from '@smc/protocol';
import { coalesce } from './coalesce.ts';
import { OPERATIONS, type Operation, type OperationName, type Routine } from './lir.ts';
import { constant, inRegister, sources, type Constant, type InRegister, type Symbolic } from './symbolic.ts';

/** Operations in order; lists within it are filled later than what follows them. */
export type Code = (Operation | Code)[];

/**
 * A stretch of code that runs as a whole or not at all (an arm), or several times (the body of
 * a loop). What is made in it is not there after it.
 */
export interface Frame {
  readonly isLoop: boolean;
  /** Runs once before it. */
  readonly before: Code;
  readonly code: Code;
  /** Values that got an operand here. */
  readonly made: Symbolic[];
}

/** An operation with what differs from nothing. */
interface Parts {
  readonly operands?: readonly number[];
  readonly immediate?: number;
  readonly labels?: readonly number[];
  readonly order?: KeyOrder | null;
}

/** Operations and operands a word of stack code may become; what is over counts against the rest of the unit. */
const COST_PER_WORD = 4;

/**
 * How much may still be emitted for the words that were read. As long as there is credit,
 * values are made where they are needed, which can be at several places. Without any they are
 * made at once and once, so that what is emitted, with all operands, is linear in the words whatever they do.
 */
export class Credit {
  #left: number;
  #isUsedUp = false;

  /** With so much above what is earned. */
  constructor(free: number) {
    this.#left = free;
  }

  /** For good: from then on there is none, whatever is earned. */
  get isUsedUp(): boolean {
    return this.#isUsedUp;
  }

  /** For so many words read. */
  earn(words: number): void {
    this.#left += COST_PER_WORD * words;
  }

  /** For an operation with so many operands, labels among them. */
  spend(operands: number): void {
    this.#left -= 1 + operands;
    if (this.#left < 0) this.#isUsedUp = true;
  }
}

/** The constants of a unit, and those that lowering makes of them. */
export class Constants {
  readonly values: Value[];
  readonly #known = new Map<Value, number>();
  readonly #variants = new Map<string, Sum>();

  constructor(values: readonly Value[]) {
    this.values = [...values];
    for (const [index, value] of values.entries()) if (!this.#known.has(value)) this.#known.set(value, index);
  }

  /** The operand of a value. */
  operand(value: Value): number {
    let index = this.#known.get(value);
    if (index === undefined) {
      index = this.values.push(value) - 1;
      this.#known.set(value, index);
    }
    return ~index;
  }

  /** A constructor of a constant; all such are one. */
  variant(tag: number, payload: Constant): Constant {
    const key = `${tag} ${this.operand(payload.value)}`;
    let sum = this.#variants.get(key);
    if (sum === undefined) {
      sum = new Sum(tag, payload.value);
      this.#variants.set(key, sum);
    }
    return this.symbolic(sum);
  }

  symbolic(value: Value): Constant {
    return constant(value, this.operand(value));
  }
}

/** Emits the operations of one routine. */
export class Emitter {
  readonly constants: Constants;
  /** Fuel used up and not yet subtracted. */
  pending = 0;
  /** Whether some was subtracted without a look at what is left. */
  isOwing = false;
  readonly #credit: Credit;
  readonly #frames: Frame[] = [{ isLoop: false, before: [], code: [], made: [] }];
  /** Of the frames: those that are loops, ascending. */
  readonly #loops: number[] = [];
  /** Where what is made next goes, if not into the frame. */
  #place: Frame;
  #registers = 0;
  #labels = 0;
  /** Whether values are made where they were known, for lack of credit. */
  isSettled: boolean;
  readonly #routineOf: (closure: Symbolic & { readonly kind: 'closure' }) => number;

  constructor(
    constants: Constants,
    credit: Credit,
    routineOf: (closure: Symbolic & { readonly kind: 'closure' }) => number,
  ) {
    this.constants = constants;
    this.#credit = credit;
    this.#routineOf = routineOf;
    this.#place = this.#frames[0];
    this.isSettled = credit.isUsedUp;
  }

  /** Whether there is no credit any more, and `settle` has to be called. */
  get isToSettle(): boolean {
    return this.#credit.isUsedUp && !this.isSettled;
  }

  /**
   * Goes on without credit. `live` are all values that may be asked for from now on: they are
   * made now, each once, where it was known.
   */
  settle(live: Iterable<Symbolic>): void {
    this.isSettled = true;
    for (const [index, frame] of this.#frames.entries()) {
      let kept = 0;
      for (const value of frame.made) {
        if (value.depth > index) frame.made[kept++] = value;
        else value.operand = null;
      }
      frame.made.length = kept;
    }
    for (const value of live) this.operand(value);
  }

  /** Frames that are open: the depth of what is made now. */
  get depth(): number {
    return this.#frames.length;
  }

  register(): number {
    return this.#registers++;
  }

  label(): number {
    return this.#labels++;
  }

  /** The routine, all of whose frames are closed. */
  routine(name: string, parameters: number, fuel: number): Routine {
    return { name, parameters, fuel, ...coalesce(flat(this.#frames[0].code), parameters, this.#registers) };
  }

  // ------------------------------------------------------------------------ frames

  /** Opens a frame; `before` is where the code stands that runs once before it. */
  open(isLoop: boolean, before: Code, code: Code = []): void {
    if (isLoop) this.#loops.push(this.#frames.length);
    this.#place = { isLoop, before, code, made: [] };
    this.#frames.push(this.#place);
  }

  /** Closes the last frame: what was made in it has no operand any more. */
  close(): Frame {
    const frame = this.#frames.pop()!;
    if (frame.isLoop) this.#loops.pop();
    this.#place = this.#frames[this.#frames.length - 1];
    return frame;
  }

  /** A list of operations that stands here, and is filled later. */
  reserve(): Code {
    const code: Code = [];
    this.#place.code.push(code);
    return code;
  }

  append(code: Code): void {
    this.#place.code.push(code);
  }

  /**
   * Runs `emit` with `code`, which stands at the end of a frame that is closed, as the place,
   * with what stood before that frame, and with what it had made.
   */
  within(before: Code, made: Made, code: Code, emit: () => void): void {
    const outer = this.#place;
    // Without credit, what was known before that frame has its operand, if any, from there.
    const inner = this.isSettled ? made.filter(([value]) => value.depth > this.depth) : made;
    const operands = inner.map(([value]) => value.operand);
    for (const [value, operand] of inner) value.operand = operand;
    this.open(false, before, code);
    emit();
    for (const value of this.close().made) value.operand = null;
    for (const [index, [value]] of inner.entries()) value.operand = operands[index];
    this.#place = outer;
  }

  // -------------------------------------------------------------------- operations

  /** Emits an operation that gives nothing; it takes over what is pending where it subtracts it. */
  act(name: OperationName, parts: Parts = {}): void {
    this.#emit(this.#place.code, name, -1, parts);
  }

  /** Emits one that gives a value, into a new register. */
  give(name: OperationName, parts: Parts = {}): InRegister {
    return inRegister(this.giveTo(this.register(), name, parts), this.depth);
  }

  /** Emits one that gives a value to a register. */
  giveTo(register: number, name: OperationName, parts: Parts): number {
    this.#emit(this.#place.code, name, register, parts);
    return register;
  }

  #emit(code: Code, name: OperationName, target: number, parts: Parts): void {
    const { effect } = OPERATIONS[name];
    const subtracts = effect === 'spends' || name === 'NEXT';
    const pending = subtracts || effect === 'fails' ? this.pending : 0;
    if (effect === 'spends') this.isOwing = false;
    else if (name === 'CHARGE' || pending > 0) this.isOwing ||= effect === 'acts';
    if (subtracts) this.pending = 0;
    const { operands = [], labels = [] } = parts;
    this.#credit.spend(operands.length + labels.length);
    code.push({
      name,
      target,
      operands,
      immediate: parts.immediate ?? 0,
      pending,
      labels,
      order: parts.order ?? null,
    });
  }

  /** Subtracts what is pending, and looks at what is left. */
  spend(): void {
    if (this.pending > 0 || this.isOwing) this.act('SPEND');
  }

  // ------------------------------------------------------------------------ values

  /**
   * The register or constant that holds a value: it and what it is made from are made where
   * they are not yet. That is outside of the loops that began after it was known, so that no
   * loop does it more than once; without credit it is where it was known.
   */
  operand(value: Symbolic): number {
    const open: Symbolic[] = [value];
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      if (last.operand === null) {
        const missing = sources(last).filter((source) => source.operand === null);
        if (missing.length > 0) {
          for (const source of missing) open.push(source);
          continue;
        }
        if (last.kind === 'constant') last.operand = this.constants.operand(last.value);
        else this.#make(last);
      }
      open.pop();
    }
    return value.operand!;
  }

  #make(value: Exclude<Symbolic, Constant>): void {
    const [code, made] = this.#placeOf(value);
    const emit = (name: OperationName, parts: Parts): void => {
      value.operand = this.register();
      this.#emit(code, name, value.operand, parts);
    };
    const operands = sources(value).map((source) => source.operand!);
    made.push(value);
    switch (value.kind) {
      case 'product':
        return emit('TUPLE', { operands });
      case 'variant':
        return emit('SUM', { operands, immediate: value.tag });
      case 'optional':
        return emit('OPTION', { operands: [value.raw] });
      case 'comparison':
        return emit(value.name, { operands: [value.left, value.right] });
      case 'range':
        return emit('RANGE', { operands: [value.start, value.length] });
      case 'closure':
        return emit('CLOSURE', { operands, immediate: this.#routineOf(value) });
      case 'deferred':
        return emit(value.name, { operands, immediate: value.immediate });
      case 'register':
        throw new Error('what is in a register is there');
      default:
        return value satisfies never;
    }
  }

  /** The code that a value is to be made in, and the frame that this belongs to. */
  #placeOf(value: Symbolic): readonly [Code, Symbolic[]] {
    // A list is made no more than once, since it is paid for once.
    const isMadeThere = value.kind === 'range' || this.isSettled;
    const inner = isMadeThere ? value.depth : this.#loopFrom(value.depth);
    if (inner >= this.#frames.length) return [this.#place.code, this.#place.made];
    return [this.#frames[inner].before, this.#frames[inner - 1].made];
  }

  /** The first frame from an index on that is a loop; the number of frames where none is. */
  #loopFrom(index: number): number {
    let low = 0;
    let high = this.#loops.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#loops[middle] < index) low = middle + 1;
      else high = middle;
    }
    return this.#loops[low] ?? this.#frames.length;
  }
}

/** What a frame had made, with the operands. */
export type Made = readonly (readonly [Symbolic, number])[];

/** What a closed frame has made, which from now on has no operand. */
export function takeMade(frame: Frame): Made {
  const made = frame.made.map((value) => [value, value.operand!] as const);
  for (const [value] of made) value.operand = null;
  return made;
}

function flat(code: Code): Operation[] {
  const operations: Operation[] = [];
  const open: { readonly code: Code; at: number }[] = [{ code, at: 0 }];
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    if (last.at === last.code.length) {
      open.pop();
      continue;
    }
    const next = last.code[last.at++];
    if (Array.isArray(next)) open.push({ code: next, at: 0 });
    else operations.push(next);
  }
  return operations;
}
