// Each example of docs/built-ins.md has the value that it says, on the combinator evaluator and on the
// virtual machine.
import { BUILT_IN_MODULES, compile, render } from '@smc/compiler';
import { describe, expect, it } from 'vitest';
import { Session } from './support/sessions.ts';

const FAULT = 'fault';

describe.each(Object.entries(BUILT_IN_MODULES))('%s', (module, functions) => {
  const examples = Object.entries(functions).flatMap(([name, each]) =>
    Object.entries(each.examples).map(([call, value]) => ({ name: `${module}.${name}`, call, value })),
  );
  // An operation for each example, which compares; what faults does so before it could.
  const operations = examples.map(
    ({ call, value }, i) =>
      `  on Example${i} -> Bool { return -< (${call}) == (${value === FAULT ? call : value}) }`,
  );
  const source = `machine Examples {\n${operations.join('\n')}\n}\n`;
  const compilation = compile('examples.sm', {
    read: () => source,
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (_from, path) => path,
  });

  it('compiles', () => {
    expect(compilation.diagnostics.map((each) => render(each, () => source, { color: false }))).toEqual([]);
  });

  it('has a meaning and an example for each function', () => {
    for (const [name, each] of Object.entries(functions)) {
      expect(each.meaning, name).toMatch(/^[A-Z].*\.$/);
      expect(
        examples.some((one) => one.name === `${module}.${name}` && one.call.startsWith(`${one.name}(`)),
        name,
      ).toBe(true);
    }
  });

  it.each(examples.map((example, i) => ({ ...example, i })))('$call = $value', ({ value, i }) => {
    const session = new Session(compilation.bundle!.images[0], compilation.terms!.machines[0]);
    const result = session.step(`Example${i}`, null, 0);
    if (value === FAULT) expect(result).toHaveProperty('fault');
    else expect(result).toEqual({ reply: true });
  });
});
