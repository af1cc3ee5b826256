// Each program of test/conformance, with its inputs and what it must print, on the combinator evaluator
// and on the virtual machine; what must be refused is refused at its place.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { Compilation } from '@smc/compiler';
import {
  escapeLines,
  lineStarts,
  positionAt,
  printValue,
  readInputLine,
  type Image,
  type Value,
} from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { compileFile, testFolder } from './support/files.ts';
import { Session } from './support/sessions.ts';

const FOLDER = 'conformance';

/** The programs of a folder, by path without the ending. */
function programsIn(folder: string): string[] {
  const names = readdirSync(`${testFolder}${folder}`).filter((name) => name.endsWith('.sm'));
  return names.map((name) => `${folder}/${name.slice(0, -'.sm'.length)}`);
}

const textOf = (path: string): string => readFileSync(`${testFolder}${path}`, 'utf8');
const codesOf = ({ diagnostics }: Compilation): string[] => [...new Set(diagnostics.map(({ code }) => code))];

/** What further arguments a run has: `--key` and the key. */
function keyOf(path: string, image: Image): Value {
  if (image.key === 'none') return null;
  const [option, text] = textOf(`${path}.args`).trim().split(/\s+/);
  if (option !== '--key' || text === undefined) throw new Error(`${path}.args has no --key`);
  return image.key === 'int' ? Number(text) : text;
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
    const { name, reply } = image.operations[read.value.operation];
    const result = session.step(name, read.value.input, now);
    expect(session.isSound).toBe(true);
    lines.push(
      'fault' in result
        ? `fault: ${escapeLines(result.fault)}`
        : printValue(types, reply, result.reply, fieldOrder),
    );
  }
  return [...lines, printValue(types, image.state, session.state, fieldOrder), ''].join('\n');
}

describe('conformance', () => {
  it.each(programsIn(FOLDER))('%s', (path) => {
    const { bundle, terms, diagnostics } = compileFile(`${path}.sm`);
    expect(diagnostics).toEqual([]);
    const [image] = bundle!.images;
    const session = new Session(image, terms!.machines[0], keyOf(path, image));
    const printed = transcript(image, bundle!.debug[0].fieldOrder, textOf(`${path}.in`), session);
    expect(printed).toBe(textOf(`${path}.out`));
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
    if (path.includes('bad')) expect(codes).not.toEqual([]);
    else expect(codes).toEqual([]);
    expect(codes).not.toContain('E0190');
  });
});
