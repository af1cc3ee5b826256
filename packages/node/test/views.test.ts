import { expect, it } from 'vitest';
import { viewMachine, viewMachines } from '../src/serve/views.ts';
import { Core } from './core.ts';
import { bundleOf, counter, sameShape, upgradeBundle } from './images.ts';

it('a version is printed once, however often it is looked at', () => {
  const core = new Core();
  core.deploy(bundleOf(counter()));
  const machine = core.node.machines.get('Counter')!;
  const before = viewMachine(machine);
  core.call('Counter', 'Incr');
  const after = viewMachine(machine);
  expect(after.operations).toBe(before.operations);
  expect([before.inputs, after.inputs]).toEqual([0, 1]);
  core.deploy(upgradeBundle(counter({ twin: true }), sameShape(counter())));
  expect(viewMachine(machine).operations.map(({ name }) => name)).toContain('Twin');
});

it('machines come in pages, each of one machine at the least', () => {
  const core = new Core();
  const names = ['D', 'B', 'A', 'C'];
  core.deploy(bundleOf(...names.map((name) => counter({ name }))));
  const one = viewMachines(core.node, '', 1);
  expect(one.last).toBe('A');
  for (const lengthMax of [1, 2 * one.json.length, 1_000_000]) {
    const seen: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const { json, last } = viewMachines(core.node, after, lengthMax);
      seen.push(...(JSON.parse(json) as { name: string }[]).map(({ name }) => name));
      after = last;
    }
    expect(seen).toEqual(['A', 'B', 'C', 'D']);
  }
  expect(JSON.parse(viewMachines(core.node, 'D').json)).toEqual([]);
});
