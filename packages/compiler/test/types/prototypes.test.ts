import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.ts';
import { render } from '../../src/errors/render.ts';
import { HOST_NAMES_OF_VALUES, guardPrototypes } from '../../../protocol/test/support/prototypes.ts';

/** What every object of the host has is declared nowhere in a program, whatever looks names up. */

/** As types are named. */
const UPPER = ['Constructor', 'Prototype', 'ToString', 'ValueOf', 'Object', 'Function'];

guardPrototypes();

const machine = (body: string, more = ''): string => `type Kind = A | B(x: Int)
${more}
machine M {
  state { x: Int = 0, kind: Kind = A }
  on Read(x: Int) -> Int {
    s <- get
    ${body}
  }
}
test "t" for M { Read(1) => 0 }
`;

const VALUES: readonly ((name: string) => string)[] = [
  (name) => machine(`return -< ${name}`),
  (name) => machine(`return -< ${name}(1)`),
  (name) => machine(`return -< s.${name}`),
  (name) => machine(`return -< s.x.${name}`),
  (name) => machine(`return -< ({ x: 1 }).${name}`),
  (name) => machine(`return -< List.${name}([1])`),
  (name) => machine(`return -< Map.${name}(Map {})`),
  (name) => machine(`return -< ${name}.size([1])`),
  (name) => machine(`return -< List.map([1], ${name})`),
  (name) => machine(`return -< [1].${name}()`),
  (name) => machine(`${name} -< 1`),
  (name) => machine(`put -< { ...s, ${name}: 1 }\n return -< 1`),
  (name) => machine(`let { ${name} } = s\n return -< 1`),
  (name) => machine('return -< case s.kind { A -> 1 B(' + name + ': y) -> y }'),
  (name) => machine('return -< case B(' + name + ': 1) { A -> 1 B(x: y) -> y }'),
  (name) => machine('return -< 1', `fun f(x: ${name}) -> Int = 1`),
  (name) => machine('return -< 1', `fun f(x: ${name}.T) -> Int = 1`),
  (name) => machine('return -< 1').replace('Read(1)', `Read(${name}: 1)`),
  (name) => machine('return -< 1').replace('Read(1)', name),
  (name) => machine('return -< 1').replace('machine M', `machine M(x: ${name})`),
  (name) => `${name}\n${machine('return -< 1')}`,
  (name) => machine(`${name}:\n      return -< 1`),
  (name) => machine(`\\${name}`),
];

const TYPES: readonly ((name: string) => string)[] = [
  (name) => machine(`return -< ${name}`),
  (name) => machine(`return -< ${name}(1)`),
  (name) => machine(`return -< ${name}(x: 1)`),
  (name) => machine(`return -< ${name}.size([1])`),
  (name) => machine(`return -< List.${name}`),
  (name) => machine('return -< case s.kind { A -> 1 ' + name + ' -> 2 }'),
  (name) => machine('return -< case s.kind { A -> 1 ' + name + '(x) -> 2 }'),
  (name) => machine('return -< case s.kind { A -> 1 ' + name + '(constructor: x) -> 2 }'),
  (name) => machine('return -< 1', `fun f(x: ${name}) -> Int = 1`),
  (name) => machine('return -< 1', `type T = { x: ${name}<Int> }`),
  (name) => machine('return -< 1').replace('Read(1)', name),
  (name) => machine('return -< 1').replace('for M', `for ${name}`),
  (name) => machine('return -< 1').replace('x: Int = 0,', `x: ${name},`),
  (name) => machine('return -< 1', `upgrade old.${name} -> M {}`),
  (name) => machine('return -< 1', `upgrade deployed.M -> ${name} { drop ${name} }`),
];

/** The errors of a file, as they are shown. */
function errorsOf(text: string): readonly string[] {
  const compilation = compile('main.sm', {
    read: (file) => (file === 'main.sm' ? text : null),
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (_from, path) => path,
  });
  return compilation.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map((each) => render(each, () => text, { color: false }));
}

describe.each([
  ['where a value is named', HOST_NAMES_OF_VALUES, VALUES],
  ['where a type is named', UPPER, TYPES],
  ['where no name can be', ['__proto__'], [...VALUES, ...TYPES]],
] as const)('%s', (_, names, forms) => {
  it.each(names)('%s is not known', (name) => {
    for (const form of forms) {
      const text = form(name);
      const errors = errorsOf(text);
      expect(errors.length, text).toBeGreaterThan(0);
      // Nor does a message show any of what is inherited.
      expect(errors.join('\n'), text).not.toMatch(/native code|\[object|undefined/);
    }
  });
});

it('what these are made of is right without them', () => {
  expect(errorsOf(machine('return -< 1'))).toEqual([]);
  expect(errorsOf(machine('return -< s.x + x', 'fun constructor(toString: Int) -> Int = toString'))).toEqual(
    [],
  );
});
