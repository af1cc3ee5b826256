import type { Unit } from '../image.ts';
import { type InstructionName, instructionName, wordsAt } from '../instructions.ts';
import type { TypeId, TypeTable } from '../type.ts';
import { collectionResult } from './collection-reads.ts';
import {
  Analysis,
  builtSymbol,
  closureSymbol,
  NOTHING,
  Part,
  partSymbol,
  type Summary,
  type SymbolicValue,
} from './symbolic-value.ts';

/**
 * Which parts of its argument a verified function reads or carries into its result, by
 * abstract interpretation of its code (Cousot and Cousot, 1977): one pass over each body, with
 * symbols for values. Functions, bodies of closures and of iterations are each looked at once,
 * and what they do is kept as a summary, so a chain of functions that call each other twice
 * costs no more than its length.
 *
 * A part counts as read where any path through the code uses it. Taking a product, a sum or a
 * collection apart is not yet a use of what is in it, nor is the message of a fault; everything
 * else uses a value whole. What is compared is read, so a lookup reads the keys of a map. An arm
 * that only faults accounts for the payload of its constructor: where there is one, nothing happens.
 */

/** The parts of its argument that each function of a unit uses; all of them are looked at once. */
export class UnitReads {
  readonly #analysis = new Analysis();
  readonly #summaries: Summary[] = [];

  /** `length`: only the functions before this one. */
  constructor(unit: Unit, length: number = unit.functions.length) {
    // A verified function calls only those before it.
    for (const { code } of unit.functions.slice(0, length)) {
      this.#summaries.push(new CodePass(unit, code, this.#summaries, this.#analysis).summary());
      if (this.#analysis.exhausted) return;
    }
  }

  /** Those of one function; null where the code of the unit is too much to analyse. */
  of(index: number): Part | null {
    if (this.#analysis.exhausted) return null;
    const { argument, result } = this.#summaries[index];
    // Marks parts of its own argument alone: no summary of another function changes by it.
    this.#analysis.use(result);
    return this.#analysis.exhausted ? null : argument;
  }
}

/** The parts of the argument that one function uses; null where its code is too much to analyse. */
export function partsRead(unit: Unit, index: number): Part | null {
  return new UnitReads(unit, index + 1).of(index);
}

/** A part of a type: steps by name from `state`, and its type. */
export interface Leaf {
  /** There where it is all that a constructor holds. */
  readonly isPayload?: true;
  readonly path: readonly string[];
  readonly type: TypeId;
}

/**
 * The largest parts of a value of this type of which nothing was used. What can only have one
 * value (unit) is never missing.
 */
export function unreadParts(types: TypeTable, type: TypeId, used: Part, path: readonly string[]): Leaf[] {
  if (used.whole || !isInformative(types, type)) return [];
  return isTouched(used) ? unreadInside(types, { path, type }, used) : [{ path, type }];
}

/** The same of what is inside a part, which is itself where nothing is. */
export function unreadInside(types: TypeTable, { path, type }: Leaf, used: Part = new Part()): Leaf[] {
  const node = types.node(type);
  const inner = (step: number, name: string, part: TypeId): Leaf[] =>
    unreadParts(types, part, used.parts.get(step) ?? new Part(), [...path, name]);
  switch (node.kind) {
    case 'tuple':
      return node.items.flatMap((item, i) => inner(i, String(i), item));
    case 'record':
      return node.fields.flatMap((field, i) => inner(i, field.name, field.type));
    case 'sum':
      return node.constructors.flatMap((constructor, i) =>
        inner(i, constructor.name, constructor.payload).map((leaf) =>
          leaf.type === constructor.payload && leaf.path.length === path.length + 1
            ? { ...leaf, isPayload: true }
            : leaf,
        ),
      );
    case 'list':
    case 'set':
      return inner(0, ITEM_STEP, node.item);
    case 'map':
      return [...inner(0, KEY_STEP, node.key), ...inner(1, ITEM_STEP, node.value)];
    default:
      return [{ path, type }];
  }
}

/** How the step to the items of a list or set, or to the values of a map, is written. */
export const ITEM_STEP = '[]';
/** How the step to the keys of a map is written. */
export const KEY_STEP = '[key]';

function isTouched(part: Part): boolean {
  return part.whole || part.inspected || [...part.parts.values()].some(isTouched);
}

function isInformative(types: TypeTable, type: TypeId): boolean {
  const node = types.node(type);
  if (node.kind === 'sum') {
    return node.constructors.length > 1 || isInformative(types, node.constructors[0].payload);
  }
  return types.components(type)?.some((part) => isInformative(types, part)) ?? node.kind !== 'unit';
}

interface MachineState {
  readonly accumulator: SymbolicValue;
  readonly stack: readonly SymbolicValue[];
}

/** A body inside the code: the function itself, a closure's or an iteration's. */
interface Frame {
  readonly kind: 'function' | 'fold' | 'map';
  readonly argument: Part;
  /** What the machine held when the body began, to go on with after it. */
  readonly outer: MachineState;
}

/** A stretch of code up to `end` that may not be run: the body of a closure or an iteration, or an arm. */
interface Block {
  readonly end: number;
  /** Of an arm of a SWITCH: the payload of its constructor. */
  readonly payload: SymbolicValue;
}

/** One pass over the code of one function. All jumps go forward, so what reaches a position is known there. */
class CodePass {
  readonly #unit: Unit;
  readonly #code: Int32Array;
  readonly #summaries: readonly Summary[];
  readonly #analysis: Analysis;
  readonly #frames: Frame[] = [];
  /** Those around the position and the arms that follow; the one that ends first on top. */
  readonly #blocks: Block[] = [];
  readonly #reaching = new Map<number, MachineState>();
  #accumulator: SymbolicValue = NOTHING;
  #stack: SymbolicValue[] = [];
  #live = true;
  #result: Summary | null = null;

  constructor(unit: Unit, code: Int32Array, summaries: readonly Summary[], analysis: Analysis) {
    this.#unit = unit;
    this.#code = code;
    this.#summaries = summaries;
    this.#analysis = analysis;
  }

  summary(): Summary {
    this.#enter('function', NOTHING);
    for (let pc = 0; pc < this.#code.length; pc += wordsAt(this.#code, pc)) {
      this.#analysis.spend(1);
      if (this.#analysis.exhausted) break;
      while (this.#blocks.length > 0 && this.#blocks[this.#blocks.length - 1].end <= pc) this.#blocks.pop();
      this.#arrive(pc);
      this.#step(instructionName(this.#code[pc])!, pc);
    }
    return this.#result ?? { argument: new Part(), result: NOTHING };
  }

  #step(name: InstructionName, pc: number): void {
    const analysis = this.#analysis;
    const accumulator = this.#accumulator;
    const operand = this.#code[pc + 1];
    switch (name) {
      case 'FST':
        return this.#set(analysis.select(accumulator, 0));
      case 'SND':
        return this.#set(analysis.select(accumulator, 1));
      case 'PROJECT':
        return this.#set(analysis.select(accumulator, operand));
      case 'PUSH':
        this.#stack.push(accumulator);
        return;
      case 'SWAP':
        this.#set(this.#pop());
        this.#stack.push(accumulator);
        return;
      case 'CONS':
        return this.#set(this.#product(2));
      case 'TUPLE':
        return this.#set(this.#product(operand));
      case 'RECORD':
        return this.#set(this.#product(this.#unit.types.components(operand)!.length));
      case 'INJECT':
        return this.#set(builtSymbol([[this.#code[pc + 2], accumulator]]));
      case 'LIST': {
        const items = this.#product(this.#code[pc + 2]);
        return this.#set(builtSymbol([[0, this.#joinAll(items.components.values())]]));
      }
      case 'QUOTE':
      case 'GET':
      case 'NOW':
        return this.#set(NOTHING);
      case 'CALL':
        return this.#set(analysis.apply(this.#summaries[operand], accumulator));
      case 'APP':
        return this.#set(
          this.#applyClosures(analysis.select(accumulator, 0), analysis.select(accumulator, 1)),
        );
      case 'FAIL':
        // The message goes to whoever sees the fault, and not into what is made of the argument.
        if (this.#blocks.length > 0) analysis.use(this.#blocks[this.#blocks.length - 1].payload);
        return this.#set(NOTHING);
      case 'CUR':
        this.#blocks.push({ end: this.#code[pc + 2], payload: NOTHING });
        return this.#enter('function', accumulator);
      case 'FOLD':
      case 'MAP':
        this.#blocks.push({ end: operand, payload: NOTHING });
        return this.#enter(name === 'FOLD' ? 'fold' : 'map', accumulator);
      case 'RETURN':
        return this.#leave();
      case 'NEXT':
        return this.#frames[this.#frames.length - 1].kind === 'map' ? this.#leaveMap() : this.#leaveFold();
      case 'JUMP':
        this.#reach(operand, accumulator);
        this.#live = false;
        return;
      case 'BRANCH':
        analysis.use(analysis.select(accumulator, 1));
        this.#set(analysis.select(accumulator, 0));
        this.#blocks.push({ end: this.#code[pc + 2], payload: NOTHING });
        return this.#reach(operand, this.#accumulator);
      case 'SWITCH': {
        const environment = analysis.select(accumulator, 0);
        const subject = analysis.select(accumulator, 1);
        analysis.inspect(subject);
        const armOf = (constructor: number): SymbolicValue =>
          builtSymbol([
            [0, environment],
            [1, analysis.select(subject, constructor)],
          ]);
        const others = this.#code[pc + 2];
        for (let i = others; i >= 0; i--) {
          const end = i === others ? operand : this.#code[pc + 3 + i];
          this.#blocks.push({ end, payload: analysis.select(subject, i) });
        }
        for (let i = 1; i <= others; i++) this.#reach(this.#code[pc + 2 + i], armOf(i));
        return this.#set(armOf(0));
      }
      default:
        return this.#set(collectionResult(analysis, name, accumulator));
    }
  }

  #set(symbol: SymbolicValue): void {
    this.#accumulator = symbol;
  }

  /** A verified body never takes from below its own stack. */
  #pop(): SymbolicValue {
    return this.#stack.pop() ?? NOTHING;
  }

  /** A product of the accumulator and what lies below it. */
  #product(count: number): SymbolicValue {
    const components: [number, SymbolicValue][] = [[count - 1, this.#accumulator]];
    for (let i = count - 2; i >= 0; i--) components.push([i, this.#pop()]);
    return builtSymbol(components);
  }

  #joinAll(symbols: Iterable<SymbolicValue>): SymbolicValue {
    let joined = NOTHING;
    for (const symbol of symbols) joined = this.#analysis.join(joined, symbol);
    return joined;
  }

  #applyClosures(closure: SymbolicValue, argument: SymbolicValue): SymbolicValue {
    const analysis = this.#analysis;
    const results = [...closure.closures].map(([body, environment]) =>
      analysis.apply(
        body,
        builtSymbol([
          [0, environment],
          [1, argument],
        ]),
      ),
    );
    if (closure.parts.size > 0) {
      // The closure comes from outside: what it does with its argument is not known here.
      analysis.use(closure);
      analysis.use(argument);
    }
    return this.#joinAll(results);
  }

  /** Begins a body: from here on symbols are parts of its own argument. */
  #enter(kind: Frame['kind'], accumulator: SymbolicValue): void {
    const argument = new Part();
    this.#frames.push({ kind, argument, outer: { accumulator, stack: this.#stack } });
    this.#set(partSymbol(argument));
    this.#stack = [];
  }

  /** Ends the body of a function or a closure. */
  #leave(): void {
    const [body, outer] = this.#endBody();
    if (this.#frames.length === 0) {
      this.#result = body;
      return;
    }
    this.#set(closureSymbol(body, outer));
  }

  /** Ends the body (e, a) -> b of a MAP: each item of the result is what the body makes of one. */
  #leaveMap(): void {
    const analysis = this.#analysis;
    const [body, outer] = this.#endBody();
    const list = analysis.select(outer, 1);
    analysis.inspect(list);
    const argument = builtSymbol([
      [0, analysis.select(outer, 0)],
      [1, analysis.select(list, 0)],
    ]);
    this.#set(builtSymbol([[0, analysis.apply(body, argument)]]));
  }

  /** Ends the body of a FOLD, (e, b, a) -> b: b is whatever any number of turns makes of it. */
  #leaveFold(): void {
    const analysis = this.#analysis;
    const [body, outer] = this.#endBody();
    const environment = analysis.select(outer, 0);
    const list = analysis.select(outer, 2);
    analysis.inspect(list);
    const item = analysis.select(list, 0);
    const argumentOf = (carried: SymbolicValue): SymbolicValue =>
      builtSymbol([
        [0, environment],
        [1, carried],
        [2, item],
      ]);
    let carried = analysis.select(outer, 1);
    // Each turn adds parts or nothing, and there are only so many: the work bound is the last resort.
    while (!analysis.exhausted) {
      const next = analysis.join(carried, analysis.resultFor(body, argumentOf(carried)));
      if (next === carried) break;
      carried = next;
    }
    analysis.useLike(body.argument, argumentOf(carried));
    this.#set(carried);
  }

  #endBody(): [Summary, SymbolicValue] {
    const { argument, outer } = this.#frames.pop()!;
    const body = { argument, result: this.#accumulator };
    this.#stack = [...outer.stack];
    return [body, outer.accumulator];
  }

  /** What arrives at a target of a jump. */
  #reach(target: number, accumulator: SymbolicValue): void {
    const state: MachineState = { accumulator, stack: [...this.#stack] };
    const known = this.#reaching.get(target);
    this.#analysis.spend(state.stack.length);
    this.#reaching.set(target, known === undefined ? state : this.#joinStates(known, state));
  }

  #arrive(pc: number): void {
    const jumped = this.#reaching.get(pc);
    if (jumped === undefined) return;
    const own: MachineState = { accumulator: this.#accumulator, stack: this.#stack };
    const { accumulator, stack } = this.#live ? this.#joinStates(jumped, own) : jumped;
    this.#set(accumulator);
    this.#stack = [...stack];
    this.#live = true;
  }

  #joinStates(a: MachineState, b: MachineState): MachineState {
    return {
      accumulator: this.#analysis.join(a.accumulator, b.accumulator),
      stack: a.stack.map((symbol, i) => this.#analysis.join(symbol, b.stack[i] ?? NOTHING)),
    };
  }
}
