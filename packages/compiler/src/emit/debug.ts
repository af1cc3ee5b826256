import { lineStarts, positionAt } from '@smc/protocol';
import type { FunctionDebug, ImageDebug } from '@smc/protocol';
import type { MachineTerms } from '../combinators/term.ts';
import type { FunctionPlaces } from './emit.ts';

/** Debug data of an image, which is of a machine of `file`: names, the lines that code comes from, what was documented. */
export function debugOf(
  machine: MachineTerms,
  file: string,
  places: FunctionPlaces,
  texts: SourceTexts,
): ImageDebug {
  const lines = new SourceLines(file, texts);
  const functions = places.map(({ name, places: found }) => ({ name, positions: lines.positions(found) }));
  const { fieldOrder, typeNames, documentation } = machine;
  return { files: lines.files, functions, fieldOrder, typeNames, documentation, carriedOut: [] };
}

/** The texts of a program, and where their lines start: found once for all of its machines. */
export class SourceTexts {
  readonly #sources: ReadonlyMap<string, string>;
  readonly #known = new Map<string, SourceText>();

  constructor(sources: ReadonlyMap<string, string>) {
    this.#sources = sources;
  }

  /** The text of a file, which must be there. */
  of(file: string): SourceText {
    const known = this.#known.get(file);
    if (known !== undefined) return known;
    const text = this.#sources.get(file);
    if (text === undefined) throw new Error(`a span of the unknown file ${file}`);
    const found = { text, starts: lineStarts(text) };
    this.#known.set(file, found);
    return found;
  }
}

interface SourceText {
  readonly text: string;
  readonly starts: readonly number[];
}

/** The files of one image: its own, and others in the order in which code comes from them. */
class SourceLines {
  readonly files: string[] = [];
  readonly #texts: SourceTexts;
  readonly #numbers = new Map<string, number>();

  constructor(file: string, texts: SourceTexts) {
    this.#texts = texts;
    this.#number(file);
  }

  /** One for each word at which the line or column is another than before. */
  positions(places: FunctionPlaces[number]['places']): FunctionDebug['positions'] {
    const positions: FunctionDebug['positions'][number][] = [];
    for (const { word, span } of places) {
      const { text, starts } = this.#texts.of(span.file);
      const file = this.#number(span.file);
      const { line, column } = positionAt(text, starts, span.start);
      const last = positions.at(-1);
      if (last?.file === file && last.line === line && last.column === column) continue;
      if (last?.word === word) positions.pop();
      positions.push({ word, file, line, column });
    }
    return positions;
  }

  #number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.files.push(name) - 1;
    this.#numbers.set(name, number);
    return number;
  }
}
