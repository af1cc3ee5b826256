import type { Product } from '@smc/protocol';
import type { Emitter, Code, Made } from './emitter.ts';
import {
  constant,
  deferred,
  inRegister,
  partsKnown,
  product,
  variant,
  type InRegister,
  type Symbolic,
} from './symbolic.ts';

/**
 * Where paths of control meet: what is known on all of them stays known, and the rest goes
 * into registers. A product is carried component by component, up to a limit.
 */

/** Registers that one value is carried in, at most. */
const LEAVES_MAX = 16;

/** Values that are looked at for it. */
const LOOKED_AT_MAX = 2 * LEAVES_MAX;

/** How far a value is taken apart. Without credit it is not. */
class Extent {
  #leaves: number;
  #looks = LOOKED_AT_MAX;

  constructor(isSettled: boolean) {
    this.#leaves = isSettled ? 1 : LEAVES_MAX;
  }

  /** Whether one leaf may become so many. */
  takes(count: number): boolean {
    this.#looks -= 1;
    if (this.#looks < 0 || this.#leaves + 1 < count) return false;
    this.#leaves -= count - 1;
    return true;
  }
}

/** A component of a product: the same whenever it is asked for. */
export function component(value: Symbolic, index: number): Symbolic {
  if (value.kind === 'product') return value.parts[index];
  if (!hasComponents(value)) throw new Error(`a ${value.kind} has no components: the code was not verified`);
  const known = value.components?.get(index);
  if (known !== undefined) return known;
  // As deep as what it is part of: it may be read wherever that is known.
  const made =
    value.kind === 'constant'
      ? constant((value.value as Product)[index], null)
      : deferred('COMPONENT', value, index, value.depth);
  value.components ??= new Map();
  value.components.set(index, made);
  return made;
}

/** One path into a join: what it ends with, what stands before it, where its last operations go, what it had made. */
export interface PathEnd {
  readonly values: readonly Symbolic[];
  readonly pending: number;
  readonly isOwing: boolean;
  readonly before: Code;
  readonly code: Code;
  readonly made: Made;
}

/** A register after a join, and what each path moves into it. */
interface Move {
  readonly register: number;
  readonly from: readonly Symbolic[];
  /** Whether it is an optional's raw value that is moved. */
  readonly isRaw: boolean;
}

/**
 * Joins the paths that reach the end of a choice, at least one, whose frames are closed: emits
 * their moves, and gives their values and the pending fuel after it.
 */
export function join(emitter: Emitter, ends: readonly PathEnd[]): Symbolic[] {
  const moves: Move[] = [];
  const joined =
    ends.length === 1
      ? ends[0].values.map((value) => survivor(emitter, value, new Extent(emitter.isSettled), moves))
      : ends[0].values.map((_, i) => {
          const values = ends.map((end) => end.values[i]);
          return meet(emitter, values, new Extent(emitter.isSettled), moves);
        });
  const pending = Math.min(...ends.map((end) => end.pending));
  for (const [index, end] of ends.entries()) {
    emitter.within(end.before, end.made, end.code, () => {
      for (const { register, from, isRaw } of moves) {
        const value = from[index];
        const operand = isRaw && value.kind === 'optional' ? value.raw : emitter.operand(value);
        emitter.giveTo(register, 'MOVE', { operands: [operand] });
      }
      if (end.pending > pending) emitter.act('CHARGE', { immediate: end.pending - pending });
    });
  }
  emitter.pending = pending;
  emitter.isOwing = ends.some((end) => end.isOwing || end.pending > pending);
  return joined;
}

/**
 * The value of the one path that does not end in a failure: it needs no register that it does not have. What is known
 * anew here may be made once more, which is one operation on values that are there; a list takes longer, and is moved.
 */
function survivor(emitter: Emitter, value: Symbolic, extent: Extent, moves: Move[]): Symbolic {
  const { depth } = emitter;
  if (value.depth <= depth) return value;
  switch (value.kind) {
    case 'register':
      return inRegister(value.operand!, depth);
    case 'optional':
    case 'comparison':
      return { ...value, depth, operand: null };
    case 'product':
      if (extent.takes(value.parts.length))
        return product(
          value.parts.map((part) => survivor(emitter, part, extent, moves)),
          depth,
        );
      break;
    case 'variant':
      if (extent.takes(1)) {
        const payload = survivor(emitter, value.payload, extent, moves);
        return variant(value.tag, payload, depth);
      }
      break;
    default:
  }
  return moved(emitter, [value], moves, false);
}

/** What is common to the values of all paths. */
function meet(emitter: Emitter, values: readonly Symbolic[], extent: Extent, moves: Move[]): Symbolic {
  const { depth } = emitter;
  const [first] = values;
  if (values.every((value) => isSame(value, first)) && first.depth <= depth) return first;
  const count = values.reduce((max, value) => Math.max(max, partsKnown(value)), 0);
  if (count > 0 && values.every(hasComponents) && extent.takes(count)) {
    const parts = Array.from({ length: count }, (_, i) =>
      meet(
        emitter,
        values.map((value) => component(value, i)),
        extent,
        moves,
      ),
    );
    return product(parts, depth);
  }
  if (first.kind === 'variant' && extent.takes(1)) {
    const payloads = values.flatMap((value) =>
      value.kind === 'variant' && value.tag === first.tag ? [value.payload] : [],
    );
    if (payloads.length === values.length) {
      const payload = meet(emitter, payloads, extent, moves);
      return variant(first.tag, payload, depth);
    }
  }
  if (values.every((value) => value.kind === 'optional')) {
    const { operand } = moved(emitter, values, moves, true);
    return { kind: 'optional', raw: operand!, depth, operand: null };
  }
  return moved(emitter, values, moves, false);
}

function moved(emitter: Emitter, from: readonly Symbolic[], moves: Move[], isRaw: boolean): InRegister {
  const register = emitter.register();
  moves.push({ register, from, isRaw });
  return inRegister(register, emitter.depth);
}

function isSame(a: Symbolic, b: Symbolic): boolean {
  if (a === b) return true;
  if (a.kind === 'register') return b.kind === 'register' && a.operand === b.operand;
  return a.kind === 'constant' && b.kind === 'constant' && Object.is(a.value, b.value);
}

type WithComponents = Symbolic & { readonly kind: 'product' | 'register' | 'deferred' | 'constant' };

const hasComponents = (value: Symbolic): value is WithComponents =>
  value.kind === 'product' ||
  value.kind === 'register' ||
  value.kind === 'deferred' ||
  value.kind === 'constant';

// ------------------------------------------------------------------------------- loops

/** What a loop carries: values of its body and of what follows, whose leaves are in registers of their own. */
export interface Carried {
  readonly value: Symbolic;
  readonly registers: readonly number[];
  /** By register: what it holds before the first time. */
  readonly initial: readonly Symbolic[];
}

/** Moves a value into registers that a loop may change; called before it is opened, and its depth is that of its body. */
export function carry(emitter: Emitter, value: Symbolic): Carried {
  const registers: number[] = [];
  const initial: Symbolic[] = [];
  const extent = new Extent(emitter.isSettled);
  const into = (from: Symbolic): Symbolic => {
    const count = partsKnown(from);
    if (count > 0 && extent.takes(count)) {
      const parts = Array.from({ length: count }, (_, i) => into(component(from, i)));
      return product(parts, emitter.depth + 1);
    }
    const register = emitter.giveTo(emitter.register(), 'MOVE', { operands: [emitter.operand(from)] });
    registers.push(register);
    initial.push(from);
    return inRegister(register, emitter.depth + 1);
  };
  return { value: into(value), registers, initial };
}

/**
 * The same registers, as seen after the loop. `operands` are those of the end of its body, by register: where the
 * body hands on what it was given, that is what was there before the loop.
 */
export function carriedOut(
  emitter: Emitter,
  { value, registers, initial }: Carried,
  operands: readonly number[],
): Symbolic {
  const out = (inside: Symbolic): Symbolic => {
    if (inside.kind === 'product') return product(inside.parts.map(out), emitter.depth);
    const index = registers.indexOf(inside.operand!);
    const isKept = operands[index] === inside.operand && !emitter.isSettled;
    return isKept ? initial[index] : inRegister(inside.operand!, emitter.depth);
  };
  return out(value);
}

/** At the end of the body: the operands of what the registers are to hold next, all made. */
export function next(emitter: Emitter, { value: shape }: Carried, value: Symbolic): number[] {
  const operands: number[] = [];
  const read = (as: Symbolic, from: Symbolic): void => {
    if (as.kind !== 'product') operands.push(emitter.operand(from));
    else for (const [index, part] of as.parts.entries()) read(part, component(from, index));
  };
  read(shape, value);
  return operands;
}

/** Moves at once: no register is written before all that read it have. */
export function moveAtOnce(
  emitter: Emitter,
  registers: readonly number[],
  operands: readonly number[],
): void {
  const written = new Set<number>();
  const from = operands.slice();
  for (const [index, register] of registers.entries()) {
    if (written.has(from[index]) && from[index] !== register)
      from[index] = emitter.giveTo(emitter.register(), 'MOVE', { operands: [from[index]] });
    if (from[index] !== register) written.add(register);
  }
  for (const [index, register] of registers.entries()) {
    if (from[index] !== register) emitter.giveTo(register, 'MOVE', { operands: [from[index]] });
  }
}
