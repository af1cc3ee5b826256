// Each program of test/language: its `test` blocks, on the combinator evaluator and on the virtual
// machine, which must agree. A program is about one part of the language.
import { readdirSync } from 'node:fs';
import { render, type Compilation, type CompiledTest } from '@smc/compiler';
import { printValue, type TypeId, type Value } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { compileFile, testFolder } from './support/files.ts';
import { Session } from './support/sessions.ts';

const FOLDER = 'language';
const files = readdirSync(`${testFolder}${FOLDER}`).filter((name) => name.endsWith('.sm'));

describe.each(files)('%s', (file) => {
  const compilation = compileFile(`${FOLDER}/${file}`);
  const { diagnostics, sources, tests } = compilation;

  it('compiles, and has tests', () => {
    const text = (name: string): string | null => sources.get(name) ?? null;
    expect(diagnostics.map((each) => render(each, text, { color: false }))).toEqual([]);
    expect(tests.length).toBeGreaterThan(0);
  });

  it.each(tests)('$title', (test) => {
    const { given, expected } = transcripts(compilation, test);
    expect(given).toEqual(expected);
  });
});

/** What the lines of a test give, and what they should, as text; and that the invariants hold. */
function transcripts({ bundle, terms }: Compilation, { machine, key, lines }: CompiledTest) {
  const image = bundle!.images[machine];
  const session = new Session(image, terms!.machines[machine], key);
  const show = (type: TypeId, value: Value): string =>
    printValue(image.unit.types, type, value, bundle!.debug[machine].fieldOrder);
  const given: string[] = [];
  const expected: string[] = [];
  let now = 0;
  for (const line of lines) {
    if (line.kind === 'now') now = line.time;
    if (line.kind === 'state') {
      given.push(`state => ${show(image.state, session.state)}`);
      expected.push(`state => ${show(image.state, line.expected)}`);
    }
    if (line.kind !== 'input') continue;
    const operation = image.operations.find(({ name }) => name === line.operation)!;
    const result = session.step(line.operation, line.input, now);
    const isFault = 'fault' in result;
    given.push(`${line.operation} => ${isFault ? 'fault' : show(operation.reply, result.reply)}`);
    const wanted = line.expected === 'fault' ? 'fault' : show(operation.reply, line.expected.reply);
    expected.push(`${line.operation} => ${wanted}`);
    if (!session.isSound) given.push('an invariant is broken');
  }
  return { given, expected };
}
