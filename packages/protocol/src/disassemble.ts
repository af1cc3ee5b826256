import { fingerprints, shortFingerprint } from './fingerprint.ts';
import type { FunctionDebug, Image, ImageDebug, Unit } from './image.ts';
import { instructionName } from './instructions.ts';
import { eachWord, type WordKind } from './numbering.ts';
import { printOperation, printSums, printType, printValue } from './text.ts';
import type { TypeId } from './type.ts';

/**
 * The text form of an image, for people: what it is, its operations, and each function with
 * an instruction a line. Types and constants stand where they are used; jumps go to the words
 * at the left. With debug data, functions have names and code has its source lines.
 *
 * What does not verify is shown too: an operand that refers to nothing is a number with `?`.
 */
export function disassemble(image: Image, debug?: ImageDebug): string {
  const { types, constants } = image.unit;
  const order = debug?.fieldOrder ?? [];
  const { code, state, interface: face } = fingerprints(image);
  const initial = constants[image.initial];
  const lines = [
    `machine ${image.name}`,
    `  code ${shortFingerprint(code)}, state ${shortFingerprint(state)}, interface ${shortFingerprint(face)}, emit ${image.emit}`,
    `  key: ${image.key}`,
    `  state: ${printType(types, image.state, order)} = ${printValue(types, initial.type, initial.value, order)}`,
    ...image.operations.map(
      (operation) => `  on ${printOperation(image, operation, order)}: function ${operation.body}`,
    ),
    ...image.invariants.map((invariant) => `  invariant: function ${invariant}`),
    ...image.defaults.map(({ type, field, constant }) => {
      const record = types.node(type);
      const name = record.kind === 'record' ? record.fields[field].name : field;
      const value = printValue(types, constants[constant].type, constants[constant].value, order);
      return `  default: ${name} of ${printType(types, type, order)} = ${value}`;
    }),
    ...printSums(types, allTypes(image.unit)).map((line) => `  ${line}`),
  ];
  for (const text of disassembleUnit(image.unit, debug)) lines.push('', text);
  return `${lines.join('\n')}\n`;
}

/** The functions of a unit as text, without line breaks at the end. */
export function disassembleUnit(unit: Unit, debug?: ImageDebug): string[] {
  return unit.functions.map((_, index) => printFunction(unit, index, debug).join('\n'));
}

function allTypes({ types }: Unit): TypeId[] {
  return Array.from({ length: types.length }, (_, id) => id);
}

/** Columns of an instruction before the place in the source. */
const PLACE_COLUMN = 44;

function printFunction(unit: Unit, index: number, debug: ImageDebug | undefined): string[] {
  const { from, to, code } = unit.functions[index];
  const order = debug?.fieldOrder ?? [];
  const own = debug?.functions[index];
  const name = nameOf(own);
  const lines = [
    `function ${index}${name}: ${printType(unit.types, from, order)} -> ${printType(unit.types, to, order)}`,
  ];
  const places = new Map((own?.positions ?? []).map((position) => [position.word, position]));
  let shown = '';
  let current: { word: number; parts: string[] } | null = null;
  const flush = (): void => {
    if (current === null) return;
    const text = `${String(current.word).padStart(5)}  ${current.parts.join(' ')}`;
    const position = places.get(current.word);
    const place = position === undefined ? '' : `${debug!.files[position.file]}:${position.line}`;
    lines.push(place === '' || place === shown ? text : `${text.padEnd(PLACE_COLUMN)}  ${place}`);
    if (place !== '') shown = place;
  };
  let typeBefore: TypeId | null = null;
  eachWord(code, (kind, word, start) => {
    if (kind === 'instruction') {
      flush();
      current = { word: start, parts: [instructionName(word) ?? `${word}?`] };
    } else {
      current!.parts.push(printOperand(unit, debug, kind, word, typeBefore));
    }
    typeBefore = kind === 'type' ? word : null;
  });
  flush();
  return lines;
}

/** `typeBefore`: the type operand that it follows, so of an injection the sum. */
function printOperand(
  unit: Unit,
  debug: ImageDebug | undefined,
  kind: WordKind,
  word: number,
  typeBefore: TypeId | null,
): string {
  const { types, constants, functions } = unit;
  const order = debug?.fieldOrder ?? [];
  switch (kind) {
    case 'type':
      return word >= 0 && word < types.length ? printType(types, word, order) : `${word}?`;
    case 'constant':
      return word in constants
        ? printValue(types, constants[word].type, constants[word].value, order)
        : `${word}?`;
    case 'function':
      return word in functions ? `${word}${nameOf(debug?.functions[word])}` : `${word}?`;
    case 'index': {
      const known = typeBefore !== null && typeBefore >= 0 && typeBefore < types.length;
      const node = known ? types.node(typeBefore) : null;
      return node?.kind === 'sum' && word in node.constructors ? node.constructors[word].name : String(word);
    }
    case 'target':
      return `→${word}`;
    case 'count':
    case 'instruction':
      return String(word);
  }
}

const nameOf = (debug: FunctionDebug | undefined): string =>
  debug === undefined || debug.name === '' ? '' : ` ${debug.name}`;
