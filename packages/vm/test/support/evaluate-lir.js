import { LIST_HEADER_BYTES, List, PER_FUEL, SCALAR_BYTES, Sum, VALUE_LIMITS, compareStrings, equal, sizeOf, } from '@smc/protocol';
import { Meter } from '../../src/builtins/meter.js';
import { BUILT_INS } from '../../src/builtins/table.js';
import { DIVISION_BY_ZERO, FAILED, INTEGER_OVERFLOW, OUT_OF_FUEL, VALUE_TOO_LARGE, } from '../../src/failure.js';
import { OPERATIONS } from '../../src/lower/lir.js';
/** Runs a routine that is entered from outside. */
export function evaluateLir(lowered, routine, run) {
    const evaluation = new Evaluation(lowered, run);
    try {
        const value = evaluation.enter(routine, [run.argument]);
        return { value, state: evaluation.state(), fuel: evaluation.paidFuel() };
    }
    catch (error) {
        if (error instanceof Stop)
            return { failure: error.failure };
        throw error;
    }
}
class Stop extends Error {
    failure;
    constructor(failure) {
        super(failure.message);
        this.failure = failure;
    }
}
/** A closure: a routine, and what it is over. */
class Closure {
    routine;
    over;
    constructor(routine, over) {
        this.routine = routine;
        this.over = over;
    }
}
class Evaluation {
    #lowered;
    #run;
    #before;
    #after;
    #hasCommitted = false;
    #left = null;
    #fuel;
    constructor(lowered, run) {
        this.#lowered = lowered;
        this.#run = run;
        this.#before = lowered.state.isProduct ? run.state : [run.state];
        this.#after = [...this.#before];
        this.#fuel = run.fuel;
    }
    state() {
        return this.#lowered.state.isProduct ? this.#after : this.#after[0];
    }
    paidFuel() {
        if (this.#fuel < 0)
            throw new Error('a run that ended without having paid');
        return this.#fuel;
    }
    /** Pays for a routine and runs it. */
    enter(index, parameters) {
        const routine = this.#lowered.routines[index];
        if (parameters.length !== routine.parameters)
            throw new Error(`${routine.name} takes other parameters`);
        this.#spend(routine.fuel);
        const frame = new Frame(routine, this.#lowered.constants, parameters);
        for (let at = 0;;) {
            const operation = routine.operations[at];
            if (operation.name === 'RETURN')
                return frame.operand(operation, 0);
            at = OPERATIONS[operation.name].effect === 'acts' ? this.#act(frame, at) : this.#go(frame, at);
        }
    }
    #spend(amount) {
        this.#fuel -= amount;
        if (this.#fuel < 0)
            throw new Stop(OUT_OF_FUEL);
    }
    #fail(failure, { pending }) {
        if (this.#hasCommitted)
            throw new Error('a failure after a COMMIT');
        throw new Stop(this.#fuel < pending ? OUT_OF_FUEL : failure);
    }
    /** Operations about control, and those that write what outlives the run. Gives where to go on. */
    #act(frame, at) {
        const operation = frame.routine.operations[at];
        const a = () => frame.operand(operation, 0);
        const b = () => frame.operand(operation, 1);
        const to = (isTaken) => (isTaken ? frame.endOf(operation.immediate) + 1 : at + 1);
        switch (operation.name) {
            case 'BLOCK':
            case 'END':
                break;
            case 'BR':
                return to(true);
            case 'BR_SAME':
                return to(a() === b());
            case 'BR_DIFFERENT':
                return to(a() !== b());
            case 'BR_LESS':
                return to(a() < b());
            case 'BR_NOT_GREATER':
                return to(a() <= b());
            case 'BR_TRUE':
                return to(a() === true);
            case 'BR_FALSE':
                return to(a() === false);
            case 'BR_ABSENT':
                return to(a() === undefined);
            case 'BR_PRESENT':
                return to(a() !== undefined);
            case 'BR_TABLE':
                return frame.endOf(operation.labels[a()]) + 1;
            case 'NEXT': {
                this.#fuel -= operation.pending;
                return this.#iterate(frame, frame.loopOf(at), frame.iterations(frame.loopOf(at)) + 1);
            }
            case 'MOVE':
                frame.set(operation, a());
                break;
            case 'CHARGE':
                this.#fuel -= operation.immediate;
                break;
            case 'COMMIT':
                this.paidFuel();
                this.#hasCommitted = true;
                this.#after[operation.immediate] = a();
                break;
            case 'LEAVE_STATE':
                this.#left = a();
                break;
            default:
                throw new Error(`${operation.name} does not act`);
        }
        return at + 1;
    }
    /** Starts an iteration of the LOOP at a position, or goes on behind its NEXT. */
    #iterate(frame, at, iteration) {
        const operation = frame.routine.operations[at];
        if (iteration >= frame.operand(operation, 0))
            return frame.nextOf(at) + 1;
        this.#spend(operation.immediate);
        frame.set(operation, iteration);
        return at + 1;
    }
    /** The others: they go on with the next operation, but for LOOP. */
    #go(frame, at) {
        const operation = frame.routine.operations[at];
        if (OPERATIONS[operation.name].effect === 'spends')
            this.#spend(operation.pending);
        if (operation.name === 'LOOP')
            return this.#iterate(frame, at, 0);
        const operands = operation.operands.map((_, index) => frame.operand(operation, index));
        const value = this.#value(operation, operands);
        if (OPERATIONS[operation.name].gives)
            frame.set(operation, value);
        return at + 1;
    }
    #value(operation, operands) {
        const { name, immediate } = operation;
        const [a, b] = operands;
        const [x, y] = operands;
        switch (name) {
            case 'SPEND':
                return null;
            case 'STATE':
                if (this.#hasCommitted)
                    throw new Error('a STATE after a COMMIT');
                return this.#before[immediate];
            case 'KEY':
                return this.#run.key;
            case 'NOW':
                return this.#run.now;
            case 'CHECK_SIZE': {
                const size = operands.reduce((sum, each) => sum + sizeOf(each), immediate);
                return size > VALUE_LIMITS.valueBytesMax ? this.#fail(VALUE_TOO_LARGE, operation) : null;
            }
            case 'FAIL':
                return this.#fail({ kind: 'fault', message: a }, operation);
            case 'ADD':
                return this.#integer(BigInt(x) + BigInt(y), operation);
            case 'SUB':
                return this.#integer(BigInt(x) - BigInt(y), operation);
            case 'MUL':
                return this.#integer(BigInt(x) * BigInt(y), operation);
            case 'DIV':
                return y === 0 ? this.#fail(DIVISION_BY_ZERO, operation) : Number(BigInt(x) / BigInt(y));
            case 'REM':
                return y === 0 ? this.#fail(DIVISION_BY_ZERO, operation) : Number(BigInt(x) % BigInt(y));
            case 'NEG':
                return Number(-BigInt(x));
            case 'MIN':
                return x < y ? x : y;
            case 'MAX':
                return x > y ? x : y;
            case 'ABS':
                return x < 0 ? -x : x;
            case 'OFFSET': {
                const sum = x + y;
                if (!Number.isSafeInteger(sum))
                    throw new Error('an OFFSET out of range');
                return sum;
            }
            case 'INT_TO_STRING':
                return String(x);
            case 'SAME':
                return a === b;
            case 'DIFFERENT':
                return a !== b;
            case 'LESS':
                return x < y;
            case 'NOT_GREATER':
                return x <= y;
            case 'NOT':
                return a === false;
            case 'EQUAL':
                this.#compare(a, b);
                return equal(a, b);
            case 'ORDER':
                this.#compare(a, b);
                return compareStrings(a, b);
            case 'TUPLE':
                return operands;
            case 'COMPONENT':
                return a[immediate];
            case 'SUM':
                return new Sum(immediate, a);
            case 'TAG':
                return a.tag;
            case 'PAYLOAD':
                return a.value;
            case 'OPTION':
                return a === undefined ? new Sum(0, null) : new Sum(1, a);
            default:
                return this.#rare(operation, operands);
        }
    }
    #rare(operation, operands) {
        const { name, immediate } = operation;
        const [a, b] = operands;
        switch (name) {
            case 'LIST': {
                const list = List.of(operands);
                this.#spend(1 + Math.floor(list.size / PER_FUEL.bytes));
                if (list.size > VALUE_LIMITS.valueBytesMax)
                    throw new Stop(VALUE_TOO_LARGE);
                return list;
            }
            case 'LENGTH':
                return a.items.length;
            case 'ITEM': {
                const item = a.items[b];
                if (item === undefined)
                    throw new Error('an ITEM that is not there');
                return item;
            }
            case 'FIND_ITEM':
                return a.items[b];
            case 'RANGE_LENGTH': {
                const length = Math.max(0, Number(BigInt(b) - BigInt(a)));
                this.#spend(1 + Math.floor(length / PER_FUEL.items));
                const size = LIST_HEADER_BYTES + SCALAR_BYTES * length;
                if (size > VALUE_LIMITS.valueBytesMax)
                    throw new Stop(VALUE_TOO_LARGE);
                return length;
            }
            case 'RANGE':
                return List.of(Array.from({ length: b }, (_, index) => a + index));
            case 'BUILDER':
                return { items: [], size: LIST_HEADER_BYTES };
            case 'COLLECT': {
                const builder = a;
                const bytes = sizeOf(b);
                this.#spend(Math.floor(bytes / PER_FUEL.bytes));
                builder.size += bytes;
                if (builder.size > VALUE_LIMITS.valueBytesMax)
                    throw new Stop(VALUE_TOO_LARGE);
                builder.items.push(b);
                return null;
            }
            case 'COLLECTED':
                return new List(a.items, a.size);
            case 'COUNT':
                return a.length;
            case 'BUILT_IN': {
                const meter = new Meter();
                meter.fuel = this.#fuel;
                const [, , c] = operands;
                const result = BUILT_INS[immediate].run(meter, a, b, c, operation.order);
                if (result === FAILED)
                    throw new Stop(meter.failure);
                this.#fuel = meter.fuel;
                return result;
            }
            case 'CALL':
                return this.enter(immediate, operands);
            case 'CLOSURE':
                return new Closure(immediate, a);
            case 'APPLY':
                return this.enter(a.routine, [a.over, b]);
            case 'TAKE_STATE':
                return this.#left;
            default:
                throw new Error(`${name} has no value`);
        }
    }
    #integer(exact, operation) {
        const result = Number(exact);
        return Number.isSafeInteger(result) ? result : this.#fail(INTEGER_OVERFLOW, operation);
    }
    /** Pays for a comparison, by the larger of the two. */
    #compare(a, b) {
        const isFree = typeof a === 'number';
        if (!isFree)
            this.#spend(Math.floor(Math.max(sizeOf(a), sizeOf(b)) / PER_FUEL.bytes));
    }
}
/** A routine that runs: its registers, and where its blocks end. */
class Frame {
    routine;
    #constants;
    /** Only registers that were written. */
    #registers = new Map();
    #ends = new Map();
    #loops = new Map();
    #nexts = new Map();
    constructor(routine, constants, parameters) {
        this.routine = routine;
        this.#constants = constants;
        for (const [register, value] of parameters.entries())
            this.#registers.set(register, value);
        const open = [];
        for (const [at, { name }] of routine.operations.entries()) {
            if (name === 'BLOCK' || name === 'LOOP')
                open.push(at);
            if (name === 'END')
                this.#ends.set(routine.operations[open.pop()].immediate, at);
            if (name === 'NEXT') {
                this.#loops.set(at, open.at(-1));
                this.#nexts.set(open.pop(), at);
            }
        }
    }
    operand({ name, operands }, index) {
        const operand = operands[index];
        if (operand < 0)
            return this.#constants[~operand];
        if (!this.#registers.has(operand))
            throw new Error(`${name} reads register ${operand} before it is written`);
        return this.#registers.get(operand);
    }
    set({ target }, value) {
        if (target < 0 || target >= this.routine.registers)
            throw new Error(`there is no register ${target}`);
        this.#registers.set(target, value);
    }
    /** Of a block, by label. */
    endOf(label) {
        return this.#ends.get(label);
    }
    loopOf(next) {
        return this.#loops.get(next);
    }
    nextOf(loop) {
        return this.#nexts.get(loop);
    }
    /** How many iterations of a loop have ended before the one that runs. */
    iterations(loop) {
        return this.#registers.get(this.routine.operations[loop].target);
    }
}
//# sourceMappingURL=evaluate-lir.js.map