import { lineStarts, positionAt } from '@smc/protocol';
import type { FunctionDebug, ImageDebug } from '@smc/protocol';
import type { MachineTerms } from '../combinators/term.ts';
import type { FunctionPlaces } from './emit.ts';

/** Debug data of an image: names, the lines that code comes from, what was documented. */
export function debugOf(
  machine: MachineTerms,
  places: FunctionPlaces,
  sources: ReadonlyMap<string, string>,
): ImageDebug {
  const lines = new SourceLines(sources);
  const functions = places.map(({ name, places: found }) => ({ name, positions: lines.positions(found) }));
  const { fieldOrder, typeNames, documentation } = machine;
  return { files: lines.files, functions, fieldOrder, typeNames, documentation };
}

class SourceLines {
  readonly files: string[] = [];
  readonly #sources: ReadonlyMap<string, string>;
  readonly #starts = new Map<string, { readonly file: number; readonly starts: readonly number[] }>();

  constructor(sources: ReadonlyMap<string, string>) {
    this.#sources = sources;
  }

  /** One for each word at which the line or column is another than before. */
  positions(places: FunctionPlaces[number]['places']): FunctionDebug['positions'] {
    const positions: FunctionDebug['positions'][number][] = [];
    for (const { word, span } of places) {
      const text = this.#sources.get(span.file);
      if (text === undefined) throw new Error(`a span of the unknown file ${span.file}`);
      const { file, starts } = this.#file(span.file, text);
      const { line, column } = positionAt(text, starts, span.start);
      const last = positions.at(-1);
      if (last?.file === file && last.line === line && last.column === column) continue;
      if (last?.word === word) positions.pop();
      positions.push({ word, file, line, column });
    }
    return positions;
  }

  #file(name: string, text: string): { readonly file: number; readonly starts: readonly number[] } {
    const known = this.#starts.get(name);
    if (known !== undefined) return known;
    const entry = { file: this.files.push(name) - 1, starts: lineStarts(text) };
    this.#starts.set(name, entry);
    return entry;
  }
}
