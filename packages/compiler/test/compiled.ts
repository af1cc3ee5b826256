import { expect } from 'vitest';
import { readInput, printValue, type Value } from '@smc/protocol';
import { STEP_FUEL_DEFAULT, evaluate } from '../src/combinators/evaluate.ts';
import { printDefinitions } from '../src/combinators/print.ts';
import type { MachineTerms } from '../src/combinators/term.ts';
import { WordCount } from '../src/combinators/words.ts';
import { check, compile, type Compilation } from '../src/compile.ts';
import type { SourceHost } from '../src/sources.ts';

/** The bytecode that files may import. */
export interface Bytecode {
  readonly bundles?: Readonly<Record<string, Uint8Array>>;
  readonly deployed?: Uint8Array;
}

/** Compiles files given by name, the first of which is the entry; to check them must find the same. */
export function compileFiles(
  files: Readonly<Record<string, string>>,
  { bundles = {}, deployed }: Bytecode = {},
): Compilation {
  const host: SourceHost = {
    read: (file) => files[file] ?? null,
    readBundle: (file) => bundles[file] ?? null,
    readDeployed: () => (deployed === undefined ? null : { file: 'deployed.smb', bytes: deployed }),
    resolve: (_from, path) => path.replace(/^\.\//, ''),
  };
  const [entry] = Object.keys(files);
  const compilation = compile(entry, host);
  expect(check(entry, host).diagnostics).toEqual(compilation.diagnostics);
  for (const { types, definitions, extent } of compilation.terms?.machines ?? []) {
    const words = new WordCount(types);
    expect(definitions.reduce((sum, { body }) => sum + words.ofBody(body), 0)).toBeLessThanOrEqual(extent);
  }
  return compilation;
}

/** Code, line and message of each diagnostic. */
export function complaints(files: Readonly<Record<string, string>>, bytecode: Bytecode = {}): string[] {
  const { diagnostics, sources } = compileFiles(files, bytecode);
  return diagnostics.map(({ code, message, labels }) => {
    const { file, start } = labels[0].span;
    const line = sources.get(file)!.slice(0, start).split('\n').length;
    return `${code} ${file}:${line} ${message}`;
  });
}

function compiled(text: string): { compilation: Compilation; machine: MachineTerms } {
  const compilation = compileFiles({ 'main.sm': text });
  if (compilation.terms === null) throw new Error(complaints({ 'main.sm': text }).join('\n'));
  return { compilation, machine: compilation.terms.machines[0] };
}

/** The text of the combinators of an operation, without its name. */
export function core(text: string, operation = 'Go'): string {
  const { machine } = compiled(text);
  const body = machine.operations.find(({ name }) => name === operation)!.body;
  const { types, definitions } = machine;
  // The calls in it are of definitions before it.
  const all = printDefinitions({ types, definitions: definitions.slice(0, body + 1) });
  return all
    .split('\n\n')
    .at(-1)!
    .split('\n')
    .slice(1)
    .map((line) => line.slice(2))
    .join('\n')
    .trimEnd();
}

/** Runs inputs such as `Go(1)` one after the other; each reply or fault as text, then the state. */
export function run(text: string, ...inputs: string[]): string[] {
  const { compilation, machine } = compiled(text);
  const image = compilation.bundle!.images[0];
  const { fieldOrder } = machine;
  let state: Value = machine.initial;
  const lines = inputs.map((line) => {
    const read = readInput(image, line);
    if (!read.ok) throw new Error(`${line}: ${read.error.message}`);
    const { name, reply } = image.operations[read.value.operation];
    const { body } = machine.operations.find((each) => each.name === name)!;
    const world = { state, now: 1000, fuel: STEP_FUEL_DEFAULT };
    const outcome = evaluate(machine, body, read.value.input, world);
    if (!outcome.ok) return `${outcome.failure.kind}: ${outcome.failure.message}`;
    state = outcome.state;
    return printValue(image.unit.types, reply, outcome.value, fieldOrder);
  });
  return [...lines, printValue(image.unit.types, image.state, state, fieldOrder)];
}
