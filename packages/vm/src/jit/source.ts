import { INSTRUCTIONS, type Value } from '@smc/protocol';
import type { Lowered, Operation, Routine } from '../lower/lir.ts';

/**
 * The JavaScript of a routine. It is made of the words below, of names of a letter and a
 * number, and of integers: no character of it came from an image. What an image says otherwise
 * (strings, large constants, names) is passed in arrays, by index.
 *
 * | name | is |
 * |---|---|
 * | `i`, `t`, `q` | the instance, the time, the fuel that is left |
 * | `r0`… | registers |
 * | `l0`… | labels of blocks |
 * | `k0`… | constants that are no small integers, booleans or unit |
 * | `b0`…, `c0`… | built-ins, and those that change in place |
 * | `o0`… | the orders of keys that they take, by site |
 * | `g0`… | the routines that it calls or makes closures of |
 * | `m` | the meter; the other capitals are those of `RUNTIME` |
 *
 * Registers and fuel are variables, blocks are labelled blocks, loops are loops of the host.
 * Integers are checked where they are made: a result that is no small integer of the host is
 * looked at again, and out of the line if it is out of range.
 */

/** Past this, in characters, the host does not optimise a function any more. */
export const SOURCE_LENGTH_MAX = 30_000;
/** The host's parser takes each block by recursion. */
export const DEPTH_MAX = 250;

/** What a function of the generated source refers to beside its parameters, in this order. */
export const PARAMETERS = [
  'm', // Meter
  'F', // FAILED
  'V', // INTEGER_OVERFLOW
  'Z', // DIVISION_BY_ZERO
  'X', // OUT_OF_FUEL
  'W', // VALUE_TOO_LARGE
  'S', // Sum
  'N', // NONE
  'C', // Closure
  'D', // quotient
  'R', // remainder
  'L', // listOf
  'E', // equalPaid
  'O', // orderPaid
  'G', // rangeLength
  'H', // lookupFuel
  'A', // rangeOf
  'T', // findItem
  'B', // Builder
  'Y', // isTooLarge
  'U', // the message of a FAIL, as a failure
  'K', // constants
  'P', // built-ins by code
  'I', // those that change in place, by code
  'Q', // orders, by site
  'J', // functions of routines
] as const;

/** What the source of a routine is made of. */
export interface RoutineSource {
  /** The body of a function of `PARAMETERS` that gives the function (i, t, q, r0, r1, …). */
  readonly text: string;
  /** The orders of keys that it takes, by number of the `o`. */
  readonly orders: readonly Operation['order'][];
}

/**
 * Null where it would be too long or too deep. `isOutermost` says that no routine enters it, so
 * that it need not tell what fuel is left.
 */
export function sourceOf(lowered: Lowered, index: number, isOutermost: boolean): RoutineSource | null {
  return new SourceWriter(lowered, lowered.routines[index], isOutermost).write();
}

/** Built-ins that pay for a lookup and do no more: a part of the routine, as they are short and frequent. */
const LOOKUPS: ReadonlyMap<number, string> = new Map([
  [INSTRUCTIONS.MAP_GET.code, 'get'],
  [INSTRUCTIONS.MAP_HAS.code, 'has'],
  [INSTRUCTIONS.SET_HAS.code, 'has'],
]);

const MAX = String(Number.MAX_SAFE_INTEGER);

class SourceWriter {
  readonly #lowered: Lowered;
  readonly #routine: Routine;
  /** Whether it is entered from outside alone, where nobody asks what fuel is left. */
  readonly #isOutermost: boolean;
  readonly #lines: string[] = [];
  readonly #orders: Operation['order'][] = [];
  readonly #outer = new Map<string, string>();

  constructor(lowered: Lowered, routine: Routine, isOutermost: boolean) {
    this.#lowered = lowered;
    this.#routine = routine;
    this.#isOutermost = isOutermost;
  }

  write(): RoutineSource | null {
    const { parameters, registers, operations, fuel } = this.#routine;
    let length = 0;
    let depth = 0;
    for (const operation of operations) {
      const line = this.#line(operation);
      length += line.length;
      if (operation.name === 'BLOCK' || operation.name === 'LOOP') depth++;
      if (operation.name === 'END' || operation.name === 'NEXT') depth--;
      if (length > SOURCE_LENGTH_MAX || depth > DEPTH_MAX) return null;
      this.#lines.push(line);
    }
    const names = Array.from({ length: registers }, (_, register) => `r${register}`);
    const own = names.slice(parameters);
    const text = [
      ...[...this.#outer].map(([name, value]) => `const ${name} = ${value};`),
      `return function (${['i', 't', 'q', ...names.slice(0, parameters)].join(', ')}) {`,
      ...(own.length === 0 ? [] : [`let ${own.join(', ')};`]),
      ...(fuel === 0 ? [] : [spend(String(fuel))]),
      ...this.#lines,
      '};',
    ].join('\n');
    return { text, orders: this.#orders };
  }

  /** A register, or a constant. */
  #operand(operand: number): string {
    if (operand >= 0) return `r${operand}`;
    const value: Value = this.#lowered.constants[~operand];
    if (value === null || typeof value === 'boolean') return String(value);
    if (Number.isSafeInteger(value)) return integer(value as number);
    return this.#name('k', 'K', ~operand);
  }

  /** A variable around the function that has the element of an array. */
  #name(letter: string, array: string, index: number): string {
    this.#outer.set(`${letter}${index}`, `${array}[${index}]`);
    return `${letter}${index}`;
  }

  #constantInteger(operand: number): number | null {
    const value = operand < 0 ? this.#lowered.constants[~operand] : null;
    return typeof value === 'number' ? value : null;
  }

  #line(operation: Operation): string {
    const { name, target, operands, immediate, pending, labels } = operation;
    const operand = (index: number): string => this.#operand(operands[index]);
    const to = (value: string): string => `r${target} = ${value};`;
    const branch = (condition: string): string => `if (${condition}) break l${immediate};`;
    const paid = (value: string): string =>
      `m.fuel = ${less(pending)}; r${target} = ${value}; if (r${target} === F) return F; q = m.fuel;`;
    const a = operands.length > 0 ? operand(0) : '';
    const b = operands.length > 1 ? operand(1) : '';
    const all = operands.map((each) => this.#operand(each)).join(', ');
    switch (name) {
      case 'BLOCK':
        return `l${immediate}: {`;
      case 'END':
        return '}';
      case 'BR':
        return `break l${immediate};`;
      case 'BR_SAME':
        return branch(`${a} === ${b}`);
      case 'BR_DIFFERENT':
        return branch(`${a} !== ${b}`);
      case 'BR_LESS':
        return branch(`${a} < ${b}`);
      case 'BR_NOT_GREATER':
        return branch(`${a} <= ${b}`);
      case 'BR_PRESENT':
        return branch(`${a} !== void 0`);
      case 'BR_TABLE': {
        const arms = labels.slice(1).map((label, index) => `case ${index + 1}: break l${label};`);
        return `switch (${a}) { ${arms.join(' ')} default: break l${labels[0]}; }`;
      }
      case 'LOOP':
        return `for (r${target} = 0; r${target} < ${a}; r${target}++) { ${spend(String(immediate))}`;
      case 'NEXT':
        return pending === 0 ? '}' : `q -= ${pending}; }`;
      case 'MOVE':
        return to(a);
      case 'RETURN':
        return this.#isOutermost ? `return ${a};` : `m.fuel = q; return ${a};`;
      case 'SPEND':
        return spend(String(pending));
      case 'CHARGE':
        return `q -= ${immediate};`;
      case 'STATE':
        return to(`i.f${immediate}`);
      case 'COMMIT':
        return this.#lowered.state.isProduct
          ? `i.f${immediate} = ${a}; i.seen = null;`
          : `i.f${immediate} = ${a};`;
      case 'KEY':
        return to('i.key');
      case 'NOW':
        return to('t');
      case 'CHECK_SIZE':
        return `if (Y(${immediate}, [${all}])) ${fails('W', pending)}`;
      case 'FAIL':
        return fails(`U(${a})`, pending);
      case 'ADD':
        return checked(to(`${a} + ${b}`), target, pending);
      case 'SUB':
        return checked(to(`${a} - ${b}`), target, pending);
      case 'MUL':
        // A product can be −0, which plus 0 is 0.
        return checked(to(`${a} * ${b} + 0`), target, pending);
      case 'DIV':
        return this.#division(operation, to);
      case 'REM':
        return this.#division(operation, to);
      case 'NEG':
        return to(`0 - ${a}`);
      case 'MIN':
        return to(`${a} < ${b} ? ${a} : ${b}`);
      case 'MAX':
        return to(`${a} < ${b} ? ${b} : ${a}`);
      case 'ABS':
        return to(`${a} < 0 ? 0 - ${a} : ${a}`);
      case 'OFFSET':
        return to(`${a} + ${b}`);
      case 'INT_TO_STRING':
        return to(`'' + ${a}`);
      case 'SAME':
        return to(`${a} === ${b}`);
      case 'DIFFERENT':
        return to(`${a} !== ${b}`);
      case 'LESS':
        return to(`${a} < ${b}`);
      case 'NOT_GREATER':
        return to(`${a} <= ${b}`);
      case 'EQUAL':
        return paid(`E(m, ${a}, ${b})`);
      case 'ORDER':
        return paid(`O(m, ${a}, ${b})`);
      case 'TUPLE':
        return to(`[${all}]`);
      case 'COMPONENT':
        return to(`${a}[${immediate}]`);
      case 'SUM':
        return to(`new S(${immediate}, ${a})`);
      case 'TAG':
        return to(`${a}.tag`);
      case 'PAYLOAD':
        return to(`${a}.value`);
      case 'OPTION':
        return to(`${a} === void 0 ? N : new S(1, ${a})`);
      case 'LIST':
        return paid(`L(m, [${all}])`);
      case 'LENGTH':
        return to(`${a}.items.length`);
      case 'ITEM':
        return to(`${a}.items[${b}]`);
      case 'FIND_ITEM':
        return to(`T(${a}, ${b})`);
      case 'RANGE_LENGTH':
        return paid(`G(m, ${a}, ${b})`);
      case 'RANGE':
        return to(`A(${a}, ${b})`);
      case 'BUILDER':
        return to('new B()');
      case 'COLLECT':
        return `m.fuel = ${less(pending)}; if (${a}.collect(m, ${b}) === F) return F; q = m.fuel;`;
      case 'COLLECTED':
        return to(`${a}.list()`);
      case 'COUNT':
        return to(`${a}.length`);
      case 'BUILT_IN': {
        const method = LOOKUPS.get(immediate);
        if (method === undefined) return paid(this.#builtIn(operation, all));
        return `${spend(`${plus(pending)}H(${all}, q)`)} ${to(`${a}.${method}(${b})`)}`;
      }
      case 'CHANGE':
        return paid(`${this.#name('c', 'I', immediate)}(m, ${all})`);
      case 'SHARE':
        return `${a}.share();`;
      case 'SETTLE':
        return 'm.log.clear();';
      case 'CALL':
        return `r${target} = ${this.#name('g', 'J', immediate)}(i, t, ${less(pending)}${comma(all)}); if (r${target} === F) return F; q = m.fuel;`;
      case 'CLOSURE':
        return to(`new C(${this.#name('g', 'J', immediate)}, ${a})`);
      case 'APPLY':
        return `r${target} = ${a}.routine(i, t, ${less(pending)}, ${a}.over, ${b}); if (r${target} === F) return F; q = m.fuel;`;
      case 'LEAVE_STATE':
        return `m.state = ${a};`;
      case 'TAKE_STATE':
        return to('m.takeState()');
      default:
        return name satisfies never;
    }
  }

  /** DIV and REM: a divisor that is known needs neither a test for 0 nor for its sign. */
  #division({ name, operands, pending }: Operation, to: (value: string) => string): string {
    const [a, b] = operands.map((operand) => this.#operand(operand));
    const divisor = this.#constantInteger(operands[1]);
    const isQuotient = name === 'DIV';
    if (divisor === 0) return fails('Z', pending);
    if (divisor !== null && divisor > 0) {
      const rest = `${a} - Math.trunc(${a} / ${b}) * ${b}`;
      const exact = isQuotient ? `Math.trunc(${a} / ${b}) + 0` : rest;
      if ((divisor | 0) !== divisor) return to(exact);
      return to(`(${a} | 0) === ${a} ? (${a} ${isQuotient ? '/' : '%'} ${b}) | 0 : ${exact}`);
    }
    // −2³¹ / −1 is no small integer.
    const small = `(${a} | 0) === ${a} && (${b} | 0) === ${b} && ${b} > 0`;
    const value = isQuotient
      ? `${small} ? (${a} / ${b}) | 0 : D(${a}, ${b})`
      : `${small} ? (${a} % ${b}) | 0 : R(${a}, ${b})`;
    return `${divisor === null ? `if (${b} === 0) ${fails('Z', pending)} ` : ''}${to(value)}`;
  }

  #builtIn({ operands, immediate, order }: Operation, all: string): string {
    const callee = this.#name('b', 'P', immediate);
    if (order === null) return `${callee}(m, ${all})`;
    const missing = 'null, '.repeat(3 - operands.length);
    const number = this.#orders.push(order) - 1;
    return `${callee}(m, ${all}, ${missing}${this.#name('o', 'Q', number)})`;
  }
}

/** An integer as an operand: a sign in front of it could meet another. */
const integer = (value: number): string => (value < 0 ? `(${value})` : String(value));

const less = (pending: number): string => (pending === 0 ? 'q' : `q - ${pending}`);
const plus = (pending: number): string => (pending === 0 ? '' : `${pending} + `);
const comma = (list: string): string => (list === '' ? '' : `, ${list}`);
const spend = (amount: string): string => `q -= ${amount}; if (q < 0) return m.fail(X);`;
const fails = (failure: string, pending: number): string =>
  `return m.failPending(${failure}, q, ${pending});`;

/** An assignment of an integer that may be out of range. */
const checked = (assignment: string, target: number, pending: number): string =>
  `${assignment} if ((r${target} | 0) !== r${target} && (r${target} > ${MAX} || r${target} < -${MAX})) ${fails('V', pending)}`;
