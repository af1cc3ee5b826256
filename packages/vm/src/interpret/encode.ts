import type { KeyOrder, Value } from '@smc/protocol';
import type { BuiltIn } from '../builtins/meter.ts';
import { BUILT_INS, IN_PLACE } from '../builtins/table.ts';
import type { Lowered, Operation, Routine } from '../lower/lir.ts';
import { Calls } from '../lower/calls.ts';
import { CODES, type CodeName } from './codes.ts';
import { COMPARING, PLAIN, READING } from './forms.ts';
import { integersOf, type Integers } from './integers.ts';
import { slotsOf, type Slots } from './slots.ts';

/**
 * LIR as the interpreter runs it: all routines of a unit in one array of words, each
 * instruction in a multiple of four, so that most of them take no more.
 *
 * All registers of a unit are in one file. No routine is entered twice at a time (the verifier
 * has seen to it), so each has its window in it for good, and its operands are absolute
 * positions. Behind the windows stand the constants of the unit, which so are operands as
 * registers are; small integers also stand in the words themselves.
 */
export interface Encoded {
  readonly code: Int32Array;
  /** By a quarter of the position: the fuel that is pending there, of instructions that can fail. */
  readonly pending: Int32Array;
  /** By routine: where it starts, what entering it spends, the first register of its window. */
  readonly entries: Int32Array;
  readonly fuels: Int32Array;
  readonly windows: Int32Array;
  /** By routine: how many of the first registers of its window are parameters. */
  readonly parameters: Int32Array;
  /** By routine: registers of its window that may hold what the host must be able to free. */
  readonly sweeps: readonly Int32Array[];
  /** By routine: whether it looks at its first parameter. */
  readonly readsInput: readonly boolean[];
  /** What built-ins are called with what order of keys, by number. */
  readonly sites: readonly Site[];
  /** Lists of operands, each after its length: of the instructions that have many. */
  readonly lists: Int32Array;
  /** How many registers all windows have. */
  readonly registers: number;
  /** What stands behind them. */
  readonly constants: readonly Value[];
  /** And behind those, in the file of integers alone: divisors, each before its reciprocal. */
  readonly divisors: readonly number[];
  readonly isProduct: boolean;
}

export interface Site {
  readonly run: BuiltIn;
  readonly order: KeyOrder | null;
}

export function encode(lowered: Lowered): Encoded {
  return new Encoder(lowered).encode();
}

/** Instructions that end a run, or a routine, and can stand anywhere. */
const ENDS: ReadonlySet<number> = new Set(
  (['RETURN', 'RETURN_STATE', 'COMMIT_RETURN', 'COMMIT_ALL_RETURN'] as const).map((name) => CODES[name]),
);

interface Loop {
  readonly target: number;
  readonly count: number;
  readonly body: number;
  readonly fuel: number;
  /** The word that is to have the position behind the loop. */
  readonly exit: number;
}

class Encoder {
  readonly #lowered: Lowered;
  readonly #words: number[] = [];
  readonly #pending: number[] = [];
  readonly #sites: Site[] = [];
  readonly #lists: number[] = [];
  readonly #firstConstant: number;
  readonly #entered: ReadonlySet<number>;
  readonly #windows: number[] = [];
  readonly #slots: Slots[] = [];
  /** Of the routine that is being encoded: the position of each register. */
  #positions = new Int32Array();
  /** By register of the routine that is being encoded: how often it is read. */
  #reads: number[] = [];
  #integers: Integers = { isInteger: [], isReference: [] };
  readonly #sweeps: Int32Array[] = [];
  readonly #divisors: number[] = [];
  /** Where each of them is. */
  readonly #divisorAt = new Map<number, number>();
  /** Words that are to have the position of the end of the block with a label. */
  readonly #branches = new Map<number, number[]>();
  /** Whether the routine that is being encoded is entered from outside alone. */
  #isOutermost = false;
  /** The words that say where to go, by the place that they go to. */
  readonly #jumping: number[] = [];
  readonly #jumps = new Set<number>();
  /** Labels of open blocks, and loops. */
  readonly #open: (number | Loop)[] = [];

  constructor(lowered: Lowered) {
    this.#lowered = lowered;
    let registers = 0;
    for (const [index, routine] of lowered.routines.entries()) {
      this.#windows.push(registers);
      this.#slots.push(slotsOf(routine));
      registers += this.#slots[index].count;
    }
    this.#firstConstant = registers;
    this.#entered = new Calls(lowered).entered();
  }

  encode(): Encoded {
    const { routines, constants, state } = this.#lowered;
    const entries = routines.map((routine, index) => this.#routine(routine, index));
    this.#shorten();
    return {
      code: Int32Array.from(this.#words),
      pending: Int32Array.from(this.#pending),
      entries: Int32Array.from(entries),
      fuels: Int32Array.from(routines, ({ fuel }) => fuel),
      windows: Int32Array.from(this.#windows),
      parameters: Int32Array.from(routines, ({ parameters }) => parameters),
      sweeps: this.#sweeps,
      readsInput: routines.map(({ operations }) => operations.some(({ operands }) => operands.includes(0))),
      sites: this.#sites,
      lists: Int32Array.from(this.#lists),
      registers: this.#firstConstant,
      constants: [...constants, null],
      divisors: this.#divisors,
      isProduct: state.isProduct,
    };
  }

  #routine(routine: Routine, index: number): number {
    const { operations, parameters, registers } = routine;
    const entry = this.#words.length;
    const window = this.#windows[index];
    this.#positions = this.#slots[index].slots.map((slot) => window + slot);
    this.#isOutermost = !this.#entered.has(index);
    this.#reads = Array.from({ length: registers }, () => 0);
    for (const { operands } of operations) {
      for (const operand of operands) if (operand >= 0) this.#reads[operand]++;
    }
    this.#integers = integersOf(routine, this.#lowered.constants);
    const { isReference } = this.#integers;
    const swept = this.#positions.filter((_, register) => isReference[register] || register < parameters);
    this.#sweeps.push(Int32Array.from(new Set(swept)));
    for (let register = 0; register < parameters; register++) this.#integer(register);
    for (let at = 0; at < operations.length;) at += this.#fused(operations, at) || this.#one(operations[at]);
    return entry;
  }

  /**
   * Encodes some operations as one where that is worth it, and the host then need not put
   * away what is between them. Gives how many, or 0.
   */
  #fused(operations: readonly Operation[], at: number): number {
    const [first, second] = [operations[at], operations[at + 1]];
    if (second === undefined) return 0;
    // Nobody else reads it, or it is overwritten at once.
    const isPassed =
      first.target >= 0 &&
      second.operands[0] === first.target &&
      (this.#reads[first.target] === 1 || second.target === first.target);
    if (first.name === 'STATE' && second.name === 'ADD' && isPassed) {
      const by = this.#small(second.operands[1]);
      if (by === null) return 0;
      if (this.#addsToState(operations, at, by)) return 4;
      this.#emit('STATE_ADD_SMALL', this.#register(second.target), first.immediate, by, second.pending);
      return 2;
    }
    if (first.name === 'STATE' && second.name === 'RETURN' && isPassed && this.#isOutermost) {
      this.#emit('RETURN_STATE', first.immediate, 0, 0);
      return 2;
    }
    if (first.name === 'COMMIT' && this.#isOutermost) return this.#commits(operations, at);
    if (first.name === 'TAG' && second.name === 'BR_TABLE' && isPassed) {
      this.#table('BR_TAG_TABLE', this.#register(first.operands[0]), second.labels);
      return 2;
    }
    if (first.name === 'TAG' && second.name === 'BR_DIFFERENT' && isPassed) {
      const tag = this.#small(second.operands[1]);
      if (tag === null) return 0;
      this.#branch('BR_TAG_DIFFERENT', this.#register(first.operands[0]), tag, second.immediate);
      return 2;
    }
    return 0;
  }

  /** A field of the state that a small integer is added to, and nothing else. */
  #addsToState(operations: readonly Operation[], at: number, by: number): boolean {
    const [state, add, commit, end] = operations.slice(at, at + 4);
    const isAll =
      this.#isOutermost &&
      commit?.name === 'COMMIT' &&
      end?.name === 'RETURN' &&
      commit.immediate === state.immediate &&
      commit.operands[0] === add.target &&
      this.#reads[add.target] === 1;
    if (isAll)
      this.#emit('ADD_TO_STATE_RETURN', state.immediate, by, this.#value(end.operands[0]), add.pending);
    return isAll;
  }

  /** The end of a step: what is committed stands together, before the RETURN. */
  #commits(operations: readonly Operation[], at: number): number {
    let end = at;
    while (operations[end].name === 'COMMIT') end++;
    const reply = operations[end];
    if (reply.name !== 'RETURN') return 0;
    const commits = operations.slice(at, end);
    const pairs = commits.flatMap(({ immediate, operands }) => [immediate, this.#value(operands[0])]);
    const value = this.#value(reply.operands[0]);
    if (commits.length === 1) this.#emit('COMMIT_RETURN', pairs[0], pairs[1], value);
    else
      this.#emit('COMMIT_ALL_RETURN', this.#lists.push(pairs.length, ...pairs) - pairs.length - 1, value, 0);
    return commits.length + 1;
  }

  #one(operation: Operation): number {
    const { name, target, operands, immediate, pending } = operation;
    if (this.#withSmall(operation) || this.#withDivisor(operation)) return 1;
    const plain = PLAIN[name];
    const reading = READING[name];
    const comparing = COMPARING[name];
    if (plain !== undefined) {
      const [code, [written, ...read]] = plain;
      const [a = 0, b = 0] = read.map((kind, index) =>
        kind === 'v' ? this.#value(operands[index]) : this.#register(operands[index]),
      );
      this.#emit(code, this.#target(target), a, b, pending);
      if (written === 'd') this.#integer(target);
    } else if (reading !== undefined) {
      const isInteger = this.#isInteger(target) && !this.#integers.isReference[target];
      const words = operands.map((operand) => this.#register(operand));
      const [a = 0, b = 0] = words.length === 2 ? words : [...words, immediate];
      this.#emit(reading[isInteger ? 0 : 1], this.#target(target), a, b);
      if (!isInteger) this.#integer(target);
    } else if (comparing !== undefined) {
      const code = comparing[operands.some((operand) => this.#isInteger(operand)) ? 0 : 1];
      const [a, b] = operands.map((operand) => this.#register(operand));
      if (target < 0) this.#branch(code, a, b, immediate);
      else this.#emit(code, this.#target(target), a, b);
    } else this.#special(operation);
    return 1;
  }

  /** A register or constant that is in the file of integers. */
  #isInteger(operand: number): boolean {
    return operand >= 0
      ? this.#integers.isInteger[operand]
      : typeof this.#lowered.constants[~operand] === 'number';
  }

  /** What was written to the file of references is taken as an integer: from then on it is in that of integers. */
  #integer(register: number): void {
    if (register < 0 || !this.#integers.isInteger[register]) return;
    const position = this.#register(register);
    this.#emit('INTEGER', position, position, 0);
  }

  #move(target: number, from: number): void {
    const [to, at] = [this.#register(target), this.#register(from)];
    if (this.#integers.isInteger[target]) this.#emit('MOVE_INTEGER', to, at, 0);
    if (this.#integers.isReference[target]) this.#emit('MOVE', to, at, 0);
  }

  /** Operations with a constant that fits a word. */
  #withSmall({ name, target, operands, immediate, pending }: Operation): boolean {
    if (operands.length !== 2) return false;
    const [left, right] = [this.#small(operands[0]), this.#small(operands[1])];
    const [a, b] = operands;
    const give = (code: CodeName, register: number, small: number): boolean => {
      this.#emit(code, this.#register(target), this.#register(register), small, pending);
      return true;
    };
    const branch = (code: CodeName, register: number, small: number): boolean => {
      if ((small | 0) !== small) return false;
      this.#branch(code, this.#register(register), small, immediate);
      return true;
    };
    if (left !== null && right !== null) return false;
    switch (name) {
      case 'ADD':
      case 'OFFSET':
        if (right !== null) return give('ADD_SMALL', a, right);
        return left !== null && give('ADD_SMALL', b, left);
      case 'SUB':
        return right !== null && (-right | 0) === -right && give('ADD_SMALL', a, -right);
      case 'MUL':
        if (right !== null) return give('MUL_SMALL', a, right);
        return left !== null && give('MUL_SMALL', b, left);
      case 'BR_SAME':
        return right !== null && branch('BR_SAME_SMALL', a, right);
      case 'BR_DIFFERENT':
        return right !== null && branch('BR_DIFFERENT_SMALL', a, right);
      case 'BR_LESS':
        if (right !== null) return branch('BR_AT_MOST_SMALL', a, right - 1);
        return left !== null && branch('BR_AT_LEAST_SMALL', b, left + 1);
      case 'BR_NOT_GREATER':
        if (right !== null) return branch('BR_AT_MOST_SMALL', a, right);
        return left !== null && branch('BR_AT_LEAST_SMALL', b, left);
      default:
        return false;
    }
  }

  /** REM by a constant: a product with its reciprocal takes a fraction of the time of a quotient. */
  #withDivisor({ name, target, operands }: Operation): boolean {
    const divisor = name === 'REM' && operands[1] < 0 ? this.#lowered.constants[~operands[1]] : 0;
    if (typeof divisor !== 'number' || divisor <= 0) return false;
    const index = this.#divisorAt.get(divisor) ?? this.#divisors.push(divisor, 1 / divisor) - 2;
    this.#divisorAt.set(divisor, index);
    this.#emit('REM_BY', this.#target(target), this.#register(operands[0]), this.#spare + 1 + index);
    return true;
  }

  /** Goes at once to where a jump to a jump leads, and ends where it leads to the end. */
  #shorten(): void {
    const words = this.#words;
    // All go forward: those that go furthest first.
    for (const word of this.#jumping.reverse()) {
      if (words[words[word]] === CODES.JUMP) words[word] = words[words[word] + 3];
      const [from, to] = [word - 3, words[word]];
      if (!this.#jumps.has(from) || !ENDS.has(words[to])) continue;
      for (let i = 0; i < 4; i++) words[from + i] = words[to + i];
      this.#pending[from / 4] = this.#pending[to / 4];
    }
  }

  #special({ name, target, operands, immediate, pending, labels, order }: Operation): void {
    const a = operands.length > 0 ? this.#register(operands[0]) : 0;
    const value = operands.length > 0 ? this.#value(operands[0]) : 0;
    const to = this.#target(target);
    switch (name) {
      case 'BLOCK':
        this.#open.push(immediate);
        return;
      case 'END':
        return this.#land(this.#branches.get(this.#open.pop() as number) ?? []);
      case 'BR':
        this.#jumps.add(this.#words.length);
        return this.#branch('JUMP', 0, 0, immediate);
      case 'BR_LESS':
      case 'BR_NOT_GREATER':
        return this.#branch(name, a, this.#register(operands[1]), immediate);
      case 'BR_PRESENT':
        return this.#branch(name, a, 0, immediate);
      case 'BR_TABLE':
        return this.#table('BR_TABLE', a, labels);
      case 'MOVE':
        return this.#move(target, operands[0]);
      case 'LOOP': {
        const start = this.#emit('LOOP', to, a, 0);
        this.#more([immediate]);
        this.#open.push({ target: to, count: a, body: start + 8, fuel: immediate, exit: start + 3 });
        return;
      }
      case 'NEXT': {
        const loop = this.#open.pop() as Loop;
        this.#emit('NEXT', loop.target, loop.count, loop.body);
        this.#more([pending, loop.fuel]);
        return this.#land([loop.exit]);
      }
      case 'RETURN':
        this.#emit('RETURN', value, 0, 0);
        return;
      case 'SPEND':
        this.#emit('SPEND', pending, 0, 0);
        return;
      case 'CHARGE':
        this.#emit('CHARGE', immediate, 0, 0);
        return;
      case 'COMMIT':
        this.#emit('COMMIT', immediate, value, 0);
        return;
      case 'SUM':
      case 'CLOSURE':
        this.#emit(name, to, immediate, value);
        return;
      case 'TUPLE':
      case 'LIST':
        this.#emit(name, to, this.#list(operands), 0, pending);
        return;
      case 'CHECK_SIZE':
        this.#emit(name, to, immediate, this.#list(operands), pending);
        return;
      case 'CALL':
        this.#emit('CALL', to, immediate, this.#list(operands), pending);
        return this.#integer(target);
      case 'BUILT_IN':
      case 'CHANGE': {
        const { run } = (name === 'CHANGE' ? IN_PLACE : BUILT_INS)[immediate]!;
        this.#emit('BUILT_IN', to, this.#sites.push({ run, order }) - 1, pending);
        // What it has no operand for is given the null of the spare register.
        this.#more(
          [0, 1, 2].map((index) => (index < operands.length ? this.#value(operands[index]) : this.#spare)),
        );
        return this.#integer(target);
      }
      default:
        throw new Error(`${name} has another place`);
    }
  }

  /** The position of a register or constant in the file of references, or `~` of it in that of integers. */
  #value(operand: number): number {
    const position = this.#register(operand);
    return operand >= 0 && this.#integers.isInteger[operand] ? ~position : position;
  }

  /** The position of a register, or constant, in the files. */
  #register(operand: number): number {
    return operand >= 0 ? this.#positions[operand] : this.#firstConstant + ~operand;
  }

  #target(target: number): number {
    return target < 0 ? this.#spare : this.#register(target);
  }

  /** Behind the constants: it holds null, and is given null where nothing else is to be written. */
  get #spare(): number {
    return this.#firstConstant + this.#lowered.constants.length;
  }

  /** A constant that fits a word, else null. */
  #small(operand: number): number | null {
    const value = operand < 0 ? this.#lowered.constants[~operand] : null;
    return typeof value === 'number' && (value | 0) === value ? value : null;
  }

  /** Gives the position of the instruction. */
  #emit(code: CodeName, first: number, second: number, third: number, pending = 0): number {
    this.#pending.push(pending);
    return this.#words.push(CODES[code], first, second, third) - 4;
  }

  #more(words: readonly number[]): void {
    for (const word of words) this.#words.push(word);
    this.#pad();
  }

  #pad(): void {
    while (this.#words.length % 4 !== 0) this.#words.push(0);
    while (this.#pending.length < this.#words.length / 4) this.#pending.push(0);
  }

  #list(operands: readonly number[]): number {
    const start = this.#lists.push(operands.length) - 1;
    for (const operand of operands) this.#lists.push(this.#value(operand));
    return start;
  }

  #table(code: CodeName, operand: number, labels: readonly number[]): void {
    const start = this.#emit(code, operand, 0, 0) + 4;
    for (const [tag, label] of labels.entries()) {
      this.#words.push(0);
      this.#branchesTo(label).push(start + tag);
    }
    this.#pad();
  }

  #branch(code: CodeName, first: number, second: number, label: number): void {
    this.#branchesTo(label).push(this.#emit(code, first, second, 0) + 3);
  }

  #branchesTo(label: number): number[] {
    let words = this.#branches.get(label);
    if (words === undefined) {
      words = [];
      this.#branches.set(label, words);
    }
    return words;
  }

  /** What comes next is jumped to from these words. */
  #land(words: number[]): void {
    for (const word of words) {
      this.#words[word] = this.#words.length;
      this.#jumping.push(word);
    }
    // Labels are unique in a routine alone.
    words.length = 0;
  }
}
