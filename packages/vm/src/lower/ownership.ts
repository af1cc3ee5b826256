import { INSTRUCTIONS, type InstructionName } from '@smc/protocol';
import { IN_PLACE } from '../builtins/table.ts';
import type { Operation, Routine } from './lir.ts';

/**
 * Finds where a map or set of the state is used linearly, so that it can be changed in place.
 *
 * A step **confines** the collection of a field where the registers that can hold it, or what insertions and removals
 * make of it, are otherwise only read, or committed to the same field. Such a change becomes a CHANGE where none
 * of these registers, nor the field, can be read after it before it is written: so nobody sees what there was before.
 * Where a step does not confine a collection that any step of the machine CHANGEs, it shares it.
 *
 * That nobody else holds it is known when it runs: what a CHANGE gives is owned (`Collection`) until it is shared, by SHARE
 * or because the host asks for the state.
 */

/** Built-ins that read their first operand, and keep nothing of it but entries. */
const READERS: readonly InstructionName[] = [
  'MAP_GET',
  'MAP_HAS',
  'MAP_KEYS',
  'MAP_VALUES',
  'MAP_ENTRIES',
  'SET_HAS',
  'SET_TO_LIST',
];
const READING: ReadonlySet<number> = new Set(READERS.map((name) => INSTRUCTIONS[name].code));

/** The steps of a machine, whose state has so many fields, with CHANGE, SHARE and SETTLE where they belong. */
export function withOwnership(steps: readonly Routine[], fields: number): readonly Routine[] {
  if (!steps.some(({ operations }) => operations.some(isChange))) return steps;
  const uses = steps.map((routine) => usesOf(routine, fields));
  const changed = Array.from({ length: fields }, (_, field) =>
    uses.some((each) => each[field].changes.length > 0),
  );
  return steps.map((routine, step) => {
    const changes = new Set(uses[step].flatMap((each) => each.changes));
    const shared = uses[step].map(({ isConfined }, field) => changed[field] && !isConfined);
    return { ...routine, operations: rewritten(routine.operations, changes, shared) };
  });
}

function rewritten(
  operations: readonly Operation[],
  changes: ReadonlySet<Operation>,
  shared: readonly boolean[],
): Operation[] {
  return operations.flatMap((operation, at): Operation[] => {
    const { name, target, immediate } = operation;
    if (changes.has(operation)) return [{ ...operation, name: 'CHANGE' }];
    if (name === 'STATE' && shared[immediate]) {
      return [operation, { ...BARE, name: 'SHARE', operands: [target] }];
    }
    const isFirst = name === 'COMMIT' && operations[at - 1]?.name !== 'COMMIT';
    return isFirst && changes.size > 0 ? [{ ...BARE, name: 'SETTLE' }, operation] : [operation];
  });
}

const BARE = { target: -1, operands: [], immediate: 0, pending: 0, labels: [], order: null } as const;

/** How a step uses the collection of a field, if it is one. */
interface Uses {
  readonly isConfined: boolean;
  readonly changes: readonly Operation[];
}

const UNUSED: Uses = { isConfined: true, changes: [] };
const NOT_CONFINED: Uses = { isConfined: false, changes: [] };

function usesOf({ operations }: Routine, fields: number): Uses[] {
  const holders = Array.from({ length: fields }, (_, field) => holdersOf(operations, field));
  const held = new Set<number>();
  const twice = new Set<number>();
  for (const register of holders.flatMap((registers) => [...registers.keys()])) {
    (held.has(register) ? twice : held).add(register);
  }
  return holders.map((registers, field) => {
    if (registers.size === 0) return UNUSED;
    if (registers.size > REGISTERS_MAX || [...registers.keys()].some((each) => twice.has(each)))
      return NOT_CONFINED;
    if (!operations.every((operation) => keeps(operation, registers, field))) return NOT_CONFINED;
    return { isConfined: true, changes: new Liveness(operations, registers, field).lastChanges() };
  });
}

/** Whether it is an insertion or a removal. */
const isChange = ({ name, immediate }: Operation): boolean =>
  name === 'BUILT_IN' && IN_PLACE[immediate] !== undefined;

/** Whether it gives its first operand, or what that becomes. */
const passesOn = (operation: Operation): boolean => operation.name === 'MOVE' || isChange(operation);

/** The registers that can hold the collection of a field, each with a bit of its own. */
type Holders = ReadonlyMap<number, number>;

const FIELD = 1;
/** As many as integers of the host have bits, beside that of the field and the sign. */
const REGISTERS_MAX = 30;

function holdersOf(operations: readonly Operation[], field: number): Holders {
  const given = new Map<number, number[]>();
  const found: number[] = [];
  for (const operation of operations) {
    const { name, target, operands, immediate } = operation;
    if (name === 'STATE' && immediate === field) found.push(target);
    if (!passesOn(operation)) continue;
    const targets = given.get(operands[0]);
    if (targets === undefined) given.set(operands[0], [target]);
    else targets.push(target);
  }
  const holders = new Map<number, number>();
  for (const register of found) {
    if (holders.has(register)) continue;
    holders.set(register, FIELD << (holders.size + 1));
    for (const target of given.get(register) ?? []) found.push(target);
  }
  return holders;
}

/** Whether nothing gets by an operation from these registers to anywhere but these and the field. */
function keeps(operation: Operation, registers: Holders, field: number): boolean {
  const { name, operands, immediate } = operation;
  if (name === 'CHECK_SIZE' || name === 'COUNT') return true;
  const [first, ...others] = operands;
  if (others.some((operand) => registers.has(operand))) return false;
  if (!registers.has(first) || passesOn(operation)) return true;
  return name === 'COMMIT' ? immediate === field : name === 'BUILT_IN' && READING.has(immediate);
}

/** Three do but where branches leave loops in loops; where these do not, nothing is changed in place. */
const PASSES_MAX = 8;

/** Which of some registers, and of the field that they belong to, can be read before they are written: as bits. */
class Liveness {
  readonly #operations: readonly Operation[];
  readonly #registers: Holders;
  readonly #field: number;
  /** Behind the END of a label; at the start of an iteration; behind a loop: by the NEXT. */
  readonly #ends = new Map<number, number>();
  readonly #starts = new Map<Operation, number>();
  /** Changes whose operand nobody can read after them, by another register or in the field. */
  #changes: Operation[] = [];

  constructor(operations: readonly Operation[], registers: Holders, field: number) {
    this.#operations = operations;
    this.#registers = registers;
    this.#field = field;
  }

  lastChanges(): readonly Operation[] {
    for (let pass = 0; pass < PASSES_MAX; pass++) if (this.#pass()) return this.#changes;
    return [];
  }

  /** Goes backward through all; false where what a loop reads was not known before. */
  #pass(): boolean {
    this.#changes = [];
    let isKnown = true;
    let live = 0;
    const loops: { readonly next: Operation; readonly after: number }[] = [];
    for (const operation of this.#operations.toReversed()) {
      if (operation.name === 'NEXT') {
        loops.push({ next: operation, after: live });
        live |= this.#starts.get(operation) ?? 0;
      } else if (operation.name === 'LOOP') {
        const { next, after } = loops.pop()!;
        isKnown &&= live === (this.#starts.get(next) ?? 0);
        this.#starts.set(next, live);
        live |= after;
      } else live = this.#before(operation, live);
    }
    return isKnown;
  }

  /** What is live before an operation, where this is live after it. */
  #before(operation: Operation, after: number): number {
    const { name, target, operands, immediate, labels } = operation;
    const own = this.#registers.get(target) ?? 0;
    let live = after & ~own;
    if (live === 0 && isChange(operation) && this.#registers.has(operands[0])) this.#changes.push(operation);
    if (name === 'END') this.#ends.set(immediate, live);
    else if (name === 'BR_TABLE') live = labels.reduce((all, label) => all | this.#ends.get(label)!, 0);
    else if (name === 'BR') live = this.#ends.get(immediate)!;
    else if (name.startsWith('BR_')) live |= this.#ends.get(immediate)!;
    else if (name === 'FAIL') live = 0;
    else if (name === 'RETURN') live = FIELD;
    else if (immediate === this.#field && name === 'COMMIT') live &= ~FIELD;
    else if (immediate === this.#field && name === 'STATE') live |= FIELD;
    for (const operand of operands) live |= this.#registers.get(operand) ?? 0;
    return live;
  }
}
