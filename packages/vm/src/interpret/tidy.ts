import type { Operation } from '../lower/lir.ts';

/**
 * Takes moves and jumps out of the operations of a routine that the interpreter would spend a
 * dispatch on, and that the compiler of the host takes out by itself.
 *
 * - **Moves**: where a register s is written only to be moved to d, it is d that is written in
 *   its place. Between the first write of s and the move no path may write d, nor read it
 *   once s is written, nor leave for behind the move; and nothing else may read s after it.
 * - **Jumps** to what comes next anyway.
 *
 * It looks at no more than `LOOKS_PER_OPERATION` operations for each there is, and leaves the
 * rest as it is.
 */
export function tidy(operations: readonly Operation[]): readonly Operation[] {
  const tidied = [...operations];
  const uses = usesOf(operations);
  const parents = parentsOf(operations);
  let looks = LOOKS_PER_OPERATION * operations.length;
  for (const [at, { name, target, operands }] of operations.entries()) {
    const [from] = operands;
    if (name !== 'MOVE' || from < 0 || from === target) continue;
    const use = uses[from];
    if (use.firstWrite < 0 || use.lastRead !== at) continue;
    // From outside the blocks that the first write is in and the move is not.
    let start = use.firstWrite;
    while (start >= 0 && parents[start] !== parents[at]) start = parents[start];
    if (start < 0) continue;
    looks -= at - start;
    if (looks < 0) break;
    if (!canBecome(tidied, start, at, from, target)) continue;
    for (let i = start; i <= at; i++) tidied[i] = renamed(tidied[i], from, target);
    uses[target].firstWrite = Math.min(uses[target].firstWrite, use.firstWrite);
  }
  return withoutJumps(tidied.filter((operation) => !isIdle(operation)));
}

const LOOKS_PER_OPERATION = 16;

interface Use {
  firstWrite: number;
  lastRead: number;
}

/** By register; a parameter is written by nobody. */
function usesOf(operations: readonly Operation[]): Use[] {
  const uses: Use[] = [];
  const of = (register: number): Use => (uses[register] ??= { firstWrite: -1, lastRead: -1 });
  for (const [at, { target, operands }] of operations.entries()) {
    for (const operand of operands) if (operand >= 0) of(operand).lastRead = at;
    if (target >= 0 && of(target).firstWrite < 0) of(target).firstWrite = at;
  }
  return uses;
}

/** By operation: where the innermost block or loop around it starts, or -1. */
function parentsOf(operations: readonly Operation[]): number[] {
  const open = [-1];
  return operations.map(({ name }, at) => {
    if (name === 'END' || name === 'NEXT') open.pop();
    const parent = open.at(-1)!;
    if (name === 'BLOCK' || name === 'LOOP') open.push(at);
    return parent;
  });
}

/** Whether all of `from` between its first write and the move at `end` can be `to`. */
function canBecome(
  operations: readonly Operation[],
  start: number,
  end: number,
  from: number,
  to: number,
): boolean {
  /** Of blocks that start here: whether `from` is written on some way to behind their ends. */
  const written = new Map<number, boolean>();
  const open: number[] = [];
  let isWritten = false;
  for (let at = start; at < end; at++) {
    const { name, target, operands, immediate, labels } = operations[at];
    if (isWritten && operands.includes(to)) return false;
    if (target === to) return false;
    if (name === 'LOOP' || name === 'NEXT') return false;
    if (target === from) isWritten = true;
    if (name === 'BLOCK') {
      open.push(immediate);
      written.set(immediate, false);
    } else if (name === 'END') {
      isWritten ||= written.get(open.pop()!)!;
    } else if (name.startsWith('BR')) {
      for (const label of name === 'BR_TABLE' ? labels : [immediate]) {
        if (!written.has(label)) return false;
        if (isWritten) written.set(label, true);
      }
    }
    if (name === 'BR' || name === 'BR_TABLE' || name === 'FAIL' || name === 'RETURN') isWritten = false;
  }
  return true;
}

function renamed(operation: Operation, from: number, to: number): Operation {
  const { target, operands } = operation;
  if (target !== from && !operands.includes(from)) return operation;
  return {
    ...operation,
    target: target === from ? to : target,
    operands: operands.map((operand) => (operand === from ? to : operand)),
  };
}

const isIdle = ({ name, target, operands }: Operation): boolean => name === 'MOVE' && target === operands[0];

/** Without those that go to what comes next anyway. */
function withoutJumps(operations: readonly Operation[]): readonly Operation[] {
  const open: number[] = [];
  return operations.filter(({ name, immediate }, at) => {
    if (name === 'BLOCK') open.push(immediate);
    if (name === 'LOOP') open.push(NO_LABEL);
    if (name === 'END' || name === 'NEXT') open.pop();
    if (name !== 'BR') return true;
    let ends = 0;
    while (operations[at + 1 + ends]?.name === 'END') ends++;
    return !open.slice(open.length - ends).includes(immediate);
  });
}

const NO_LABEL = -1;
