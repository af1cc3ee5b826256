// Long because there is one short typing rule an instruction, all about the same few fields.
import {
  BOOL,
  BYTES,
  INT,
  STRING,
  TIME,
  TYPE_LIMITS,
  TypeLimitError,
  TypeTable,
  UNIT,
  instructionName,
  isKey,
  wordsAt,
  type FunctionCode,
  type InstructionName,
  type TypeId,
  type TypeNode,
  type Unit,
  printType,
} from '@smc/protocol';
import type { Invalid } from './failure.ts';

/**
 * The verifier of code: the trust base. What passes it runs without a type test, ends, and
 * cannot reach the host.
 *
 * Each function is read once from left to right, with the type of the accumulator and of each
 * slot of the stack, and a stack of the blocks that are open. A block is a function, the body
 * of a CUR, FOLD or MAP, or the arms of a BRANCH or SWITCH; it has its part that is open now, which
 * ends at a known word, and a height of the stack below which it does not reach. Code is
 * reached by falling into it or by the one jump that its block names, so reading it once meets
 * every way into it. It takes time linear in the code.
 *
 * **Closures** are known when an image is loaded: for each APP there is exactly one CUR whose
 * closure it applies. These rules see to it:
 *
 * 1. A function, and a closure, takes data: the type of an argument is first-order. It may
 *    give a closure, so a closure can be a result, part of a tuple or a record, and on the
 *    stack.
 * 2. What comes out of a choice or an iteration is data: the types given by the arms of BRANCH
 *    and SWITCH, by FOLD, MAP and FAIL are first-order.
 * 3. The items of lists and the payloads of sums are data.
 *
 * So a closure reaches only the results of code before it. Order functions and bodies of CUR
 * by their place (function, end of the body): each can only call or apply one before itself.
 * None is entered twice at a time, and both stacks have a bound that is known beforehand.
 */

/** What a function, or one that it calls, does to the world; a set of these bits. */
export const READS = 1;
export const WRITES = 2;
export const CLOCK = 4;

/** What is known of a function after verification. */
export interface FunctionFacts {
  /** READS, WRITES and CLOCK. */
  readonly effects: number;
  /** Slots of the value stack that running it takes at most, all that it calls included. */
  readonly stackSlots: number;
  /** Frames, its own and those of what it calls or applies. */
  readonly frames: number;
  /** The words of its comparisons that are of scalars: Int, Time, Bool, unit. */
  readonly scalarComparisons: ReadonlySet<number>;
}

/** A unit that may run. */
export interface Verified {
  readonly kind: 'verified';
  /** The types of the unit under the same indices, then those that its code derives. */
  readonly types: TypeTable;
  readonly functions: readonly FunctionFacts[];
}

export const VERIFIER_LIMITS = {
  /** Of both stacks of a function: what they can grow to while it runs. */
  stackSlotsMax: 65_536,
  framesMax: 65_536,
} as const;

/** Where and why; it never leaves this file. */
class Refusal extends Error {
  readonly word: number | null;

  constructor(message: string, word: number | null) {
    super(message);
    this.word = word;
  }
}

/**
 * Verifies the code of a unit whose tables were checked (`verifyTables`). `state` is the type
 * of the state that GET and PUT are about, or null where there is neither state nor clock.
 */
export function verifyCode(unit: Unit, state: TypeId | null): Verified | Invalid {
  const types = copyOf(unit.types);
  const functions: FunctionFacts[] = [];
  for (const [index, code] of unit.functions.entries()) {
    const reader = new FunctionReader(unit, types, state, functions, code);
    try {
      functions.push(reader.read());
    } catch (error) {
      if (error instanceof Refusal) {
        const place = error.word === null ? {} : { word: error.word };
        return { kind: 'invalid', message: error.message, function: index, ...place };
      }
      if (!(error instanceof TypeLimitError)) throw error;
      return { kind: 'invalid', message: error.message, function: index, word: reader.word };
    }
  }
  return { kind: 'verified', types, functions };
}

/** The same types under the same indices; what is derived does not touch the image. */
function copyOf(types: TypeTable): TypeTable {
  const copy = new TypeTable();
  for (let id = copy.length; id < types.length; id++) copy.intern(types.node(id));
  return copy;
}

interface Block {
  readonly kind: 'function' | 'closure' | 'fold' | 'map' | 'choice';
  /** The word at which the part that is open now ends. */
  end: number;
  /** The height of the stack at its start; it does not reach below. */
  readonly base: number;
  /** The type that it must give; null while no arm has ended. */
  result: TypeId | null;
  /** The type of the accumulator after it. */
  readonly after: TypeId | null;
  /** Of a choice: the arms that are still to come, the next one last. */
  readonly arms: { readonly end: number; readonly takes: TypeId }[];
}

class FunctionReader {
  readonly #unit: Unit;
  readonly #types: TypeTable;
  readonly #state: TypeId | null;
  /** Of the functions before this one: those that it may call. */
  readonly #known: readonly FunctionFacts[];
  readonly #code: Int32Array;
  readonly #stack: TypeId[] = [];
  readonly #blocks: Block[] = [];
  #accumulator: TypeId;
  #name: InstructionName = 'RETURN';
  #next = 0;
  /** The word of the instruction that is being read. */
  word = 0;
  #height = 0;
  readonly #scalarComparisons = new Set<number>();
  #effects = 0;
  #closures = 0;
  #closuresOpen = 0;
  #slotsBelow = 0;
  #framesBelow = 0;

  constructor(
    unit: Unit,
    types: TypeTable,
    state: TypeId | null,
    known: readonly FunctionFacts[],
    { from, to, code }: FunctionCode,
  ) {
    this.#unit = unit;
    this.#types = types;
    this.#state = state;
    this.#known = known;
    this.#code = code;
    this.#accumulator = from;
    this.#blocks.push({ kind: 'function', end: code.length, base: 0, result: to, after: null, arms: [] });
  }

  read(): FunctionFacts {
    for (;;) {
      this.word = this.#next;
      this.#leaveChoices();
      const block = this.#blocks.at(-1);
      if (block === undefined) break;
      if (this.word >= block.end)
        this.#refuse(`the code of the ${block.kind} ends without ${END_OF[block.kind]}`);
      const name = instructionName(this.#code[this.word]);
      if (name === undefined) this.#refuse(`no instruction has the code ${this.#code[this.word]}`);
      this.#name = name;
      this.#next = this.word + wordsAt(this.#code, this.word);
      if (this.#next > block.end)
        this.#refuse(`${name} reaches over the end of the ${block.kind} at ${block.end}`);
      this.#instruction(name, block);
    }
    const { stackSlotsMax, framesMax } = VERIFIER_LIMITS;
    const stackSlots = this.#height * (1 + this.#closures) + this.#slotsBelow;
    const frames = 1 + this.#closures + this.#framesBelow;
    if (stackSlots > stackSlotsMax)
      throw new Refusal(`${stackSlots} slots of stack, at most ${stackSlotsMax}`, null);
    if (frames > framesMax) throw new Refusal(`calls ${frames} deep, at most ${framesMax}`, null);
    return { effects: this.#effects, stackSlots, frames, scalarComparisons: this.#scalarComparisons };
  }

  /** The typing rules, as in the instruction table. */
  #instruction(name: InstructionName, block: Block): void {
    const types = this.#types;
    const a = this.#accumulator;
    switch (name) {
      case 'FST':
        return this.#give(this.#pair('(a, b)')[0]);
      case 'SND':
        return this.#give(this.#pair('(a, b)')[1]);
      case 'PUSH':
        return this.#push(a);
      case 'SWAP':
        this.#give(this.#pop());
        return this.#push(a);
      case 'CONS':
        return this.#give(types.pair(this.#pop(), a));
      case 'QUOTE':
        return this.#give(this.#unit.constants[this.#index('constant', 1, this.#unit.constants.length)].type);
      case 'CUR': {
        const type = this.#typeOperand(1);
        const closure = this.#nodeOf('function', type);
        this.#closures++;
        this.#closuresOpen++;
        const { from, to: result } = closure;
        this.#open({ kind: 'closure', end: this.#target(2, block.end), result, after: type, arms: [] });
        return this.#give(types.pair(a, from));
      }
      case 'APP': {
        const [left, right] = this.#pair('(a → b, a)');
        const closure = types.node(left);
        if (closure.kind !== 'function' || closure.from !== right) this.#mismatch('(a → b, a)');
        return this.#give(closure.to);
      }
      case 'CALL': {
        const index = this.#index('function', 1, this.#known.length);
        this.#takes(this.#unit.functions[index].from);
        const { effects, stackSlots, frames } = this.#known[index];
        this.#affect(effects);
        this.#slotsBelow = Math.max(this.#slotsBelow, stackSlots);
        this.#framesBelow = Math.max(this.#framesBelow, frames);
        return this.#give(this.#unit.functions[index].to);
      }
      case 'RETURN': {
        this.#ends(block, block.kind === 'function' || block.kind === 'closure');
        if (block.kind === 'closure') this.#closuresOpen--;
        return;
      }
      case 'JUMP':
        return this.#jump(block);
      case 'BRANCH': {
        const [e, condition] = this.#pair('(e, Bool)');
        if (condition !== BOOL) this.#mismatch('(e, Bool)');
        const join = this.#target(2, block.end);
        return this.#choose(join, [this.#target(1, join)], [e, e]);
      }
      case 'SWITCH': {
        const [e, sum] = this.#pair('(e, Σ)');
        const { constructors } = this.#nodeOf('sum', sum);
        const count = this.#operand(2);
        if (count !== constructors.length - 1)
          this.#refuse(`${count + 1} arms for ${constructors.length} constructors`);
        const join = this.#target(1, block.end);
        const starts = Array.from({ length: count }, (_, i) => this.#target(3 + i, join));
        return this.#choose(
          join,
          starts,
          constructors.map(({ payload }) => types.pair(e, payload)),
        );
      }
      case 'FOLD': {
        const [e, b, list] = this.#components(3, '(e, b, List<a>)');
        const { item } = this.#nodeOf('list', list);
        this.#data(b);
        // What the interpreter keeps below the body: environment, items, position, start of the body.
        for (const kept of [e, list, INT, INT]) this.#push(kept);
        this.#open({ kind: 'fold', end: this.#target(1, block.end), result: b, after: b, arms: [] });
        return this.#give(types.tuple([e, b, item]));
      }
      case 'MAP': {
        const [e, list] = this.#pair('(e, List<a>)');
        const { item } = this.#nodeOf('list', list);
        // As FOLD, and the results with their size.
        for (const kept of [e, list, INT, INT, list, INT]) this.#push(kept);
        this.#open({ kind: 'map', end: this.#target(1, block.end), result: null, after: null, arms: [] });
        return this.#give(types.pair(e, item));
      }
      case 'NEXT':
        if (block.kind === 'map') return this.#endMap(block);
        this.#ends(block, block.kind === 'fold');
        this.#stack.length -= 4;
        return;
      case 'TUPLE': {
        const count = this.#operand(1);
        if (count < 3 || count > TYPE_LIMITS.tupleItemsMax) this.#refuse(`TUPLE of ${count} components`);
        return this.#give(types.tuple(this.#collect(count)));
      }
      case 'RECORD': {
        const type = this.#typeOperand(1);
        const { fields } = this.#nodeOf('record', type);
        const parts = this.#collect(fields.length);
        const wrong = fields.find((field, i) => field.type !== parts[i]);
        if (wrong !== undefined)
          this.#refuse(`RECORD ${this.#text(type)}: its field ${wrong.name} has another type`);
        return this.#give(type);
      }
      case 'PROJECT': {
        const node = types.node(a);
        const isProduct = node.kind === 'record' || (node.kind === 'tuple' && node.items.length > 2);
        if (!isProduct) this.#mismatch('a record or a tuple of 3 or more');
        const count = node.kind === 'record' ? node.fields.length : node.items.length;
        const index = this.#index('component', 1, count);
        return this.#give(node.kind === 'record' ? node.fields[index].type : node.items[index]);
      }
      case 'INJECT': {
        const type = this.#typeOperand(1);
        const { constructors } = this.#nodeOf('sum', type);
        this.#takes(constructors[this.#index('constructor', 2, constructors.length)].payload);
        return this.#give(type);
      }
      case 'LIST': {
        const type = this.#typeOperand(1);
        const { item } = this.#nodeOf('list', type);
        const count = this.#operand(2);
        if (count < 1) this.#refuse(`LIST of ${count} items`);
        const other = this.#collect(count).find((part) => part !== item);
        if (other !== undefined) this.#refuse(`LIST ${this.#text(type)} with an item ${this.#text(other)}`);
        return this.#give(type);
      }
      case 'GET':
        this.#affect(READS);
        return this.#give(this.#stateType());
      case 'PUT':
        this.#affect(WRITES);
        this.#takes(this.#stateType());
        return this.#give(UNIT);
      case 'NOW':
        this.#affect(CLOCK);
        if (this.#state === null) this.#refuse('NOW where there is no clock');
        return this.#give(TIME);
      case 'FAIL': {
        const type = this.#typeOperand(1);
        this.#takes(STRING);
        this.#data(type);
        return this.#give(type);
      }
      case 'ADD':
      case 'SUB':
      case 'MUL':
      case 'DIV':
      case 'REM':
        this.#takes(types.pair(INT, INT));
        return this.#give(INT);
      case 'NEG':
        this.#takes(INT);
        return this.#give(INT);
      case 'EQ':
      case 'NE': {
        const [left, right] = this.#pair('(a, a)');
        if (left !== right || !types.isFirstOrder(left)) this.#mismatch('(a, a) of data');
        if (isScalar(left)) this.#scalarComparisons.add(this.word);
        return this.#give(BOOL);
      }
      case 'LT':
      case 'LE':
      case 'GT':
      case 'GE': {
        const [left, right] = this.#pair('(a, a)');
        const isOrdered = left === INT || left === TIME || left === STRING;
        if (left !== right || !isOrdered) this.#mismatch('(a, a) of Int, Time or String');
        if (isScalar(left)) this.#scalarComparisons.add(this.word);
        return this.#give(BOOL);
      }
      case 'NOT':
        this.#takes(BOOL);
        return this.#give(BOOL);
      case 'INT_TO_STRING':
        this.#takes(INT);
        return this.#give(STRING);
      case 'INT_PARSE':
        this.#takes(STRING);
        return this.#give(types.option(INT));
      case 'INT_MIN':
      case 'INT_MAX':
        this.#takes(types.pair(INT, INT));
        return this.#give(INT);
      case 'INT_ABS':
        this.#takes(INT);
        return this.#give(INT);
      case 'STRING_JOIN':
        this.#takes(types.pair(types.list(STRING), STRING));
        return this.#give(STRING);
      case 'STRING_SPLIT':
        this.#takes(types.pair(STRING, STRING));
        return this.#give(types.list(STRING));
      case 'STRING_SLICE':
        this.#takes(types.tuple([STRING, INT, INT]));
        return this.#give(STRING);
      case 'STRING_CONTAINS':
      case 'STRING_STARTS_WITH':
      case 'STRING_ENDS_WITH':
        this.#takes(types.pair(STRING, STRING));
        return this.#give(BOOL);
      case 'STRING_INDEX_OF':
        this.#takes(types.pair(STRING, STRING));
        return this.#give(types.option(INT));
      case 'STRING_TO_UPPER':
      case 'STRING_TO_LOWER':
      case 'STRING_TRIM':
        this.#takes(STRING);
        return this.#give(STRING);
      case 'STRING_REPEAT':
        this.#takes(types.pair(STRING, INT));
        return this.#give(STRING);
      case 'STRING_TO_BYTES':
        this.#takes(STRING);
        return this.#give(BYTES);
      case 'BYTES_LENGTH':
        this.#takes(BYTES);
        return this.#give(INT);
      case 'BYTES_GET':
        this.#takes(types.pair(BYTES, INT));
        return this.#give(types.option(INT));
      case 'BYTES_SLICE':
        this.#takes(types.tuple([BYTES, INT, INT]));
        return this.#give(BYTES);
      case 'BYTES_CONCAT':
        this.#takes(types.pair(BYTES, BYTES));
        return this.#give(BYTES);
      case 'BYTES_FLATTEN':
        this.#takes(types.list(BYTES));
        return this.#give(BYTES);
      case 'BYTES_TO_STRING':
        this.#takes(BYTES);
        return this.#give(types.option(STRING));
      case 'BYTES_FROM_HEX':
        this.#takes(STRING);
        return this.#give(types.option(BYTES));
      case 'BYTES_TO_HEX':
        this.#takes(BYTES);
        return this.#give(STRING);
      case 'TIME_TO_MILLIS':
        this.#takes(TIME);
        return this.#give(INT);
      case 'TIME_FROM_MILLIS':
        this.#takes(INT);
        return this.#give(TIME);
      case 'TIME_ADD_MILLIS':
        this.#takes(types.pair(TIME, INT));
        return this.#give(TIME);
      case 'TIME_DIFF_MILLIS':
        this.#takes(types.pair(TIME, TIME));
        return this.#give(INT);
      case 'STRING_CONCAT':
        this.#takes(types.pair(STRING, STRING));
        return this.#give(STRING);
      case 'STRING_LENGTH':
        this.#takes(STRING);
        return this.#give(INT);
      case 'LIST_APPEND':
      case 'LIST_PREPEND': {
        const [list, item] = this.#pair('(List<a>, a)');
        if (this.#nodeOf('list', list).item !== item) this.#mismatch('(List<a>, a)');
        return this.#give(list);
      }
      case 'LIST_CONCAT': {
        const [left, right] = this.#pair('(List<a>, List<a>)');
        this.#nodeOf('list', left);
        if (left !== right) this.#mismatch('(List<a>, List<a>)');
        return this.#give(left);
      }
      case 'LIST_LENGTH':
        this.#nodeOf('list', a);
        return this.#give(INT);
      case 'LIST_RANGE':
        this.#takes(types.pair(INT, INT));
        return this.#give(types.list(INT));
      case 'LIST_GET': {
        const { item } = this.#listAnd(INT, '(List<a>, Int)');
        return this.#give(types.option(item));
      }
      case 'LIST_TAKE':
      case 'LIST_DROP':
        this.#listAnd(INT, '(List<a>, Int)');
        return this.#give(this.#pair('(List<a>, Int)')[0]);
      case 'LIST_FLATTEN': {
        const { item } = this.#nodeOf('list', a);
        this.#nodeOf('list', item);
        return this.#give(item);
      }
      case 'LIST_REVERSE':
        this.#nodeOf('list', a);
        return;
      case 'LIST_CONTAINS':
        this.#listAnd(null, '(List<a>, a)');
        return this.#give(BOOL);
      case 'LIST_INDEX_OF':
        this.#listAnd(null, '(List<a>, a)');
        return this.#give(types.option(INT));
      case 'LIST_ZIP': {
        const [left, right] = this.#pair('(List<a>, List<b>)');
        const pair = types.pair(this.#nodeOf('list', left).item, this.#nodeOf('list', right).item);
        return this.#give(types.list(pair));
      }
      case 'LIST_SUM':
        this.#takes(types.list(INT));
        return this.#give(INT);
      case 'LIST_SORT': {
        const key = this.#typeOperand(1);
        if (!isKey(types, key)) this.#refuse(`LIST_SORT by ${this.#text(key)}, which has no order`);
        return this.#give(types.list(this.#secondOfItems(key, '(k, a)')));
      }
      case 'LIST_SELECT':
        return this.#give(types.list(this.#secondOfItems(BOOL, '(Bool, a)')));
      case 'LIST_UNCONS': {
        const { item } = this.#nodeOf('list', a);
        return this.#give(types.option(types.pair(item, a)));
      }
      case 'MAP_SIZE':
        this.#nodeOf('map', a);
        return this.#give(INT);
      case 'MAP_GET':
        return this.#give(types.option(this.#mapAndKey('(Map<k, v>, k)').value));
      case 'MAP_HAS':
        this.#mapAndKey('(Map<k, v>, k)');
        return this.#give(BOOL);
      case 'MAP_REMOVE':
        this.#mapAndKey('(Map<k, v>, k)');
        return this.#give(this.#pair('(Map<k, v>, k)')[0]);
      case 'MAP_INSERT': {
        const [map, key, value] = this.#components(3, '(Map<k, v>, k, v)');
        const node = this.#nodeOf('map', map);
        if (node.key !== key || node.value !== value) this.#mismatch('(Map<k, v>, k, v)');
        return this.#give(map);
      }
      case 'MAP_KEYS':
        return this.#give(types.list(this.#nodeOf('map', a).key));
      case 'MAP_VALUES':
        return this.#give(types.list(this.#nodeOf('map', a).value));
      case 'MAP_ENTRIES': {
        const { key, value } = this.#nodeOf('map', a);
        return this.#give(types.list(types.pair(key, value)));
      }
      case 'MAP_FROM_LIST': {
        const type = this.#typeOperand(1);
        const { key, value } = this.#nodeOf('map', type);
        this.#takes(types.list(types.pair(key, value)));
        return this.#give(type);
      }
      case 'SET_SIZE':
        this.#nodeOf('set', a);
        return this.#give(INT);
      case 'SET_HAS':
        this.#setAndItem();
        return this.#give(BOOL);
      case 'SET_INSERT':
      case 'SET_REMOVE':
        return this.#give(this.#setAndItem());
      case 'SET_UNION':
      case 'SET_INTERSECT':
      case 'SET_DIFF': {
        const [left, right] = this.#pair('(Set<k>, Set<k>)');
        this.#nodeOf('set', left);
        if (left !== right) this.#mismatch('(Set<k>, Set<k>)');
        return this.#give(left);
      }
      case 'SET_TO_LIST':
        return this.#give(types.list(this.#nodeOf('set', a).item));
      case 'SET_FROM_LIST': {
        const type = this.#typeOperand(1);
        this.#takes(types.list(this.#nodeOf('set', type).item));
        return this.#give(type);
      }
      default:
        return name satisfies never;
    }
  }

  // ------------------------------------------------------------------- the stack

  #give(type: TypeId): void {
    this.#accumulator = type;
  }

  #push(type: TypeId): void {
    this.#height = Math.max(this.#height, this.#stack.push(type));
  }

  #pop(): TypeId {
    const { base } = this.#blocks[this.#blocks.length - 1];
    if (this.#stack.length <= base) this.#refuse(`${this.#name} finds nothing on the stack of its block`);
    return this.#stack.pop()!;
  }

  /** The types of n values, of which the last is in the accumulator. */
  #collect(count: number): TypeId[] {
    const parts = [this.#accumulator];
    while (parts.length < count) parts.push(this.#pop());
    return parts.reverse();
  }

  // -------------------------------------------------------------------- operands

  #operand(position: number): number {
    return this.#code[this.word + position];
  }

  #index(what: string, position: number, length: number): number {
    const index = this.#operand(position);
    if (index < 0 || index >= length) this.#refuse(`${what} out of bounds: ${index} of ${length}`);
    return index;
  }

  #typeOperand(position: number): TypeId {
    return this.#index('type', position, this.#unit.types.length);
  }

  /** A jump goes forward, to `end` at most; that an instruction starts there is seen on arrival. */
  #target(position: number, end: number): number {
    const target = this.#operand(position);
    if (target < this.#next || target > end) {
      this.#refuse(`jump out of bounds: ${target}, not in ${this.#next} to ${end}`);
    }
    return target;
  }

  // ---------------------------------------------------------------------- blocks

  #open(block: Omit<Block, 'base'>): void {
    this.#blocks.push({ ...block, base: this.#stack.length });
  }

  /** Opens the arms of a choice: the first starts at the next instruction, the last ends at the join. */
  #choose(join: number, starts: readonly number[], takes: readonly TypeId[]): void {
    const ends = [...starts, join];
    const disorder = ends.findIndex((end, i) => i > 0 && end < ends[i - 1]);
    if (disorder !== -1)
      this.#refuse(`an arm of ${this.#name} starts at ${ends[disorder - 1]} and ends at ${ends[disorder]}`);
    const arms = ends.map((end, i) => ({ end, takes: takes[i] })).reverse();
    const first = arms.pop()!;
    this.#open({ kind: 'choice', end: first.end, result: null, after: null, arms });
    this.#give(first.takes);
  }

  /** The end of an arm: the stack is as at its start, and all arms give one type of data. */
  #endArm(choice: Block): void {
    this.#checkHeight(choice, 'an arm');
    choice.result ??= this.#accumulator;
    if (this.#accumulator !== choice.result) {
      this.#refuse(`the arms give ${this.#text(choice.result)} and ${this.#text(this.#accumulator)}`);
    }
    this.#data(choice.result);
  }

  #checkHeight(block: Block, what: string): void {
    const left = this.#stack.length - block.base;
    if (left > 0) this.#refuse(`${what} leaves ${left} on the stack`);
  }

  #jump(block: Block): void {
    const isArm = block.kind === 'choice' && block.arms.length > 0 && this.#next === block.end;
    if (!isArm) this.#refuse('JUMP that does not end an arm before the last');
    const join = block.arms[0].end;
    if (this.#operand(1) !== join) this.#refuse(`JUMP to ${this.#operand(1)}, the join is ${join}`);
    this.#endArm(block);
    const { end, takes } = block.arms.pop()!;
    block.end = end;
    this.#give(takes);
  }

  /** The last arm of a choice falls into its join, where others may end too. */
  #leaveChoices(): void {
    for (let block = this.#blocks.at(-1); block?.kind === 'choice'; block = this.#blocks.at(-1)) {
      if (block.arms.length > 0 || this.word !== block.end) return;
      this.#endArm(block);
      this.#blocks.pop();
    }
  }

  /** RETURN and NEXT: the last instruction of their block, with its result and nothing on the stack. */
  #ends(block: Block, isItsEnd: boolean): void {
    if (!isItsEnd || this.#next !== block.end) {
      this.#refuse(`${this.#name} that does not end its block, a ${block.kind} up to ${block.end}`);
    }
    this.#checkHeight(block, this.#name);
    this.#takes(block.result!);
    this.#blocks.pop();
    this.#give(block.after ?? this.#accumulator);
  }

  /** The NEXT of a MAP: the list of what the body gives. */
  #endMap(block: Block): void {
    if (this.#next !== block.end) this.#refuse(`NEXT that does not end its block, a map up to ${block.end}`);
    this.#checkHeight(block, 'NEXT');
    this.#data(this.#accumulator, 'MAP');
    this.#blocks.pop();
    this.#stack.length -= 6;
    this.#give(this.#types.list(this.#accumulator));
  }

  // ----------------------------------------------------------------------- types

  /** A pair of a list and something of this type, or of an item for null. */
  #listAnd(type: TypeId | null, expected: string): TypeNode & { readonly kind: 'list' } {
    const [list, other] = this.#pair(expected);
    const node = this.#nodeOf('list', list);
    if (other !== (type ?? node.item)) this.#mismatch(expected);
    return node;
  }

  #mapAndKey(expected: string): TypeNode & { readonly kind: 'map' } {
    const [map, key] = this.#pair(expected);
    const node = this.#nodeOf('map', map);
    if (node.key !== key) this.#mismatch(expected);
    return node;
  }

  #setAndItem(): TypeId {
    const [set, item] = this.#pair('(Set<k>, k)');
    if (this.#nodeOf('set', set).item !== item) this.#mismatch('(Set<k>, k)');
    return set;
  }

  /** The second components of a list of pairs whose first are of this type. */
  #secondOfItems(first: TypeId, expected: string): TypeId {
    const pair = this.#types.node(this.#nodeOf('list', this.#accumulator).item);
    const isPair = pair.kind === 'tuple' && pair.items.length === 2 && pair.items[0] === first;
    return isPair ? pair.items[1] : this.#mismatch(`List<${expected}>`);
  }

  #text(type: TypeId): string {
    return printType(this.#types, type);
  }

  #takes(type: TypeId): void {
    if (this.#accumulator !== type) this.#mismatch(this.#text(type));
  }

  #nodeOf<K extends TypeNode['kind']>(kind: K, type: TypeId): TypeNode & { readonly kind: K } {
    const node = this.#types.node(type);
    if (node.kind !== kind) this.#refuse(`${this.#name} is about a ${kind}, not ${this.#text(type)}`);
    return node as TypeNode & { readonly kind: K };
  }

  /** The components of the tuple in the accumulator. */
  #components(count: number, expected: string): readonly TypeId[] {
    const node = this.#types.node(this.#accumulator);
    if (node.kind !== 'tuple' || node.items.length !== count) this.#mismatch(expected);
    return node.items;
  }

  #pair(expected: string): readonly TypeId[] {
    return this.#components(2, expected);
  }

  #data(type: TypeId, out: InstructionName = this.#name): void {
    if (!this.#types.isFirstOrder(type)) this.#refuse(`a closure out of a ${out}: ${this.#text(type)}`);
  }

  // -------------------------------------------------------------- state and world

  #stateType(): TypeId {
    if (this.#state === null) this.#refuse(`${this.#name} where there is no state`);
    return this.#state;
  }

  /** Bodies of closures are pure, so that it does not matter when they run. */
  #affect(effects: number): void {
    if (effects !== 0 && this.#closuresOpen > 0)
      this.#refuse(`${this.#name} uses state or clock within a closure`);
    this.#effects |= effects;
  }

  // --------------------------------------------------------------------- refusals

  #refuse(message: string): never {
    throw new Refusal(message, this.word);
  }

  #mismatch(expected: string): never {
    this.#refuse(`${this.#name} takes ${expected}, not ${this.#text(this.#accumulator)}`);
  }
}

const isScalar = (type: TypeId): boolean => type === INT || type === TIME || type === BOOL || type === UNIT;

const END_OF: Record<Block['kind'], string> = {
  function: 'RETURN',
  closure: 'RETURN',
  fold: 'NEXT',
  map: 'NEXT',
  choice: 'JUMP',
};
