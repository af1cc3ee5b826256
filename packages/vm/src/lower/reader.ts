// Long because it has one short arm an instruction, all about the same few fields.
import {
  INSTRUCTIONS,
  type Sum,
  entryFuel,
  instructionName,
  keyOrder,
  wordsAt,
  type InstructionName,
  type TypeId,
  type TypeNode,
  type Unit,
} from '@smc/protocol';
import { BUILT_INS } from '../builtins/table.ts';
import { WRITES, type Verified } from '../verify.ts';
import { Emitter, takeMade, type Code, type Constants, type Credit } from './emitter.ts';
import type { OperationName, Routine, StateLayout } from './lir.ts';
import {
  carriedOut,
  carry,
  component,
  join,
  moveAtOnce,
  next,
  type Carried,
  type PathEnd,
} from './shapes.ts';
import type { TypeSizes } from '../values/size.ts';
import { sizeTerms, type SizeTerms } from './sizes.ts';
import {
  closure,
  deferred,
  inRegister,
  negate,
  product,
  variant,
  weightOf,
  type Body,
  type Comparison,
  type ComparisonName,
  type Range,
  type Symbolic,
} from './symbolic.ts';

/** What a routine is made of. */
export type Entry =
  /** An operation of the machine: takes the input, and commits. */
  | { readonly kind: 'step'; readonly function: number; readonly reply: TypeId; readonly isKeyed: boolean }
  /** A function that is entered from outside: takes its argument. */
  | { readonly kind: 'root'; readonly function: number; readonly reply: TypeId }
  /** A function that others call: takes its argument, and the state where it has to do with it. */
  | { readonly kind: 'callee'; readonly function: number; readonly hasState: boolean }
  /** The body of a closure: takes what it is over, and its argument. */
  | { readonly kind: 'body'; readonly function: number; readonly body: Body };

/** What the routines of a unit have in common. */
export interface LoweringContext {
  readonly unit: Unit;
  readonly verified: Verified;
  readonly constants: Constants;
  readonly credit: Credit;
  readonly layout: StateLayout;
  readonly sizes: TypeSizes;
  /** The type of the state, where there is one. */
  readonly state: TypeId | null;
  /** The routine of a function that is called, and whether it takes the state. */
  calleeOf(index: number): { readonly routine: number; readonly takesState: boolean };
  routineOfBody(body: Body): number;
  /** Whether so many words may be lowered once more, in place of a call of them. */
  takeInlined(words: number): boolean;
  /** Whether the code of a function changes the state between two words. */
  writesWithin(index: number, start: number, end: number): boolean;
}

/** The arm of a choice that is to come: where it ends, where a branch to it goes, and what it takes. */
interface Arm {
  readonly start: number;
  readonly end: number;
  readonly label: number;
  readonly takes: () => Symbolic;
}

interface Choice {
  readonly kind: 'choice';
  readonly join: number;
  readonly label: number;
  /** Code that runs once before the choice. */
  readonly before: Code;
  /** The word at which the arm that is open ends. */
  end: number;
  /** Those to come, the next one last. */
  readonly arms: Arm[];
  /** What they all take, beside a payload. */
  readonly environment: Symbolic;
  readonly height: number;
  readonly state: Symbolic;
  readonly pending: number;
  readonly isOwing: boolean;
  readonly ends: PathEnd[];
}

/** A choice that is made when the code is lowered. */
interface Chosen {
  readonly kind: 'chosen';
  readonly join: number;
  readonly end: number;
  readonly height: number;
}

/** A function, or the body of a closure, that is lowered in place of its call. */
interface Inlined {
  readonly kind: 'inlined';
  /** Where it ends. */
  readonly end: number;
  readonly height: number;
  /** Where it was called. */
  readonly caller: number;
  readonly after: number;
}

interface Loop {
  readonly kind: 'loop';
  readonly end: number;
  readonly height: number;
  /** Of a FOLD: its accumulator. */
  readonly carried: Carried | null;
  /** Where the body changes it. */
  readonly state: Carried | null;
  /** Of a MAP: the register of the builder. */
  readonly builder: number;
}

type Control = Choice | Chosen | Inlined | Loop;

/** Reads stack code as the machine would run it, on symbolic values, and emits what is left to do. */
export class RoutineReader {
  readonly #context: LoweringContext;
  readonly #entry: Entry;
  readonly #emitter: Emitter;
  readonly #unit: Unit;
  readonly #stack: Symbolic[] = [];
  readonly #controls: Control[] = [];
  /** The value that no other stands for: unit. */
  readonly #nothing: Symbolic;
  readonly #now: Symbolic;
  /** The state before the step. */
  readonly #before: Symbolic;
  #a: Symbolic;
  #state: Symbolic;
  /** After a FAIL, up to the end of the stretch that it is in. */
  #isDead = false;
  #function: number;
  #code: Int32Array;
  #pc: number;
  readonly #end: number;
  readonly #parameters: number;

  constructor(context: LoweringContext, entry: Entry) {
    const { unit, constants, credit } = context;
    this.#context = context;
    this.#entry = entry;
    this.#unit = unit;
    this.#emitter = new Emitter(constants, credit, ({ body }) => context.routineOfBody(body));
    this.#nothing = constants.symbolic(null);
    this.#function = entry.function;
    this.#code = unit.functions[entry.function].code;
    this.#pc = entry.kind === 'body' ? entry.body.start : 0;
    this.#end = entry.kind === 'body' ? entry.body.end : this.#code.length;
    const { depth } = this.#emitter;
    this.#now = deferred('NOW', null, 0, depth);
    const parameter = (): Symbolic => inRegister(this.#emitter.register(), depth);
    const [first, second] =
      entry.kind === 'body' || (entry.kind === 'callee' && entry.hasState)
        ? [parameter(), parameter()]
        : [parameter(), this.#nothing];
    this.#parameters = second === this.#nothing ? 1 : 2;
    this.#a = first;
    this.#before = this.#nothing;
    if (entry.kind === 'body') this.#a = product([first, second], depth);
    if (entry.kind === 'callee') this.#before = second;
    if (entry.kind === 'step') {
      if (entry.isKeyed) this.#a = product([deferred('KEY', null, 0, depth), first], depth);
      this.#before = this.#stateBefore();
    }
    this.#state = this.#before;
  }

  #stateBefore(): Symbolic {
    const { isProduct, fields } = this.#context.layout;
    const { depth } = this.#emitter;
    const parts = Array.from({ length: fields }, (_, field) => deferred('STATE', null, field, depth));
    return isProduct ? product(parts, depth) : parts[0];
  }

  read(): Routine {
    for (;;) {
      this.#leaveChoices();
      const word = this.#pc;
      const words = wordsAt(this.#code, word);
      this.#context.credit.earn(words);
      if (this.#emitter.isToSettle) this.#emitter.settle(this.#live());
      if (this.#controls.length === 0 && word + words === this.#end) break;
      this.#pc = word + words;
      this.#instruction(instructionName(this.#code[word])!, word);
      if (weightOf(this.#a) > WEIGHT_MAX && !this.#emitter.isSettled) this.#makeForGood();
    }
    const fuel = entryFuel(this.#end - (this.#entry.kind === 'body' ? this.#entry.body.start : 0));
    const name =
      this.#entry.kind === 'body' ? `${this.#function} at ${this.#entry.body.start}` : `${this.#function}`;
    if (!this.#isDead) this.#return();
    return this.#emitter.routine(name, this.#parameters, fuel);
  }

  /** All values that may be asked for from here on. */
  *#live(): Generator<Symbolic> {
    yield* this.#stack;
    yield this.#state;
    for (const control of this.#controls) {
      if (control.kind !== 'choice') continue;
      yield control.state;
      if (control.arms.length > 0) yield control.environment;
    }
    yield this.#a;
  }

  #return(): void {
    const emitter = this.#emitter;
    const { layout } = this.#context;
    const entry = this.#entry;
    emitter.spend();
    const result = emitter.operand(this.#a);
    if (entry.kind === 'callee' && this.#hasWritten()) {
      emitter.act('LEAVE_STATE', { operands: [emitter.operand(this.#state)] });
    }
    if (entry.kind === 'step' || entry.kind === 'root') this.#checkReply(entry.reply);
    if (entry.kind === 'step') {
      this.#checkState();
      const fields = Array.from({ length: layout.fields }, (_, i) => i);
      const part = (state: Symbolic, i: number): Symbolic => (layout.isProduct ? component(state, i) : state);
      const changed = fields.filter((i) => part(this.#state, i) !== part(this.#before, i));
      const operands = changed.map((i) => emitter.operand(part(this.#state, i)));
      for (const [i, field] of changed.entries())
        emitter.act('COMMIT', { operands: [operands[i]], immediate: field });
    }
    emitter.act('RETURN', { operands: [result] });
  }

  #hasWritten(): boolean {
    return (this.#context.verified.functions[this.#entry.function].effects & WRITES) !== 0;
  }

  #checkReply(reply: TypeId): void {
    const terms = sizeTerms(this.#context.sizes, reply, this.#a);
    if (terms !== null) this.#checkSize(terms);
  }

  #checkState(): void {
    const { sizes, state } = this.#context;
    if (state === null || this.#state === this.#before) return;
    const terms = sizeTerms(sizes, state, this.#state);
    if (terms === null) return;
    // Fields of the state before, each at most once, are all of them in some order, since each part has the type of
    // one: so it is as large as it was, which was not too large.
    const fields = new Set(terms.parts.filter((part) => part.kind === 'deferred' && part.name === 'STATE'));
    if (fields.size < terms.parts.length) this.#checkSize(terms);
  }

  #checkSize({ bytes, parts }: SizeTerms): void {
    const operands = parts.map((part) => this.#emitter.operand(part));
    this.#emitter.act('CHECK_SIZE', { operands, immediate: bytes });
  }

  // ------------------------------------------------------------------ instructions

  /** The instruction at `word`; the position is behind it. */
  #instruction(name: InstructionName, word: number): void {
    const emitter = this.#emitter;
    const { constants } = this.#context;
    const a = this.#a;
    switch (name) {
      case 'FST':
        this.#a = component(a, 0);
        return;
      case 'SND':
        this.#a = component(a, 1);
        return;
      case 'PUSH':
        this.#stack.push(a);
        return;
      case 'SWAP':
        this.#a = this.#stack.pop()!;
        this.#stack.push(a);
        return;
      case 'CONS':
        return this.#give(product([this.#stack.pop()!, a], emitter.depth));
      case 'QUOTE':
        this.#a = constants.symbolic(this.#unit.constants[this.#code[word + 1]].value);
        return;
      case 'CUR': {
        const end = this.#code[word + 2];
        const body = { function: this.#function, start: this.#pc, end };
        this.#pc = end;
        return this.#give(closure(body, a, emitter.depth));
      }
      case 'APP':
        return this.#apply(component(a, 0), component(a, 1));
      case 'CALL':
        return this.#call(this.#code[word + 1]);
      case 'RETURN':
        return this.#leaveInlined();
      case 'JUMP':
        return this.#endArm();
      case 'BRANCH':
        return this.#branch(component(a, 0), component(a, 1), word);
      case 'SWITCH':
        return this.#switch(component(a, 0), component(a, 1), word);
      case 'FOLD':
        return this.#fold(word);
      case 'MAP':
        return this.#map(word);
      case 'NEXT':
        return this.#endLoop();
      case 'TUPLE':
        return this.#give(product(this.#collect(this.#code[word + 1]), emitter.depth));
      case 'RECORD': {
        const { length } = this.#unit.types.components(this.#code[word + 1])!;
        return this.#give(product(this.#collect(length), emitter.depth));
      }
      case 'PROJECT':
        this.#a = component(a, this.#code[word + 1]);
        return;
      case 'INJECT':
        return this.#inject(this.#code[word + 2]);
      case 'LIST': {
        const parts = this.#collect(this.#code[word + 2]);
        return this.#take('LIST', parts);
      }
      case 'GET':
        this.#a = this.#state;
        return;
      case 'PUT':
        this.#state = a;
        this.#a = this.#nothing;
        return;
      case 'NOW':
        this.#a = this.#now;
        return;
      case 'FAIL':
        emitter.act('FAIL', { operands: [emitter.operand(a)] });
        return this.#die();
      case 'ADD':
      case 'SUB':
      case 'MUL':
      case 'DIV':
      case 'REM':
        return this.#take(name, this.#parts(2));
      case 'NEG':
        return this.#take('NEG', [a]);
      case 'EQ':
        return this.#compare('SAME', word);
      case 'NE':
        return this.#compare('DIFFERENT', word);
      case 'LT':
        return this.#compare('LESS', word);
      case 'LE':
        return this.#compare('NOT_GREATER', word);
      case 'GT':
        return this.#compare('LESS', word, true);
      case 'GE':
        return this.#compare('NOT_GREATER', word, true);
      case 'NOT':
        return this.#not();
      case 'INT_TO_STRING':
        emitter.pending += 1;
        return this.#take('INT_TO_STRING', [a]);
      case 'INT_MIN':
        return this.#take('MIN', this.#parts(2));
      case 'INT_MAX':
        return this.#take('MAX', this.#parts(2));
      case 'INT_ABS':
        return this.#take('ABS', [a]);
      case 'LIST_LENGTH':
        emitter.pending += 1;
        return this.#take('LENGTH', [a]);
      case 'LIST_RANGE':
        return this.#range();
      case 'LIST_GET':
        emitter.pending += 1;
        return this.#take('FIND_ITEM', this.#parts(2), true);
      case 'MAP_SIZE':
      case 'SET_SIZE':
        emitter.pending += 1;
        return this.#take('COUNT', [a]);
      case 'TIME_TO_MILLIS':
        return;
      default:
        return this.#builtIn(name, word);
    }
  }

  /** Makes a value the accumulator; without credit it is made at once. */
  #give(value: Symbolic): void {
    this.#a = value;
    if (this.#emitter.isSettled) this.#emitter.operand(value);
  }

  /**
   * Makes the accumulator where it is known, and not anew in each arm that needs it: words that need
   * a value may be far fewer than those that put it together, and were paid for them.
   */
  #makeForGood(): void {
    const { depth } = this.#emitter;
    const a = this.#a;
    const operand = this.#emitter.operand(a);
    // What was known before this arm is made in it, and has to be again in the next one.
    if (a.depth < depth || !('weight' in a)) this.#a = inRegister(operand, depth);
    else a.weight = 0;
  }

  /** The values of the stack and the accumulator that an instruction puts together. */
  #collect(count: number): Symbolic[] {
    return [...this.#stack.splice(this.#stack.length - (count - 1)), this.#a];
  }

  /** The components of the accumulator, one of which may be all of it. */
  #parts(count: number): Symbolic[] {
    return count === 1 ? [this.#a] : Array.from({ length: count }, (_, i) => component(this.#a, i));
  }

  /** An operation on values, which are made for it. */
  #take(name: OperationName, values: readonly Symbolic[], isOptional = false, more: object = {}): void {
    const operands = values.map((value) => this.#emitter.operand(value));
    const result = this.#emitter.give(name, { ...more, operands });
    if (!isOptional) this.#a = result;
    else this.#give({ kind: 'optional', raw: result.operand!, depth: this.#emitter.depth, operand: null });
  }

  #builtIn(name: InstructionName, word: number): void {
    const { code } = INSTRUCTIONS[name];
    const { arity, isOptional } = BUILT_INS[code]!;
    const order = this.#orderOf(name, this.#code[word + 1]);
    this.#take('BUILT_IN', this.#parts(arity), isOptional, { immediate: code, order });
  }

  /** The order of the keys of what is made or sorted. */
  #orderOf(name: InstructionName, type: TypeId): ReturnType<typeof keyOrder> | null {
    const { types } = this.#unit;
    if (name === 'LIST_SORT') return keyOrder(types, type);
    if (name === 'MAP_FROM_LIST') return keyOrder(types, nodeOf(types.node(type), 'map').key);
    return name === 'SET_FROM_LIST' ? keyOrder(types, nodeOf(types.node(type), 'set').item) : null;
  }

  #inject(tag: number): void {
    const { constants } = this.#context;
    const payload = this.#a;
    // A constructor of a constant is one: it is made once for all steps.
    if (payload.kind === 'constant') this.#a = constants.variant(tag, payload);
    else this.#give(variant(tag, payload, this.#emitter.depth));
  }

  #range(): void {
    const [start, end] = this.#parts(2).map((part) => this.#emitter.operand(part));
    const length = this.#emitter.give('RANGE_LENGTH', { operands: [start, end] }).operand!;
    this.#give({ kind: 'range', start, length, depth: this.#emitter.depth, operand: null });
  }

  // ------------------------------------------------------------------------- truth

  #compare(name: ComparisonName, word: number, isSwapped = false): void {
    const emitter = this.#emitter;
    const [left, right] = this.#parts(2);
    if (left.kind === 'constant' && right.kind === 'constant' && typeof left.value === 'number') {
      const [x, y] = isSwapped ? [right.value, left.value] : [left.value, right.value];
      this.#a = this.#context.constants.symbolic(holds(name, x as number, y as number));
      return;
    }
    const operands = [emitter.operand(left), emitter.operand(right)];
    if (this.#context.verified.functions[this.#function].scalarComparisons.has(word)) {
      return this.#giveComparison(name, isSwapped ? [operands[1], operands[0]] : operands);
    }
    if (name === 'SAME' || name === 'DIFFERENT') {
      const isEqual = emitter.give('EQUAL', { operands });
      if (name === 'SAME') this.#a = isEqual;
      else this.#giveComparison('SAME', [isEqual.operand!, this.#context.constants.operand(false)]);
      return;
    }
    const order = emitter.give('ORDER', { operands }).operand!;
    const zero = this.#context.constants.operand(0);
    this.#giveComparison(name, isSwapped ? [zero, order] : [order, zero]);
  }

  #giveComparison(name: ComparisonName, [left, right]: readonly number[]): void {
    this.#give({ kind: 'comparison', name, left, right, depth: this.#emitter.depth, operand: null });
  }

  #not(): void {
    const a = this.#a;
    const { constants } = this.#context;
    if (a.kind === 'comparison') return this.#give(negate(a));
    if (a.kind === 'constant') this.#a = constants.symbolic(a.value !== true);
    else this.#giveComparison('SAME', [this.#emitter.operand(a), constants.operand(false)]);
  }

  // ------------------------------------------------------------------------ choices

  #branch(environment: Symbolic, condition: Symbolic, word: number): void {
    const [otherwise, join] = [this.#code[word + 1], this.#code[word + 2]];
    const then = { start: this.#pc, end: otherwise - JUMP_WORDS, takes: () => environment };
    const arms = [then, { start: otherwise, end: join, takes: () => environment }];
    if (condition.kind === 'constant') return this.#choose(arms[condition.value === true ? 0 : 1], join);
    const emitter = this.#emitter;
    const falseAs: Comparison =
      condition.kind === 'comparison'
        ? negate(condition)
        : {
            kind: 'comparison',
            name: 'SAME',
            left: emitter.operand(condition),
            right: this.#context.constants.operand(false),
            depth: emitter.depth,
            operand: null,
          };
    this.#open(arms, join, environment, ([, label]) => {
      emitter.act(`BR_${falseAs.name}`, { operands: [falseAs.left, falseAs.right], immediate: label });
    });
  }

  #switch(environment: Symbolic, sum: Symbolic, word: number): void {
    const emitter = this.#emitter;
    const join = this.#code[word + 1];
    const starts = [this.#pc, ...this.#code.subarray(word + 3, word + 3 + this.#code[word + 2])];
    const withPayload = (payload: Symbolic): Symbolic => product([environment, payload], emitter.depth);
    const armsWith = (payload: (tag: number) => Symbolic) =>
      starts.map((start, tag) => ({
        start,
        end: tag + 1 < starts.length ? starts[tag + 1] - JUMP_WORDS : join,
        takes: () => withPayload(payload(tag)),
      }));
    if (sum.kind === 'variant') {
      return this.#choose(armsWith(() => sum.payload)[sum.tag], join);
    }
    if (sum.kind === 'constant') {
      const { tag, value } = sum.value as Sum;
      const payload = this.#context.constants.symbolic(value);
      return this.#choose(armsWith(() => payload)[tag], join);
    }
    if (sum.kind === 'optional') {
      // As below: it is there in its arm alone.
      const arms = armsWith((tag) => (tag === 0 ? this.#nothing : inRegister(sum.raw, emitter.depth)));
      return this.#open(arms, join, environment, ([, label]) =>
        emitter.act('BR_PRESENT', { operands: [sum.raw], immediate: label }),
      );
    }
    emitter.operand(sum);
    // No deeper than its arm, since it is what its type says in that arm alone.
    const arms = armsWith(() => deferred('PAYLOAD', sum, 0, emitter.depth));
    if (arms.length === 1) return this.#choose(arms[0], join);
    this.#open(arms, join, environment, (labels) => {
      const tag = emitter.give('TAG', { operands: [sum.operand!] }).operand!;
      if (labels.length > 2) emitter.act('BR_TABLE', { operands: [tag], labels });
      else {
        const operands = [tag, this.#context.constants.operand(0)];
        emitter.act('BR_DIFFERENT', { operands, immediate: labels[1] });
      }
    });
  }

  /** Goes on with the one arm that is taken. */
  #choose({ start, end, takes }: Omit<Arm, 'label'>, join: number): void {
    this.#controls.push({ kind: 'chosen', join, end, height: this.#stack.length });
    this.#pc = start;
    this.#a = takes();
  }

  /** Opens a choice: `branch` leads from before it to each arm but the first, or to all by a table. */
  #open(
    arms: readonly Omit<Arm, 'label'>[],
    join: number,
    environment: Symbolic,
    branch: (labels: readonly number[]) => void,
  ): void {
    const emitter = this.#emitter;
    const before = emitter.reserve();
    const label = emitter.label();
    emitter.act('BLOCK', { immediate: label });
    const labelled = arms.map((arm) => ({ ...arm, label: emitter.label() }));
    const hasTable = arms.length > 2;
    for (const arm of labelled.slice(hasTable ? 0 : 1).reverse())
      emitter.act('BLOCK', { immediate: arm.label });
    branch(labelled.map((arm) => arm.label));
    if (hasTable) emitter.act('END', { immediate: labelled[0].label });
    const [first, ...others] = labelled;
    this.#controls.push({
      kind: 'choice',
      join,
      label,
      before,
      end: first.end,
      arms: others.reverse(),
      environment,
      height: this.#stack.length,
      state: this.#state,
      pending: emitter.pending,
      isOwing: emitter.isOwing,
      ends: [],
    });
    this.#startArm(first, before);
  }

  #startArm(arm: Arm, before: Code): void {
    this.#emitter.open(false, before);
    this.#pc = arm.start;
    this.#a = arm.takes();
    this.#isDead = false;
  }

  /** The end of what is open in an arm: its result, where it has one. */
  #closeArm(choice: Choice): void {
    const emitter = this.#emitter;
    const frame = emitter.close();
    emitter.append(frame.code);
    this.#stack.length = choice.height;
    const made = takeMade(frame);
    if (this.#isDead) return;
    const code = emitter.reserve();
    const { pending, isOwing } = emitter;
    const values = [this.#a, this.#state];
    choice.ends.push({ values, pending, isOwing, before: choice.before, code, made });
  }

  /** JUMP: the end of an arm that is not the last. */
  #endArm(): void {
    const emitter = this.#emitter;
    const choice = this.#controls[this.#controls.length - 1];
    if (choice.kind === 'chosen') {
      this.#controls.pop();
      this.#pc = choice.join;
      this.#stack.length = choice.height;
      if (this.#isDead) this.#die();
      return;
    }
    if (choice.kind !== 'choice') throw new Error('JUMP out of no arm: the code was not verified');
    this.#closeArm(choice);
    if (!this.#isDead) emitter.act('BR', { immediate: choice.label });
    const arm = choice.arms.pop()!;
    emitter.act('END', { immediate: arm.label });
    choice.end = arm.end;
    this.#state = choice.state;
    emitter.pending = choice.pending;
    emitter.isOwing = choice.isOwing;
    this.#startArm(arm, choice.before);
  }

  /** The last arm of a choice falls into its join, where others may end too. */
  #leaveChoices(): void {
    for (;;) {
      const choice = this.#controls.at(-1);
      if (choice?.kind === 'chosen' && this.#pc === choice.join) {
        this.#controls.pop();
        this.#stack.length = choice.height;
        if (this.#isDead) this.#die();
      } else if (choice?.kind === 'choice' && choice.arms.length === 0 && this.#pc === choice.join) {
        this.#closeArm(choice);
        this.#controls.pop();
        this.#emitter.act('END', { immediate: choice.label });
        this.#isDead = choice.ends.length === 0;
        if (this.#isDead) this.#die();
        else [this.#a, this.#state] = join(this.#emitter, choice.ends);
      } else return;
    }
  }

  /** After a failure: nothing more is done up to the end of what this is in. */
  #die(): void {
    this.#isDead = true;
    this.#a = this.#nothing;
    const control = this.#controls.at(-1);
    this.#pc = control === undefined ? this.#end - RETURN_WORDS : control.end;
  }

  // -------------------------------------------------------------------------- loops

  #fold(word: number): void {
    const [environment, initial, list] = this.#parts(3);
    const emitter = this.#emitter;
    emitter.spend();
    const carried = carry(emitter, initial);
    const item = this.#startLoop(list, word, carried, -1);
    this.#a = product([environment, carried.value, item], emitter.depth);
  }

  #map(word: number): void {
    const [environment, list] = this.#parts(2);
    const emitter = this.#emitter;
    emitter.spend();
    const builder = emitter.give('BUILDER').operand!;
    const item = this.#startLoop(list, word, null, builder);
    this.#a = product([environment, item], emitter.depth);
  }

  /** Opens the loop of the FOLD or MAP at `word`, and gives its item. */
  #startLoop(list: Symbolic, word: number, carried: Carried | null, builder: number): Symbolic {
    const emitter = this.#emitter;
    const exit = this.#code[word + 1];
    const writes = this.#context.writesWithin(this.#function, this.#pc, exit);
    const state = writes ? carry(emitter, this.#state) : null;
    const items = list.kind === 'range' ? list : emitter.operand(list);
    const length =
      typeof items === 'number' ? emitter.give('LENGTH', { operands: [items] }).operand! : items.length;
    const before = emitter.reserve();
    const fuel = entryFuel(exit - this.#pc);
    const index = emitter.giveTo(emitter.register(), 'LOOP', { operands: [length], immediate: fuel });
    emitter.open(true, before);
    this.#controls.push({
      kind: 'loop',
      end: exit - NEXT_WORDS,
      height: this.#stack.length,
      carried,
      state,
      builder,
    });
    if (state !== null) this.#state = state.value;
    return typeof items === 'number'
      ? emitter.give('ITEM', { operands: [items, index] })
      : this.#itemOfRange(items, index);
  }

  #itemOfRange({ start }: Range, index: number): Symbolic {
    if (start === this.#context.constants.operand(0)) return inRegister(index, this.#emitter.depth);
    return this.#emitter.give('OFFSET', { operands: [start, index] });
  }

  /** NEXT: what the loop carries is as it was found for the next item, and after the last. */
  #endLoop(): void {
    const emitter = this.#emitter;
    const loop = this.#controls.pop();
    if (loop?.kind !== 'loop') throw new Error('NEXT out of no loop: the code was not verified');
    this.#stack.length = loop.height;
    const { carried, state } = this.#isDead ? UNCARRIED : this.#carryOn(loop);
    emitter.act('NEXT');
    const frame = emitter.close();
    takeMade(frame);
    emitter.append(frame.code);
    // Of no items none fails.
    this.#isDead = false;
    emitter.pending = 0;
    if (loop.state !== null) this.#state = carriedOut(emitter, loop.state, state);
    this.#a =
      loop.carried !== null
        ? carriedOut(emitter, loop.carried, carried)
        : emitter.give('COLLECTED', { operands: [loop.builder] });
  }

  /** Gives the operands that the registers of the accumulator and of the state are to hold next. */
  #carryOn({ carried, state, builder }: Loop): typeof UNCARRIED {
    const emitter = this.#emitter;
    if (carried === null) emitter.act('COLLECT', { operands: [builder, emitter.operand(this.#a)] });
    const ofCarried = carried === null ? [] : next(emitter, carried, this.#a);
    const ofState = state === null ? [] : next(emitter, state, this.#state);
    const registers = [...(carried?.registers ?? []), ...(state?.registers ?? [])];
    moveAtOnce(emitter, registers, [...ofCarried, ...ofState]);
    return { carried: ofCarried, state: ofState };
  }

  // -------------------------------------------------------------------------- calls

  #call(callee: number): void {
    const emitter = this.#emitter;
    const { functions } = this.#unit;
    const { effects } = this.#context.verified.functions[callee];
    const words = functions[callee].code.length;
    if (this.#context.takeInlined(words)) {
      emitter.pending += entryFuel(words);
      return this.#enter(callee, 0, words, this.#a);
    }
    const { routine, takesState } = this.#context.calleeOf(callee);
    const operands = [emitter.operand(this.#a)];
    if (takesState) operands.push(emitter.operand(this.#state));
    this.#a = emitter.give('CALL', { operands, immediate: routine });
    if ((effects & WRITES) !== 0) this.#state = emitter.give('TAKE_STATE');
  }

  #apply(closure: Symbolic, argument: Symbolic): void {
    const emitter = this.#emitter;
    if (closure.kind === 'closure') {
      const { start, end } = closure.body;
      if (this.#context.takeInlined(end - start)) {
        emitter.pending += entryFuel(end - start);
        const argumentOf = product([closure.environment, argument], emitter.depth);
        return this.#enter(closure.body.function, start, end, argumentOf);
      }
    }
    const operands = [emitter.operand(closure), emitter.operand(argument)];
    this.#a = emitter.give('APPLY', { operands });
  }

  #enter(index: number, start: number, end: number, argument: Symbolic): void {
    this.#controls.push({
      kind: 'inlined',
      end: end - RETURN_WORDS,
      height: this.#stack.length,
      caller: this.#function,
      after: this.#pc,
    });
    this.#function = index;
    this.#code = this.#unit.functions[index].code;
    this.#pc = start;
    this.#a = argument;
  }

  /** RETURN of what was lowered in place of its call. */
  #leaveInlined(): void {
    const inlined = this.#controls.pop();
    if (inlined?.kind !== 'inlined') throw new Error('RETURN out of no function: the code was not verified');
    this.#function = inlined.caller;
    this.#code = this.#unit.functions[inlined.caller].code;
    this.#pc = inlined.after;
    this.#stack.length = inlined.height;
    if (this.#isDead) this.#die();
  }
}

/** Of a body that always fails. */
const UNCARRIED: { readonly carried: readonly number[]; readonly state: readonly number[] } = {
  carried: [],
  state: [],
};

/** Operations and operands that making a value anew may take, so that a word that needs it does no more. */
const WEIGHT_MAX = 128;

const JUMP_WORDS = INSTRUCTIONS.JUMP.operands.length + 1;
const NEXT_WORDS = INSTRUCTIONS.NEXT.operands.length + 1;
const RETURN_WORDS = INSTRUCTIONS.RETURN.operands.length + 1;

function nodeOf<K extends TypeNode['kind']>(node: TypeNode, kind: K): TypeNode & { readonly kind: K } {
  if (node.kind !== kind) throw new Error(`a ${node.kind} for a ${kind}: the code was not verified`);
  return node as TypeNode & { readonly kind: K };
}

function holds(name: ComparisonName, left: number, right: number): boolean {
  switch (name) {
    case 'SAME':
      return left === right;
    case 'DIFFERENT':
      return left !== right;
    case 'LESS':
      return left < right;
    case 'NOT_GREATER':
      return left <= right;
    default:
      return name satisfies never;
  }
}
