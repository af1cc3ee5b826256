import { describe, expect, test } from 'vitest';
import type { Diagnostic, Label } from '@smc/protocol';
import { render, toJson } from '../../src/errors/render.ts';

/** A label on the first place where `mark` stands in the text. */
function label(text: string, mark: string, words = '', file = 'a.sm'): Label {
  const start = text.indexOf(mark);
  return { span: { file, start, end: start + mark.length }, text: words };
}

function diagnose(labels: Label[], help: string[] = []): Diagnostic {
  return { code: 'E0204', severity: 'error', message: 'no good', labels, help };
}

/** The excerpt alone, without the message above it and the file's line. */
function draw(text: string, ...labels: Label[]): string[] {
  const all = render(diagnose(labels), () => text, { color: false });
  return all.split('\n').slice(3, -1);
}

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i + 1}`).join('\n');

describe('render', () => {
  test('shows the message, the places and the help', () => {
    const text =
      lines(7) +
      '\n    if s.count > 9 {\n      return -< "many"\n    } else {\n      return -< s.count\n    }\n';
    const diagnostic: Diagnostic = {
      code: 'E0204',
      severity: 'error',
      message: 'this branch gives a String, the other gives an Int',
      labels: [
        label(text, '"many"', 'String'),
        {
          ...label(text, '< s.count', 'Int'),
          span: {
            file: 'counter.sm',
            start: text.indexOf('< s.count') + 2,
            end: text.indexOf('< s.count') + 9,
          },
        },
      ],
      help: ['Both branches of an `if` must give the same type, here the reply of `Read`: Int.'],
    };
    const inFile = {
      ...diagnostic,
      labels: diagnostic.labels.map(({ span, text: words }) => ({
        span: { ...span, file: 'counter.sm' },
        text: words,
      })),
    };
    expect(render(inFile, () => text, { color: false })).toBe(
      `error[E0204]: this branch gives a String, the other gives an Int

  counter.sm:9:17
   8 |     if s.count > 9 {
   9 |       return -< "many"
     |                 ^^^^^^ String
  10 |     } else {
  11 |       return -< s.count
     |                 ------- Int

  Both branches of an \`if\` must give the same type, here the reply of \`Read\`:
  Int.
`,
    );
  });

  test('elides what is far apart, and shows what is near', () => {
    const text = lines(12);
    expect(draw(text, label(text, 'line 2'), label(text, 'line 5'), label(text, 'line 10', 'here'))).toEqual([
      ...[
        '   1 | line 1',
        '   2 | line 2',
        '     | ^^^^^^',
        '   3 | line 3',
        '   4 | line 4',
        '   5 | line 5',
        '     | ------',
      ],
      ...['    ...', '  10 | line 10', '     | ------- here'],
    ]);
  });

  test('marks a place of several lines at its first and its last', () => {
    const text = 'f(\n  a,\n  b,\n  c,\n  d\n)\ng';
    expect(draw(text, label(text, 'f(\n  a,\n  b,\n  c,\n  d\n)', 'all of it'))).toEqual([
      ...['  1 | f(', '    | ^^', '   ...', '  6 | )', '    | ^ all of it'],
    ]);
  });

  test('a place that ends with its line does not reach into the next', () => {
    expect(draw('ab\ncd', { span: { file: 'a.sm', start: 1, end: 3 }, text: '' })).toEqual([
      '  1 | ab',
      '    |  ^',
    ]);
  });

  test('an empty place has a mark as well, also at the end of the file', () => {
    expect(draw('ab\n', { span: { file: 'a.sm', start: 3, end: 3 }, text: 'end' })).toEqual([
      '  1 | ab',
      '  2 |',
      '    | ^ end',
    ]);
  });

  test('marks of one line come one below the other', () => {
    expect(draw('a < b < c', label('a < b < c', 'c', 'two'), label('a < b < c', 'a', 'one'))).toEqual([
      ...['  1 | a < b < c', '    | - one', '    |         ^ two'],
    ]);
  });

  test('tabs, wide characters and marks that combine keep their columns', () => {
    expect(draw('\tx', label('\tx', 'x'))).toEqual(['  1 |     x', '    |     ^']);
    expect(draw('ab\tx', label('ab\tx', 'x'))).toEqual(['  1 | ab  x', '    |     ^']);
    expect(draw('"漢字" x', label('"漢字" x', 'x'))).toEqual(['  1 | "漢字" x', '    |        ^']);
    expect(draw('"😀" x', label('"😀" x', '😀'))).toEqual(['  1 | "😀" x', '    |  ^^']);
    expect(draw('e\u0301 x', label('e\u0301 x', 'x'))).toEqual(['  1 | e\u0301 x', '    |   ^']);
  });

  test('columns count code points', () => {
    expect(render(diagnose([label('"😀" x', 'x')]), () => '"😀" x', { color: false })).toContain('a.sm:1:5');
  });

  test('what would change the terminal is replaced', () => {
    const text = 'a\u001B[2Jb\u0000\u202Ec\ud800';
    const shown = render(
      { ...diagnose([label(text, 'b', '\u001Bx')], ['\u0007']), message: '\u001Bm' },
      () => text,
      { color: false },
    );
    for (const char of '\u0000\u0007\u001B\u202E\ud800') expect(shown).not.toContain(char);
    expect(shown).toContain('  1 | a\uFFFD[2Jb\uFFFD\uFFFDc\uFFFD\n    |      ^ \uFFFDx\n');
  });

  test('a carriage return before the line end is no part of the line', () => {
    expect(draw('ab\r\ncd\r\n', label('ab\r\ncd\r\n', 'cd'))).toEqual(['  1 | ab', '  2 | cd', '    | ^^']);
  });

  test('a long line is cut around the place', () => {
    const text = `${'x'.repeat(500)} here ${'y'.repeat(500)}`;
    const [source, mark] = draw(text, label(text, 'here'));
    expect(source!.length).toBeLessThan(180);
    expect(source).toMatch(/^ {2}1 \| …x+ here y+…$/);
    expect(mark!.indexOf('^^^^')).toBe(source!.indexOf('here'));
  });

  test('labels of another file have an excerpt of their own', () => {
    const sources: Record<string, string> = { 'a.sm': 'new x', 'b.sm': 'one\nold y' };
    const labels = [
      label('new x', 'x', 'is here'),
      label('one\nold y', 'y', 'was there', 'b.sm'),
      label('', '', 'compiled', 'c.smb'),
    ];
    expect(render(diagnose(labels), (file) => sources[file] ?? null, { color: false })).toBe(
      `error[E0204]: no good

  a.sm:1:5
  1 | new x
    |     ^ is here

  b.sm:2:5
  1 | one
  2 | old y
    |     - was there
`,
    );
  });

  test('what has no source is shown where it is what a message is about', () => {
    const compiled = [label('', '', 'compiled', 'c.smb'), label('', '', 'too', 'd.smb')];
    expect(render(diagnose(compiled), () => null, { color: false })).toBe(
      'error[E0204]: no good\n\n  c.smb\n    | compiled\n',
    );
  });

  test('without a place there is the message alone', () => {
    expect(render(diagnose([]), () => null, { color: false })).toBe('error[E0204]: no good\n');
  });

  test('help is wrapped, but not between backquotes', () => {
    const help = ['word '.repeat(14) + '`a b c d e f g`', 'next'];
    expect(render(diagnose([], help), () => null, { color: false })).toBe(
      `error[E0204]: no good\n\n  ${'word '.repeat(14).trim()}\n  \`a b c d e f g\`\n  next\n`,
    );
  });

  test('colours change nothing but colours', () => {
    const plain = render(diagnose([label('ab', 'b', 'x')], ['h']), () => 'ab', { color: false });
    const colored = render(diagnose([label('ab', 'b', 'x')], ['h']), () => 'ab', { color: true });
    expect(colored).toContain('\u001B[1;31merror[E0204]\u001B[0m');
    expect(colored).not.toBe(plain);
    expect(
      colored
        .split('\u001B')
        .map((part) => part.replace(/^\[[0-9;]*m/, ''))
        .join(''),
    ).toBe(plain);
  });
});

test('toJson gives the same facts', () => {
  const sources: Record<string, string> = { 'a.sm': 'one\n"😀" x' };
  const diagnostic = diagnose(
    [label(sources['a.sm']!, 'x', 'here'), label('', '', 'there', 'c.smb')],
    ['help'],
  );
  const start = { line: 2, column: 5, offset: 9 };
  const end = { line: 2, column: 6, offset: 10 };
  expect(toJson(diagnostic, (file) => sources[file] ?? null)).toEqual({
    code: 'E0204',
    severity: 'error',
    message: 'no good',
    file: 'a.sm',
    start,
    end,
    labels: [
      { file: 'a.sm', start, end, text: 'here' },
      { file: 'c.smb', start: null, end: null, text: 'there' },
    ],
    help: ['help'],
  });
  expect(toJson(diagnose([]), () => null)).toMatchObject({ file: null, start: null, labels: [] });
});
