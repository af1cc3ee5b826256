import { OPERATIONS, type Operation } from './lir.ts';

/**
 * Leaves out what is not used, and moves: where the value of a register is last read to be moved into another one, it
 * is given to that at once. The registers that are left are numbered anew, without gaps. So the
 * register that an operation gives can be one of its operands.
 *
 * `y = MOVE x` can go where nothing after it reads x, where y is not mentioned since x was first
 * written, and where no loop begins or ends in between. Then whoever reads y next reads it
 * after this MOVE, or after another one that writes it: y is the result of a block, which each
 * path writes at its end, or what a loop carries, which is written at the end of its body.
 * Paths that write x write it once, so an `x = MOVE y` on another one does no harm.
 */
export function coalesce(
  given: readonly Operation[],
  parameters: number,
  registers: number,
): { readonly operations: Operation[]; readonly registers: number } {
  const operations = withoutUnused(given, registers);
  const into = aliases(operations, parameters, registers);
  const numbers = new Int32Array(registers).fill(-1);
  let count = 0;
  const number = (register: number): number => {
    if (register < 0) return register;
    const target = into(register);
    if (numbers[target] < 0) numbers[target] = count++;
    return numbers[target];
  };
  for (let parameter = 0; parameter < parameters; parameter++) number(parameter);
  const kept: Operation[] = [];
  for (const operation of operations) {
    const operands = operation.operands.map(number);
    const target = number(operation.target);
    if (operation.name !== 'MOVE' || operands[0] !== target) kept.push({ ...operation, target, operands });
  }
  return { operations: withoutBranchesToNext(kept), registers: count };
}

/** Leaves out what does nothing but give a value that nobody reads. */
function withoutUnused(operations: readonly Operation[], registers: number): Operation[] {
  const reads = new Int32Array(registers);
  for (const { operands } of operations) for (const operand of operands) if (operand >= 0) reads[operand]++;
  const kept: Operation[] = [];
  for (const operation of operations.toReversed()) {
    const { name, target, operands } = operation;
    const onlyGives = OPERATIONS[name].effect === 'pure' || name === 'MOVE';
    if (!onlyGives || reads[target] > 0) kept.push(operation);
    else for (const operand of operands) if (operand >= 0) reads[operand]--;
  }
  return kept.reverse();
}

/** Leaves out branches to where control goes anyhow. */
function withoutBranchesToNext(operations: readonly Operation[]): Operation[] {
  const kept: Operation[] = [];
  /** Blocks that end right after what is looked at. */
  const ending = new Set<number>();
  for (const operation of operations.toReversed()) {
    if (operation.name === 'BR' && ending.has(operation.immediate)) continue;
    if (operation.name === 'END') ending.add(operation.immediate);
    else ending.clear();
    kept.push(operation);
  }
  return kept.reverse();
}

/** Written in more than one loop, or before the routine, or by the loop itself. */
const SEVERAL = -1;

/** The register that each becomes one with. */
function aliases(
  operations: readonly Operation[],
  parameters: number,
  registers: number,
): (register: number) => number {
  const alias = Int32Array.from({ length: registers }, (_, register) => register);
  const find = (register: number): number => {
    let root = register;
    while (alias[root] !== root) root = alias[root];
    while (alias[register] !== root) [register, alias[register]] = [alias[register], root];
    return root;
  };
  const known = new Mentions(operations, parameters, registers);
  const open = [0];
  let loops = 0;
  for (const [at, operation] of operations.entries()) {
    if (operation.name === 'LOOP') open.push(++loops);
    const loop = open[open.length - 1];
    const { name, target } = operation;
    const from = name === 'MOVE' ? operation.operands[0] : -1;
    if (from >= parameters && known.canBecome(from, target, at, loop)) {
      alias[from] = target;
      known.merge(from, target, at, loop);
    } else known.mention(operation, at, loop);
    if (name === 'NEXT') open.pop();
  }
  return find;
}

/** Where registers are mentioned, up to an operation. */
class Mentions {
  /** Where it is read for the last time, by any operation. */
  readonly #lastRead: Int32Array;
  /** Where it was first written. */
  readonly #first: Int32Array;
  /** The loop in which all writes of it are. */
  readonly #loop: Int32Array;
  /** Where it was last mentioned, moves of it into `#movedTo` left out. */
  readonly #last: Int32Array;
  readonly #movedTo: Int32Array;
  readonly #movedAt: Int32Array;
  readonly #never: number;

  constructor(operations: readonly Operation[], parameters: number, registers: number) {
    const filled = (value: number): Int32Array => new Int32Array(registers).fill(value);
    this.#never = operations.length;
    this.#lastRead = filled(-1);
    this.#first = filled(this.#never);
    this.#loop = filled(SEVERAL);
    this.#last = filled(-1);
    this.#movedTo = filled(-1);
    this.#movedAt = filled(-1);
    this.#first.fill(-1, 0, parameters);
    for (const [at, { operands }] of operations.entries()) {
      for (const operand of operands) if (operand >= 0) this.#lastRead[operand] = at;
    }
  }

  /** Whether the value of `x`, moved to `y` at this place, can be given to `y` at once. */
  canBecome(x: number, y: number, at: number, loop: number): boolean {
    const first = this.#first[x];
    return (
      this.#lastRead[x] === at &&
      this.#loop[x] === loop &&
      this.#last[y] <= first &&
      (this.#movedTo[y] === x || this.#movedAt[y] <= first)
    );
  }

  merge(x: number, y: number, at: number, loop: number): void {
    this.#write(y, this.#first[x], loop);
    this.#last[y] = at;
  }

  mention({ name, target, operands }: Operation, at: number, loop: number): void {
    for (const operand of operands) {
      if (operand < 0) continue;
      const isMoved = name === 'MOVE' && (this.#movedAt[operand] < 0 || this.#movedTo[operand] === target);
      if (isMoved) [this.#movedTo[operand], this.#movedAt[operand]] = [target, at];
      else this.#last[operand] = at;
    }
    if (target < 0) return;
    this.#write(target, at, name === 'LOOP' ? SEVERAL : loop);
    this.#last[target] = at;
  }

  #write(register: number, at: number, loop: number): void {
    const isFirst = this.#first[register] === this.#never;
    this.#loop[register] = isFirst || this.#loop[register] === loop ? loop : SEVERAL;
    this.#first[register] = Math.min(this.#first[register], at);
  }
}
