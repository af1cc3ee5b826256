import { describe, expect, test } from 'vitest';
import { parseExpression, parseInput } from '../../src/syntax/index.ts';
import { showExpression, showInput } from './show.ts';

function readInput(text: string): string {
  const read = parseInput(text, 'input');
  if (!read.ok)
    return read.diagnostics.map(({ code, labels }) => `${code} ${labels[0]!.span.start}`).join(', ');
  const line = read.value;
  if (line.kind === 'blank') return 'blank';
  return line.kind === 'now' ? `now ${showExpression(line.time)}` : showInput(line.input);
}

function readValue(text: string): string {
  const read = parseExpression(text, 'value');
  return read.ok ? showExpression(read.value) : read.diagnostics.map(({ code }) => code).join(', ');
}

describe('lines of input', () => {
  test.each([
    ['Read', '(Read)'],
    ['Read()', '(Read)'],
    ['Incr(by: 1)', '(Incr by:1)'],
    ['Add(Box(height: 3, width: 2), -7, @5)', '(Add (Box height:3 width:2) (- 7) @5)'],
    ['  Read -- a comment', '(Read)'],
    ['Read\n', '(Read)'],
    ['now = @1000', 'now @1000'],
    ['', 'blank'],
    ['  -- a comment', 'blank'],
    ['\n', 'blank'],
  ])('%j', (text, shown) => expect(readInput(text)).toBe(shown));

  test.each([
    ['read', 'E0123 0'],
    ['Incr(', 'E0110 5'],
    ['Incr(by: 1) Read', 'E0120 12'],
    ['Read; Read', 'E0156 6'],
    ['now @1000', 'E0123 0, E0120 4'],
    ['now =', 'E0120 5'],
    ['1', 'E0120 0'],
    ['Read)', 'E0111 4'],
  ])('%j is refused', (text, faults) => expect(readInput(text)).toBe(faults));
});

describe('values', () => {
  test.each([
    ['42', '42'],
    ['{ count: 2, down: false }', '{count:2 down:false}'],
    ['Some(@2026-11-20T21:41:25.000Z)', '(Some @1795210885000)'],
    ['"ann"\n', '"ann"'],
    ['Map { "a": 1 }', '(map "a":1)'],
    ['', 'E0156'],
    ['1; 2', 'E0156'],
    ['1 2', 'E0120'],
  ])('%j', (text, shown) => expect(readValue(text)).toBe(shown));
});
