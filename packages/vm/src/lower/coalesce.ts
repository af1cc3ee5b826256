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
 * Paths that write x write it once, so an `x = MOVE y` on another one does no harm; unless x was given a value that
 * was there before the paths parted (`Arms`): then it is written on all of them.
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
  const arms = new Arms();
  const open = [0];
  let loops = 0;
  for (const [at, operation] of operations.entries()) {
    arms.pass(operation, at);
    if (operation.name === 'LOOP') open.push(++loops);
    const loop = open[open.length - 1];
    const { name, target } = operation;
    const from = name === 'MOVE' ? operation.operands[0] : -1;
    if (from >= parameters && known.canBecome(from, target, at, loop)) {
      alias[from] = target;
      known.merge(from, target, at, { loop, arm: arms.start });
    } else known.mention(operation, at, loop);
    if (name === 'NEXT') open.pop();
  }
  return find;
}

/** What nothing comes after, on its path. */
const LEAVING: ReadonlySet<Operation['name']> = new Set(['BR', 'BR_TABLE', 'RETURN', 'FAIL']);

/** A block or loop that is open. */
interface OpenBlock {
  /** The place behind which nothing ran but on the path that is looked at. */
  start: number;
  /** Of the branches in it that leave more than it: where the last is, and how many blocks around the outermost are left. */
  lastOut: number;
  outermost: number;
}

/**
 * Where paths part and meet, up to an operation: what stands behind `start` runs where the operation runs, and
 * on no path that leaves before it. What stands before it may have run on others too.
 */
class Arms {
  readonly #open: OpenBlock[] = [{ start: -1, lastOut: -1, outermost: 0 }];
  /** How many blocks are around that with a label. */
  readonly #depths = new Map<number, number>();
  /** Whether what comes next is reached from what stands before it. */
  #isReached = true;

  get start(): number {
    return this.#open[this.#open.length - 1].start;
  }

  pass({ name, immediate, labels }: Operation, at: number): void {
    const isReached = this.#isReached;
    this.#isReached = true;
    if (name === 'BLOCK') this.#depths.set(immediate, this.#open.length);
    if (name === 'BLOCK' || name === 'LOOP') return this.#begin(at);
    if (name === 'END' || name === 'NEXT') {
      this.#end();
      // Only those come here who have left the block.
      if (!isReached) this.#open[this.#open.length - 1].start = at;
      return;
    }
    this.#isReached = !LEAVING.has(name);
    if (!name.startsWith('BR')) return;
    const depths = (name === 'BR_TABLE' ? labels : [immediate]).map((label) => this.#depths.get(label)!);
    const top = this.#open[this.#open.length - 1];
    const outermost = Math.min(...depths);
    top.start = at;
    if (outermost >= this.#open.length - 1) return;
    top.lastOut = at;
    top.outermost = Math.min(top.outermost, outermost);
  }

  #begin(at: number): void {
    this.#open.push({ start: at, lastOut: -1, outermost: this.#open.length });
  }

  #end(): void {
    const { lastOut, outermost } = this.#open.pop()!;
    const depth = this.#open.length - 1;
    const around = this.#open[depth];
    // Whoever has left the block around it too had run what stands before.
    if (lastOut >= 0 && outermost <= depth) around.start = Math.max(around.start, lastOut);
    if (lastOut < 0 || outermost >= depth) return;
    around.lastOut = Math.max(around.lastOut, lastOut);
    around.outermost = Math.min(around.outermost, outermost);
  }
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
  /** Whether it may be written on a path that writes it again. */
  readonly #isEarly: Uint8Array;
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
    this.#isEarly = new Uint8Array(registers);
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
      ((this.#movedTo[y] === x && this.#isEarly[x] === 0) || this.#movedAt[y] <= first)
    );
  }

  /** `arm` is where the path begins that the move is on. */
  merge(x: number, y: number, at: number, { loop, arm }: { loop: number; arm: number }): void {
    if (this.#isEarly[x] !== 0 || this.#first[x] < arm) this.#isEarly[y] = 1;
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
