import type { CompiledTest, TestLine } from '@smc/compiler';
import {
  equal,
  escapeLines,
  lineStarts,
  positionAt,
  printValue,
  valueToJson,
  type FieldOrder,
  type Image,
  type Span,
  type TypeId,
  type Value,
} from '@smc/protocol';
import { FAILED, type Instance, type JitMode, load, type Program } from '@smc/vm';
import { differences } from './differences.ts';

/** Running the tests of a file, and showing what went wrong. */

/** What was expected, or what came. */
type Outcome =
  | { readonly kind: 'value'; readonly type: TypeId; readonly value: Value }
  /** The message; null where any fault will do. */
  | { readonly kind: 'fault'; readonly message: string | null };

/** Where a test failed, and why. */
export interface Failure {
  readonly span: Span;
  /** One sentence. */
  readonly message: string;
  /** Both null where no reply or state was compared. */
  readonly expected: Outcome | null;
  readonly actual: Outcome | null;
  /** The state when it failed. */
  readonly state: Value;
}

/** Runs a test from the initial state, at `@0`; null where it passes. */
export function runTest(test: CompiledTest, image: Image, jit: JitMode): Failure | null {
  const loaded = load(image, { jit });
  if (!loaded.ok) throw new Error(`the code of ${image.name} does not verify: ${loaded.invalid.message}`);
  const run = new Run(image, loaded.program, test);
  for (const line of test.lines) {
    const failure = run.take(line);
    if (failure !== null) return failure;
  }
  return null;
}

class Run {
  readonly #image: Image;
  readonly #program: Program;
  readonly #instance: Instance;
  #now = 0;

  constructor(image: Image, program: Program, test: CompiledTest) {
    this.#image = image;
    this.#program = program;
    this.#instance = program.instance(program.initial, test.key);
  }

  take(line: TestLine): Failure | null {
    switch (line.kind) {
      case 'now':
        if (line.time < this.#now) return this.#failed(line, 'the clock can not be set back');
        this.#now = line.time;
        return null;
      case 'state': {
        const { state } = this.#instance;
        if (equal(line.expected, state)) return null;
        const [expected, actual] = [line.expected, state].map((value) => valueOf(this.#image.state, value));
        return this.#failed(line, 'the state is another', expected, actual);
      }
      case 'input':
        return this.#step(line);
    }
  }

  #step(line: TestLine & { kind: 'input' }): Failure | null {
    const index = this.#program.index(line.operation);
    const { reply: type } = this.#image.operations[index];
    const reply = this.#program.step(this.#instance, index, line.input, this.#now);
    const expected: Outcome =
      line.expected === 'fault' ? { kind: 'fault', message: null } : valueOf(type, line.expected.reply);
    if (reply === FAILED) {
      const { message } = this.#program.failure;
      if (expected.kind === 'fault') return null;
      return this.#failed(line, 'it faulted', expected, { kind: 'fault', message });
    }
    const actual = valueOf(type, reply);
    if (expected.kind === 'fault') return this.#failed(line, 'it did not fault', expected, actual);
    if (!equal(expected.value, reply)) return this.#failed(line, 'the reply is another', expected, actual);
    const broken = this.#program.brokenInvariant(this.#instance.state, this.#instance.key);
    if (broken === null) return null;
    const which = this.#image.invariants.length === 1 ? 'the invariant' : `invariant ${broken.index + 1}`;
    const what = broken.failure === null ? 'is broken' : `faulted: ${escapeLines(broken.failure.message)}`;
    return this.#failed(line, `${which} ${what}`);
  }

  #failed(
    { span }: TestLine,
    message: string,
    expected: Outcome | null = null,
    actual: Outcome | null = null,
  ): Failure {
    return { span, message, expected, actual, state: this.#instance.state };
  }
}

const valueOf = (type: TypeId, value: Value): Outcome & { kind: 'value' } => ({ kind: 'value', type, value });

// ------------------------------------------------------------------------- what is shown

/** As much of two values is marked; longer ones have a list of what differs. */
const MARKED_LENGTH_MAX = 80;

/** The failure of a test for people: the line, what was expected, what came, what differs, and the state. */
export function showFailure(
  test: CompiledTest,
  failure: Failure,
  image: Image,
  text: string,
  order: FieldOrder,
): string {
  const { types } = image.unit;
  const print = (type: TypeId, value: Value): string => printValue(types, type, value, order);
  const { line, column, source } = placeOf(failure.span, text);
  const { file } = failure.span;
  const lines = [`failed: ${test.title}`, `  ${file}:${line}:${column}: ${failure.message}`, `    ${source}`];
  const { expected, actual } = failure;
  if (expected !== null && actual !== null) {
    const [wanted, came] = [expected, actual].map((outcome) => printOutcome(outcome, print));
    lines.push(`    expected: ${wanted}`, `    actual:   ${came}`);
    const differing =
      expected.kind === 'value' && actual.kind === 'value'
        ? differences(types, expected.type, expected.value, actual.value, order)
        : [];
    const isShort = Math.max(wanted.length, came.length) <= MARKED_LENGTH_MAX;
    if (isShort && actual.kind === 'value') lines.push(`              ${marks(wanted, came)}`);
    for (const { path, type, values } of isShort ? [] : differing) {
      const [left, right] = values.map((value) => (value === undefined ? 'nothing' : print(type, value)));
      lines.push(`    differs:  ${path}: ${left} expected, ${right} came`);
    }
  }
  lines.push(`    state:    ${print(image.state, failure.state)}`, '');
  return lines.join('\n');
}

function printOutcome(outcome: Outcome, print: (type: TypeId, value: Value) => string): string {
  if (outcome.kind === 'value') return print(outcome.type, outcome.value);
  return outcome.message === null ? 'a fault' : `fault: ${escapeLines(outcome.message)}`;
}

/** The same for programs. */
export function failureData(failure: Failure, image: Image, text: string): object {
  const json = (type: TypeId, value: Value): unknown =>
    JSON.parse(valueToJson(image.unit.types, type, value)) as unknown;
  const data = (outcome: Outcome): object =>
    outcome.kind === 'value'
      ? { value: json(outcome.type, outcome.value) }
      : { fault: outcome.message ?? true };
  const { line, column, source } = placeOf(failure.span, text);
  const { message, expected, actual, state } = failure;
  return {
    line,
    column,
    input: source,
    message,
    ...(expected === null || actual === null ? {} : { expected: data(expected), actual: data(actual) }),
    state: json(image.state, state),
  };
}

/** Marks the part of `actual` that differs from `expected`. */
function marks(expected: string, actual: string): string {
  let start = 0;
  const shorter = Math.min(expected.length, actual.length);
  while (start < shorter && expected[start] === actual[start]) start++;
  let end = 0;
  while (end < shorter - start && expected.at(-1 - end) === actual.at(-1 - end)) end++;
  return ' '.repeat(start) + '^'.repeat(Math.max(1, actual.length - end - start));
}

/** Where it stands, and what stands there in its first line. */
function placeOf({ start, end }: Span, text: string): { line: number; column: number; source: string } {
  const { line, column } = positionAt(text, lineStarts(text), start);
  return { line, column, source: text.slice(start, end).split('\n', 1)[0].trimEnd() };
}
