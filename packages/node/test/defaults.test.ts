import { EMIT, type Image, INT, List, OP, STRING, TypeTable, UNIT } from '@smc/protocol';
import { expect, it } from 'vitest';
import { codeOf, Core } from './core.ts';
import { bundleOf } from './images.ts';

/** `type Line = { count: Int = 1, name: String }`; `Add(lines: List<Line>) -> List<Line>`, `First(line: Line) -> Int`. */
function shop(): Image {
  const types = new TypeTable();
  const line = types.record([
    { name: 'count', type: INT },
    { name: 'name', type: STRING },
  ]);
  const lines = types.list(line);
  const functions = [
    { from: lines, to: lines, code: Int32Array.of(OP.RETURN) },
    { from: line, to: INT, code: Int32Array.of(OP.PROJECT, 0, OP.RETURN) },
  ];
  const constants = [
    { type: UNIT, value: null },
    { type: INT, value: 1 },
    { type: lines, value: List.of([[7, 'given']]) },
  ];
  return {
    emit: EMIT,
    name: 'Shop',
    key: 'none',
    unit: { types, constants, functions },
    state: UNIT,
    initial: 0,
    operations: [
      { name: 'Add', parameters: [{ name: 'lines', type: lines, default: 2 }], reply: lines, body: 0 },
      { name: 'First', parameters: [{ name: 'line', type: line, default: null }], reply: INT, body: 1 },
    ],
    invariants: [],
    defaults: [{ type: line, field: 0, constant: 1 }],
  };
}

it('a field with a default may be left out of a record in an input, in text, JSON and queries', () => {
  const core = new Core();
  expect(core.deploy(bundleOf(shop()))).toBe('Shop deployed');
  const json = (operation: string, text: string): string =>
    core.send({ machine: 'Shop', body: { form: 'json', operation, text } });
  const query = (line: string): string =>
    core.send({ machine: 'Shop', body: { form: 'query', operation: 'First', pairs: [['line', line]] } });
  const both = '[{ count: 1, name: "a" }, { count: 2, name: "b" }]';
  expect(core.call('Shop', 'Add([{ name: "a" }, { name: "b", count: 2 }])')).toBe(both);
  expect(core.call('Shop', 'Add(lines: [{ name: "a" }, { count: 2, name: "b" }])')).toBe(both);
  expect(core.call('Shop', 'Add')).toBe('[{ count: 7, name: "given" }]');
  expect(json('Add', '{"lines":[{"name":"a"},{"name":"b","count":2}]}')).toBe(both);
  expect(json('First', '{"line":{"name":"a"}}')).toBe('1');
  expect(query('{"name":"a"}')).toBe('1');
  // One without a default may not, and null is no Int.
  expect(codeOf(core.call('Shop', 'First({ count: 1 })'))).toBe('bad-request');
  expect(codeOf(json('First', '{"line":{"count":1}}'))).toBe('bad-request');
  expect(codeOf(json('First', '{"line":{"name":"a","count":null}}'))).toBe('bad-request');
  expect(codeOf(query('{}'))).toBe('bad-request');
});
