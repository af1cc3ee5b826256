import type { CompiledTest, TestLine } from '@smc/compiler';
import {
  equal,
  escapeLines,
  printValue,
  type FieldOrder,
  type Image,
  type Span,
  type TypeId,
  type Value,
} from '@smc/protocol';
import { FAILED, Instance, load, type Program } from '@smc/vm';

/** Running the tests of a file, and showing what went wrong. */

/** What a value is, to be printed. */
interface Shown {
  readonly image: Image;
  readonly type: TypeId;
  readonly value: Value;
}

/** Where a test failed, and why: what was expected and what came, or one sentence. */
export interface Failure {
  readonly span: Span;
  readonly message: string;
  readonly expected: Shown | string | null;
  readonly actual: Shown | string | null;
  /** The state when it failed. */
  readonly state: Shown;
  /** For `--json`. */
  readonly data: { readonly line: number; readonly message: string };
}

/** Runs a test from the initial state, at `@0`; null where it passes. */
export function runTest(test: CompiledTest, image: Image): Failure | null {
  const loaded = load(image);
  if (!loaded.ok) throw new Error(`the code of ${image.name} does not verify: ${loaded.invalid.message}`);
  const run = new Run(image, loaded.program, test);
  for (const [i, line] of test.lines.entries()) {
    const failure = run.take(line, i);
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
    this.#instance = new Instance(program.initial, test.key);
  }

  take(line: TestLine, index: number): Failure | null {
    const failed = (
      message: string,
      expected: Failure['expected'] = null,
      actual: Failure['actual'] = null,
    ): Failure => ({
      span: line.span,
      message,
      expected,
      actual,
      state: this.#shown(this.#image.state, this.#instance.state),
      data: { line: index, message },
    });
    switch (line.kind) {
      case 'now':
        if (line.time < this.#now) return failed('the clock can not be set back');
        this.#now = line.time;
        return null;
      case 'state': {
        const { state } = this.#instance;
        if (equal(line.expected, state)) return null;
        const [expected, actual] = [line.expected, state].map((value) =>
          this.#shown(this.#image.state, value),
        );
        return failed('the state is another', expected, actual);
      }
      case 'input':
        return this.#step(line, failed);
    }
  }

  #step(
    line: TestLine & { kind: 'input' },
    failed: (message: string, expected?: Failure['expected'], actual?: Failure['actual']) => Failure,
  ): Failure | null {
    const index = this.#program.index(line.operation);
    const { reply: type } = this.#image.operations[index];
    const reply = this.#program.step(this.#instance, index, line.input, this.#now);
    const expected = line.expected === 'fault' ? 'a fault' : this.#shown(type, line.expected.reply);
    if (reply === FAILED) {
      const { message } = this.#instance.failure;
      return line.expected === 'fault'
        ? null
        : failed('it faulted', expected, `fault: ${escapeLines(message)}`);
    }
    if (line.expected === 'fault') return failed('it did not fault', expected, this.#shown(type, reply));
    if (!equal(line.expected.reply, reply))
      return failed('the reply is another', expected, this.#shown(type, reply));
    const broken = this.#program.brokenInvariant(this.#instance.state, this.#instance.key);
    if (broken === null) return null;
    const which = this.#image.invariants.length === 1 ? 'the invariant' : `invariant ${broken.index + 1}`;
    return failed(
      broken.failure === null ? `${which} is broken` : `${which} faulted: ${broken.failure.message}`,
    );
  }

  #shown(type: TypeId, value: Value): Shown {
    return { image: this.#image, type, value };
  }
}

/** The failure of a test for people: the line, what was expected, what came, and the state. */
export function showFailure(test: CompiledTest, failure: Failure, text: string, order: FieldOrder): string {
  const print = (shown: Shown | string): string =>
    typeof shown === 'string' ? shown : printValue(shown.image.unit.types, shown.type, shown.value, order);
  const { line, column, source } = placeOf(failure.span, text);
  const lines = [
    `failed: ${test.title}`,
    `  ${failure.span.file}:${line}:${column}: ${failure.message}`,
    `    ${source}`,
  ];
  if (failure.expected !== null && failure.actual !== null) {
    const [expected, actual] = [print(failure.expected), print(failure.actual)];
    lines.push(
      `    expected: ${expected}`,
      `    actual:   ${actual}`,
      `              ${marks(expected, actual)}`,
    );
  }
  lines.push(`    state:    ${print(failure.state)}`, '');
  return lines.join('\n');
}

/** Marks the part of `actual` that differs from `expected`. */
function marks(expected: string, actual: string): string {
  let start = 0;
  while (start < Math.min(expected.length, actual.length) && expected[start] === actual[start]) start++;
  let end = 0;
  const most = Math.min(expected.length, actual.length) - start;
  while (end < most && expected.at(-1 - end) === actual.at(-1 - end)) end++;
  return ' '.repeat(start) + '^'.repeat(Math.max(1, actual.length - end - start));
}

function placeOf({ start }: Span, text: string): { line: number; column: number; source: string } {
  const before = text.slice(0, start);
  const lineStart = before.lastIndexOf('\n') + 1;
  const end = text.indexOf('\n', start);
  return {
    line: before.split('\n').length,
    column: start - lineStart + 1,
    source: text.slice(lineStart, end < 0 ? undefined : end).trim(),
  };
}
