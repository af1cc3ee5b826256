// Each program of test/conformance, with its inputs and what it must print, on the combinator evaluator
// and on the virtual machine; what must be refused is refused at its place.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { STEP_FUEL_DEFAULT, evaluate, type Compilation, type MachineTerms } from '@smc/compiler';
import {
  escapeLines,
  lineStarts,
  positionAt,
  printValue,
  readInputLine,
  type Image,
  type Value,
} from '@smc/protocol';
import { FAILED, Instance, load } from '@smc/vm';
import { describe, expect, it } from 'vitest';
import { compileFile, testFolder } from './support/files.ts';

const FOLDER = 'conformance';

/** The programs of a folder, by path without the ending. */
function programsIn(folder: string): string[] {
  const names = readdirSync(`${testFolder}${folder}`).filter((name) => name.endsWith('.sm'));
  return names.map((name) => `${folder}/${name.slice(0, -'.sm'.length)}`);
}

const textOf = (path: string): string => readFileSync(`${testFolder}${path}`, 'utf8');
const codesOf = ({ diagnostics }: Compilation): string[] => [...new Set(diagnostics.map(({ code }) => code))];

/** Takes one input at a time; the text of a reply, or of what went wrong. */
interface Session {
  step(operation: number, input: Value, now: number): { reply: Value } | { fault: string };
  readonly state: Value;
}

function onEvaluator(image: Image, machine: MachineTerms): Session {
  let state = machine.initial;
  return {
    step(operation, input, now) {
      const { name } = image.operations[operation];
      const { body } = machine.operations.find((each) => each.name === name)!;
      const outcome = evaluate(machine, body, input, { state, now, fuel: STEP_FUEL_DEFAULT });
      if (!outcome.ok) return { fault: outcome.failure.message };
      state = outcome.state;
      return { reply: outcome.value };
    },
    get state() {
      return state;
    },
  };
}

function onMachine(image: Image): Session {
  const loaded = load(image);
  if (!loaded.ok) throw new Error(loaded.invalid.message);
  const instance = new Instance(loaded.program.initial);
  return {
    step(operation, input, now) {
      const reply = loaded.program.step(instance, operation, input, now);
      return reply === FAILED ? { fault: instance.failure.message } : { reply };
    },
    get state() {
      return instance.state;
    },
  };
}

/** What `smc run --state` prints for these inputs. */
function transcript(
  image: Image,
  fieldOrder: readonly (readonly string[])[],
  inputs: string,
  session: Session,
): string {
  const { types } = image.unit;
  const lines: string[] = [];
  let now = 0;
  for (const line of inputs.split('\n')) {
    const read = readInputLine(image, line);
    if (!read.ok) throw new Error(`${line}: ${read.error.message}`);
    if (read.value.kind === 'clock') now = read.value.time;
    if (read.value.kind !== 'input') continue;
    const { operation, input } = read.value;
    const outcome = session.step(operation, input, now);
    lines.push(
      'fault' in outcome
        ? `fault: ${escapeLines(outcome.fault)}`
        : printValue(types, image.operations[operation].reply, outcome.reply, fieldOrder),
    );
  }
  return [...lines, printValue(types, image.state, session.state, fieldOrder), ''].join('\n');
}

describe('conformance', () => {
  const run: string[] = [];

  it.each(programsIn(FOLDER))('%s', (path) => {
    const compilation = compileFile(`${path}.sm`);
    if (compilation.bundle === null) {
      expect(codesOf(compilation)).toEqual(['E0190']);
      return;
    }
    const [image] = compilation.bundle.images;
    const { fieldOrder } = compilation.bundle.debug[0];
    const inputs = textOf(`${path}.in`);
    const expected = textOf(`${path}.out`);
    expect(transcript(image, fieldOrder, inputs, onMachine(image))).toBe(expected);
    const evaluated = transcript(
      image,
      fieldOrder,
      inputs,
      onEvaluator(image, compilation.terms!.machines[0]),
    );
    expect(evaluated).toBe(expected);
    run.push(path);
  });

  it('ran what this compiler supports', () => {
    expect(run).toEqual(
      expect.arrayContaining(['arrows', 'counter', 'faults'].map((name) => `${FOLDER}/${name}`)),
    );
  });

  it('has inputs and outputs for every program', () => {
    for (const path of programsIn(FOLDER)) {
      expect([path, existsSync(`${testFolder}${path}.in`), existsSync(`${testFolder}${path}.out`)]).toEqual([
        path,
        true,
        true,
      ]);
    }
  });
});

describe('programs that are refused', () => {
  it.each(programsIn(`${FOLDER}/bad`))('%s', (path) => {
    const file = `${path}.sm`;
    const compilation = compileFile(file);
    expect(compilation.bundle).toBe(null);
    const place = /^-- error at (\d+):(\d+)/.exec(textOf(file));
    const [, line, column] = place!.map(Number);
    const { labels } = compilation.diagnostics[0];
    const text = compilation.sources.get(file)!;
    const position = positionAt(text, lineStarts(text), labels[0].span.start);
    expect(position).toEqual({ line, column });
    expect(codesOf(compilation)).not.toContain('E0190');
  });
});

describe('upgrades', () => {
  it.each(programsIn(`${FOLDER}/upgrade`))('%s', (path) => {
    const compilation = compileFile(`${path}.sm`);
    const codes = codesOf(compilation);
    if (path.includes('shop')) expect(codes).toEqual(['E0190']);
    else if (path.includes('bad')) expect(codes).toEqual(['E0220']);
    else expect(codes).toEqual([]);
  });
});
