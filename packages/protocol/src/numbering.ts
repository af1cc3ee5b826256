import { ByteWriter } from './bytes.ts';
import type { Constant, Unit } from './image.ts';
import { instructionName, INSTRUCTIONS, type OperandKind } from './instructions.ts';
import { mapParts, partsOf, type TypeId, type TypeNode, type TypeTable } from './type.ts';
import { textOfUnits } from './utf8.ts';
import { writeValue } from './value-encoding.ts';

/**
 * The canonical order of a unit's tables: what decides the bytes of an image, apart from how
 * they are written.
 *
 * - Functions in depth-first post-order from the roots, callees in the order of their calls:
 *   so a callee comes first, and what no root reaches is left out. A call back to a function
 *   that is still being visited (a recursion, which the verifier refuses) does not count.
 * - Types and constants in order of first use, a type after its parts.
 * - Equal functions, constants and types are one.
 *
 * An index past the end of its table stays the number that it is: the canonical tables are
 * no longer, so it is past their ends too, and is refused where it is read.
 */
export class UnitNumbering {
  readonly types: TypeNumbering;
  /** Canonical index -> index in the unit. */
  readonly functionOrder: number[] = [];
  readonly constantOrder: number[] = [];

  readonly #unit: Unit;
  readonly #functions = new Map<number, number>();
  readonly #constants = new Map<number, number>();
  readonly #constantClasses: ConstantClasses;

  constructor(unit: Unit, roots: readonly number[]) {
    this.#unit = unit;
    this.types = new TypeNumbering(unit.types);
    this.#constantClasses = new ConstantClasses(unit);
    this.#numberFunctions(roots);
  }

  type(id: TypeId): number {
    return this.types.use(id);
  }

  function(index: number): number {
    return this.#functions.get(index) ?? index >>> 0;
  }

  constant(index: number): number {
    const known = this.#constants.get(index);
    if (known !== undefined) return known;
    const first = this.#constantClasses.firstOf(index);
    if (first === null) return index >>> 0;
    if (first !== index) return this.constant(first);
    this.type(this.#unit.constants[index].type);
    const number = this.constantOrder.push(index) - 1;
    this.#constants.set(index, number);
    return number;
  }

  /** The encoding of the value of a constant, made once to tell it from others: a view for the moment. */
  constantBytes(index: number): Uint8Array {
    return this.#constantClasses.bytesOf(index);
  }

  #numberFunctions(roots: readonly number[]): void {
    const { functions } = this.#unit;
    const byKey = new Map<string, number>();
    const entered = new Set<number>();
    // An explicit stack: a chain of calls may be as long as the table.
    const stack: { index: number; callees: Iterator<number> | null }[] = [];
    for (const root of roots) {
      stack.push({ index: root, callees: null });
      while (stack.length > 0) {
        const visit = stack[stack.length - 1];
        if (visit.callees === null) {
          if (entered.has(visit.index) || !(visit.index in functions)) {
            stack.pop();
            continue;
          }
          entered.add(visit.index);
          visit.callees = calleesOf(functions[visit.index].code);
        }
        const next = visit.callees.next();
        if (!next.done) {
          stack.push({ index: next.value, callees: null });
          continue;
        }
        stack.pop();
        const key = this.#keyOf(visit.index);
        const number = byKey.get(key) ?? this.functionOrder.push(visit.index) - 1;
        byKey.set(key, number);
        this.#functions.set(visit.index, number);
      }
    }
  }

  /** Equal for functions that differ in nothing, once their callees have numbers. */
  #keyOf(index: number): string {
    const { from, to, code } = this.#unit.functions[index];
    const words = [from, to];
    eachWord(code, (kind, word) => {
      if (kind === 'function') {
        const number = this.#functions.get(word);
        // A word that says which it is: no index without a number can pass for a number.
        words.push(number === undefined ? 0 : 1, number ?? word);
      } else if (kind === 'constant') words.push(this.#constantClasses.firstOf(word) ?? word);
      else words.push(word);
    });
    return textOfUnits(new Uint16Array(Int32Array.from(words).buffer));
  }
}

/** Finds, for a constant, the first one that is equal to it. */
class ConstantClasses {
  readonly #types: TypeTable;
  readonly #constants: readonly Constant[];
  readonly #byKey = new Map<string, number>();
  readonly #first: (number | undefined)[] = [];
  /** The encodings of all that were asked for, one after the other, and where each of them is. */
  readonly #encoded = new ByteWriter();
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  constructor({ types, constants }: Unit) {
    this.#types = types;
    this.#constants = constants;
  }

  /** Null where no constant has the index. */
  firstOf(index: number): number | null {
    const known = this.#first[index];
    if (known !== undefined) return known;
    if (!(index in this.#constants)) return null;
    const key = `${this.#constants[index].type} ${textOfUnits(this.bytesOf(index))}`;
    const first = this.#byKey.get(key) ?? index;
    this.#byKey.set(key, first);
    this.#first[index] = first;
    return first;
  }

  /** A view, which ends with the next call of a method. */
  bytesOf(index: number): Uint8Array {
    if (this.#ends[index] === undefined) {
      const { type, value } = this.#constants[index];
      this.#starts[index] = this.#encoded.length;
      writeValue(this.#encoded, this.#types, type, value);
      this.#ends[index] = this.#encoded.length;
    }
    return this.#encoded.view(this.#starts[index], this.#ends[index]);
  }
}

/** Numbers the types of a table in order of first use, the parts of a type before it. */
export class TypeNumbering {
  /** The nodes that are not base types, in canonical order, their parts by canonical index. */
  readonly nodes: TypeNode[] = [];
  readonly #types: TypeTable;
  readonly #numbers = new Map<TypeId, number>();

  constructor(types: TypeTable) {
    this.#types = types;
    for (let id = 0; id < BASE_TYPES_COUNT; id++) this.#numbers.set(id, id);
  }

  /** The number of a type that was used; null where it was not. */
  find(id: TypeId): number | null {
    return this.#numbers.get(id) ?? null;
  }

  use(id: TypeId): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    if (!(id >= 0 && id < this.#types.length)) return id >>> 0;
    const node = this.#types.node(id);
    for (const part of partsOf(node)) this.use(part);
    const number = BASE_TYPES_COUNT + this.nodes.push(mapParts(node, (part) => this.use(part))) - 1;
    this.#numbers.set(id, number);
    return number;
  }
}

/** Base types stand at the start of every table, and have no entry in an encoding. */
export const BASE_TYPES_COUNT = 6;

/** What a word of code is: the code of an instruction, or an operand of some kind. */
export type WordKind = 'instruction' | Exclude<OperandKind, 'targets'>;

/**
 * Calls `visit` with each word of a function's code, in order, and the position of its
 * instruction. For code of any content: an unknown instruction is taken to have no operands,
 * and the last one may be cut off. A `targets` operand is a count and targets.
 */
export function eachWord(
  code: Int32Array,
  visit: (kind: WordKind, word: number, instruction: number) => void,
): void {
  let pc = 0;
  while (pc < code.length) {
    const start = pc;
    const name = instructionName(code[pc]);
    visit('instruction', code[pc++], start);
    if (name === undefined) continue;
    for (const { kind } of INSTRUCTIONS[name].operands) {
      if (pc >= code.length) return;
      if (kind !== 'targets') {
        visit(kind, code[pc++], start);
        continue;
      }
      const end = pc + 1 + Math.max(0, code[pc]);
      visit('count', code[pc++], start);
      while (pc < end && pc < code.length) visit('target', code[pc++], start);
    }
  }
}

function calleesOf(code: Int32Array): Iterator<number> {
  const callees = new Set<number>();
  eachWord(code, (kind, word) => {
    if (kind === 'function') callees.add(word);
  });
  return callees.values();
}
