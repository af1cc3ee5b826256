import type { Span } from '@smc/protocol';
import { describe, expect, test } from 'vitest';
import type * as tree from '../../src/syntax/index.ts';
import { checkModules } from '../../src/types/check.ts';
import { NESTING_MAX } from '../../src/types/nesting.ts';
import { checkText } from './check-sources.ts';

/* What is deep, wide or explosive gets a result or a diagnostic, never an overflow. */

/** Long enough for any depth: a tree that no source is that short for. */
const span: Span = { file: 'main.sm', start: 0, end: 1_000_000 };
const name = (text: string): tree.Name => ({ text, span });
const path = (text: string): tree.Path => ({ qualifier: null, name: name(text), span });
const one: tree.Expression = { kind: 'int', value: 1, span };
const wildcard: tree.Pattern = { kind: 'wildcard', span };
const id: tree.ArrowExpression = { kind: 'name', path: path('id'), span };
const int: tree.TypeNode = { kind: 'named', path: path('Int'), arguments: [], span };

const feed = (arrow: tree.ArrowExpression): tree.Command => ({ kind: 'feed', arrow, argument: one, span });
const block = (...commands: tree.Command[]): tree.Block => ({ commands, span });

/** One level more of each kind of node that contains its like. */
const expressions: Record<string, (inner: tree.Expression) => tree.Expression> = {
  call: (inner) => ({
    kind: 'call',
    callee: path('id'),
    arguments: [{ name: null, value: inner, span }],
    span,
  }),
  construct: (inner) => ({
    kind: 'construct',
    constructor: path('Some'),
    arguments: [{ name: null, value: inner, span }],
    span,
  }),
  tuple: (inner) => ({ kind: 'tuple', items: [inner, inner], span }),
  record: (inner) => ({
    kind: 'record',
    base: null,
    fields: [{ name: name('x'), value: inner, span }],
    span,
  }),
  update: (inner) => ({ kind: 'record', base: inner, fields: [{ name: name('x'), value: one, span }], span }),
  field: (inner) => ({ kind: 'field', record: inner, name: name('x'), span }),
  list: (inner) => ({ kind: 'list', items: [inner], span }),
  if: (inner) => ({
    kind: 'if',
    condition: { kind: 'bool', value: true, span },
    then: inner,
    else: one,
    span,
  }),
  case: (inner) => ({ kind: 'case', subject: inner, arms: [{ pattern: wildcard, body: one, span }], span }),
  let: (inner) => ({ kind: 'let', pattern: wildcard, type: null, value: one, body: inner, span }),
  binary: (inner) => ({ kind: 'binary', operator: '+', operatorSpan: span, left: inner, right: one, span }),
  unary: (inner) => ({ kind: 'unary', operator: '-', operand: inner, span }),
};

const arrows: Record<string, (inner: tree.ArrowExpression) => tree.ArrowExpression> = {
  proc: (inner) => ({ kind: 'proc', pattern: wildcard, body: block(feed(inner)), span }),
  compose: (inner) => ({
    kind: 'compose',
    operator: '>>>',
    operatorSpan: span,
    left: inner,
    right: id,
    span,
  }),
  fanout: (inner) => ({ kind: 'compose', operator: '&&&', operatorSpan: span, left: id, right: inner, span }),
  first: (inner) => ({ kind: 'prefix', operator: 'first', operand: inner, span }),
};

const commands: Record<string, (inner: tree.Command) => tree.Command> = {
  bind: (inner) => ({ kind: 'bind', pattern: wildcard, command: inner, span }),
  if: (inner) => ({
    kind: 'if',
    condition: { kind: 'bool', value: true, span },
    then: block(inner),
    else: block(feed(id)),
    span,
  }),
  case: (inner) => ({
    kind: 'case',
    subject: one,
    arms: [{ pattern: wildcard, body: block(inner), span }],
    span,
  }),
};

function nested<T>(level: (inner: T) => T, inner: T, depth: number): T {
  let found = inner;
  for (let i = 0; i < depth; i++) found = level(found);
  return found;
}

const none = { doc: null, span } as const;

function check(...declarations: tree.Declaration[]): ReturnType<typeof checkModules> {
  const module: tree.Module = { file: 'main.sm', imports: [], unread: [], declarations, span };
  return checkModules(new Map([['main.sm', module]]), 'main.sm', (_from, file) => file);
}

const fun = (body: tree.Expression, result: tree.TypeNode = int): tree.Fun => ({
  kind: 'fun',
  name: name('f'),
  typeParameters: [],
  parameters: [],
  result,
  body,
  ...none,
});

const arrow = (body: tree.ArrowExpression): tree.Arrow => ({
  kind: 'arrow',
  name: name('a'),
  typeParameters: [],
  from: int,
  to: int,
  body,
  ...none,
});

function operation(...body: tree.Command[]): tree.Machine {
  const on: tree.Operation = {
    kind: 'on',
    name: name('Go'),
    parameters: [],
    reply: int,
    body: block(...body),
    ...none,
  };
  return { kind: 'machine', name: name('M'), key: null, members: [on], isWhole: true, ...none };
}

const codes = (checked: ReturnType<typeof checkModules>): string[] =>
  checked.diagnostics.map(({ code }) => code);

/** Each level is one node, or up to three, and a leaf has a few. */
const FITS = Math.floor(NESTING_MAX / 3) - 10;
const SINGLE_FITS = NESTING_MAX - 10;

describe.each(Object.entries(expressions))('an expression of nested %s', (kind, level) => {
  // The tree of a tuple would double with each level, if its parts were not shared.
  const deep = kind === 'tuple' ? 12 : SINGLE_FITS;
  test('is checked', () => {
    const { diagnostics } = check(fun(nested(level, one, deep)));
    expect(diagnostics.map(({ code }) => code)).not.toContain('E0112');
  });
  test('is refused where it is too deep', () => {
    expect(codes(check(fun(nested(level, one, 100_000))))).toEqual(['E0112']);
  });
});

describe.each(Object.entries(arrows))('an arrow of nested %s', (_kind, level) => {
  test('is checked', () => {
    expect(codes(check(arrow(nested(level, id, FITS))))).not.toContain('E0112');
  });
  test('is refused where it is too deep', () => {
    expect(codes(check(arrow(nested(level, id, 100_000))))).toEqual(['E0112']);
  });
});

describe.each(Object.entries(commands))('a command of nested %s', (_kind, level) => {
  test('is checked', () => {
    expect(codes(check(operation(nested(level, feed(id), FITS))))).not.toContain('E0112');
  });
  test('is refused where it is too deep', () => {
    expect(codes(check(operation(nested(level, feed(id), 100_000))))).toContain('E0112');
  });
});

test('patterns and types may be nested, too', () => {
  const pattern = (inner: tree.Pattern): tree.Pattern => ({
    kind: 'construct',
    constructor: path('Some'),
    arguments: [{ name: null, pattern: inner, span }],
    span,
  });
  const list = (inner: tree.TypeNode): tree.TypeNode => ({
    kind: 'named',
    path: path('List'),
    arguments: [inner],
    span,
  });
  for (const depth of [FITS, 100_000]) {
    const expected = depth === FITS ? 'E0221' : 'E0112';
    const matching: tree.Expression = {
      kind: 'let',
      pattern: nested(pattern, wildcard, depth),
      type: null,
      value: { kind: 'missing', span },
      body: one,
      span,
    };
    expect(codes(check(fun(one, nested(list, int, depth))))).toEqual([expected]);
    expect(codes(check(fun(matching))).filter((code) => code !== expected)).toEqual([]);
  }
});

// ------------------------------------------------------------------------ explosions

const repeat = (count: number, part: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => part(i)).join('');
const inOperation = (body: string): string =>
  `machine M {\n  on Go -> Int {\n${body}\n    return -< 1\n  }\n}\n`;

test('types that double with each step are refused, once', () => {
  const pairs = repeat(2_000, (i) => (i === 0 ? 'let x0 = 1\n' : `let x${i} = (x${i - 1}, x${i - 1})\n`));
  expect(codes(checkText(inOperation(pairs)))).toEqual(['E0221']);
  const twice = 'arrow twice<a> : a -> (a, a) = id &&& id\n';
  const composed = `${twice}${inOperation(`twice${' >>> twice'.repeat(100)} -< 1`)}`;
  expect(codes(checkText(composed))).toEqual(['E0221']);
  const types = repeat(500, (i) => `type T${i} = A${i}(T${i - 1}) | B${i}(x: T${i - 1})\n`).replaceAll(
    'T-1',
    'Int',
  );
  expect(codes(checkText(types))).toEqual(['E0221']);
  const aliases = repeat(500, (i) => `type T${i} = (T${i - 1}, T${i - 1})\n`).replaceAll('T-1', 'Int');
  expect(codes(checkText(aliases))).toEqual(['E0221']);
});

test('types that double are also refused where they are compared', () => {
  const pairs = repeat(60, (i) =>
    i === 0
      ? 'let x0 = 1\nlet y0 = 1\n'
      : `let x${i} = (x${i - 1}, x${i - 1})\nlet y${i} = (y${i - 1}, y${i - 1})\n`,
  );
  expect(codes(checkText(inOperation(`${pairs}let same = x59 == y59\n`)))).toEqual(['E0221']);
});

test('long chains of declarations are checked', () => {
  const forward = repeat(
    1_000,
    (i) => `fun f${i}(n: Int) -> Int = ${i === 0 ? 'n' : `f${i - 1}(n) + f${i - 1}(n)`}\n`,
  );
  expect(checkText(forward).module).not.toBeNull();
  const around = repeat(1_000, (i) => `fun f${i}(n: Int) -> Int = f${(i + 1) % 1_000}(n)\n`);
  expect(codes(checkText(around))).toEqual(['E0261']);
});

test('a long block is checked', () => {
  const body = repeat(2_000, (i) => (i === 0 ? 'let x0 = 1\n' : `let x${i} = x${i - 1} + 1\n`));
  expect(checkText(inOperation(body)).module).not.toBeNull();
});
