import type { TypeNode } from './tree.ts';

/** What a message proposes to write: types as they were written, and first values of them. */

/** What is longer is not shown in full: a message is no listing. */
const LENGTH_MAX = 60;

/** A type, on one line. */
export function typeSketch(type: TypeNode): string {
  return shortened(wordsOf(type));
}

/** A value that a state of the type may start with; `…` stands for what only the user knows. */
export function initialSketch(type: TypeNode): string {
  return shortened(valueOf(type));
}

const shortened = (text: string): string => (text.length > LENGTH_MAX ? '…' : text);

function wordsOf(type: TypeNode): string {
  switch (type.kind) {
    case 'unit':
      return '()';
    case 'variable':
      return type.name.text;
    case 'named': {
      const { qualifier, name } = type.path;
      const path = qualifier === null ? name.text : `${qualifier.text}.${name.text}`;
      return type.arguments.length === 0 ? path : `${path}<${type.arguments.map(wordsOf).join(', ')}>`;
    }
    case 'tuple':
      return `(${type.items.map(wordsOf).join(', ')})`;
    case 'record':
      return `{ ${type.fields.map((field) => `${field.name.text}: ${wordsOf(field.type)}`).join(', ')} }`;
    case 'function':
      return `${type.from.kind === 'function' ? `(${wordsOf(type.from)})` : wordsOf(type.from)} -> ${wordsOf(type.to)}`;
    case 'missing':
      return '…';
  }
}

const INITIAL: ReadonlyMap<string, string> = new Map([
  ['Int', '0'],
  ['Bool', 'false'],
  ['String', '""'],
  ['Bytes', '0x""'],
  ['Time', '@0'],
  ['List', '[]'],
  ['Map', 'Map {}'],
  ['Set', 'Set {}'],
  ['Option', 'None'],
]);

function valueOf(type: TypeNode): string {
  switch (type.kind) {
    case 'unit':
      return '()';
    case 'named':
      return (type.path.qualifier === null ? INITIAL.get(type.path.name.text) : undefined) ?? '…';
    case 'tuple':
      return `(${type.items.map(valueOf).join(', ')})`;
    case 'record':
      return `{ ${type.fields.map((field) => `${field.name.text}: ${valueOf(field.type)}`).join(', ')} }`;
    default:
      return '…';
  }
}
