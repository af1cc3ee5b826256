import { type ByteReader, ByteWriter, type Decoded, decoding } from './bytes.ts';
import { takeName } from './decode.ts';
import { FINGERPRINT_BYTES, FORMAT_LIMITS } from './format.ts';
import { fromHex, toHex } from './hexadecimal.ts';
import type { FunctionDebug, ImageDebug } from './image.ts';
import { TYPE_LIMITS } from './type.ts';

/**
 * The encoding of debug data. Words of positions are written as distances from the one
 * before, lines and columns as they are.
 */

/** Debug data with its functions in the order of the encoded image, and types by their index there. */
export function encodeDebug(debug: ImageDebug): Uint8Array {
  const writer = new ByteWriter();
  writeStrings(writer, debug.files);
  writer.unsigned(debug.functions.length);
  for (const { name, positions } of debug.functions) {
    writer.string(name);
    writer.unsigned(positions.length);
    let before = 0;
    for (const { word, file, line, column } of positions) {
      writer.unsigned(word - before);
      writer.unsigned(file);
      writer.unsigned(line);
      writer.unsigned(column);
      before = word;
    }
  }
  writer.unsigned(debug.fieldOrder.length);
  for (const names of debug.fieldOrder) writeStrings(writer, names);
  writer.unsigned(debug.typeNames.length);
  for (const { name, type } of debug.typeNames) {
    writer.string(name);
    writer.unsigned(type);
  }
  writer.unsigned(debug.documentation.length);
  for (const { subject, text } of debug.documentation) {
    writer.string(subject);
    writer.string(text);
  }
  writer.unsigned(debug.carriedOut.length);
  for (const fingerprint of debug.carriedOut) writer.raw(fromHex(fingerprint));
  return writer.bytes();
}

/** The mirror of `encodeDebug`. */
export function decodeDebug(bytes: Uint8Array): Decoded<ImageDebug> {
  return decoding(bytes, takeDebug);
}

function takeDebug(reader: ByteReader): ImageDebug {
  const files = takeStrings(reader, FORMAT_LIMITS.filesMax);
  const entries = <T>(what: string, take: () => T): T[] => {
    const count = reader.count(what, FORMAT_LIMITS.debugEntriesMax);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(take());
    return items;
  };
  const functions = entries('functions', (): FunctionDebug => {
    const name = takeText(reader);
    let word = 0;
    const positions = entries('positions', () => {
      word += reader.unsigned();
      const file = reader.index('file', files.length);
      return { word, file, line: reader.unsigned(), column: reader.unsigned() };
    });
    return { name, positions };
  });
  const fieldOrder = entries('field orders', () => takeFieldNames(reader));
  const typeNames = entries('names of types', () => ({
    name: takeName(reader, 'upper'),
    type: reader.index('type', TYPE_LIMITS.tableLengthMax),
  }));
  const documentation = entries('pieces of documentation', () => ({
    subject: takeText(reader),
    text: takeText(reader),
  }));
  const carriedOut = entries('clauses', () => toHex(reader.raw(FINGERPRINT_BYTES)));
  return { files, functions, fieldOrder, typeNames, documentation, carriedOut };
}

function writeStrings(writer: ByteWriter, texts: readonly string[]): void {
  writer.unsigned(texts.length);
  for (const text of texts) writer.string(text);
}

function takeStrings(reader: ByteReader, max: number): string[] {
  const count = reader.count('strings', max);
  const texts: string[] = [];
  for (let i = 0; i < count; i++) texts.push(takeText(reader));
  return texts;
}

function takeFieldNames(reader: ByteReader): string[] {
  const count = reader.count('fields', TYPE_LIMITS.recordFieldsMax);
  const names: string[] = [];
  for (let i = 0; i < count; i++) names.push(takeName(reader, 'lower'));
  return names;
}

const takeText = (reader: ByteReader): string => reader.string(FORMAT_LIMITS.debugTextBytesMax);
