import {
  INSTRUCTIONS,
  OP,
  TypeLimitError,
  TypeTable,
  instructionName,
  mapParts,
  wordsAt,
  type Constant,
  type FunctionCode,
  type Image,
  type InstructionName,
  type TypeId,
  type TypeNode,
  type Unit,
} from '@smc/protocol';
import type { Choices } from './choices.ts';
import { hasValues, randomValue } from './values.ts';

/**
 * Mutations of decoded units and images: what a sender could send who knows the format and
 * means harm, or is wrong in one place. The tables stay such that they can be encoded; whether
 * they make sense is the verifier's question.
 */

const NAMES = Object.keys(INSTRUCTIONS) as InstructionName[];

/** A unit with one thing changed. */
export function mutateUnit(choices: Choices, unit: Unit): Unit {
  switch (choices.below(8)) {
    case 0:
      return mutateType(choices, unit);
    case 1:
      return mutateConstant(choices, unit);
    case 2:
      return {
        ...unit,
        functions: replaceOne(choices, unit.functions, (code) => mutateSignature(choices, unit, code)),
      };
    default:
      return {
        ...unit,
        functions: replaceOne(choices, unit.functions, (code) => mutateCode(choices, unit, code)),
      };
  }
}

/** An image with one thing changed: mostly in its unit, else in what names its parts. */
export function mutateImage(choices: Choices, image: Image): Image {
  const type = (): TypeId => choices.below(image.unit.types.length);
  switch (choices.below(24)) {
    case 0:
      return { ...image, state: type() };
    case 1:
      return { ...image, initial: choices.below(image.unit.constants.length) };
    case 2:
      return { ...image, key: choices.of(['none', 'string', 'int'] as const) };
    case 3:
      return { ...image, invariants: [...image.invariants, choices.below(image.unit.functions.length)] };
    case 4: {
      const body = choices.below(image.unit.functions.length);
      return {
        ...image,
        operations: replaceOne(choices, image.operations, (operation) => ({ ...operation, body })),
      };
    }
    case 5:
      return {
        ...image,
        operations: replaceOne(choices, image.operations, (operation) => ({ ...operation, reply: type() })),
      };
    case 6: {
      const changed = replaceOne(choices, image.operations, (operation) => ({
        ...operation,
        parameters: replaceOne(choices, operation.parameters, (parameter) => ({
          ...parameter,
          type: type(),
        })),
      }));
      return { ...image, operations: changed };
    }
    default:
      return { ...image, unit: mutateUnit(choices, image.unit) };
  }
}

function replaceOne<T>(choices: Choices, items: readonly T[], change: (item: T) => T): T[] {
  const at = choices.below(Math.max(1, items.length));
  return items.map((item, i) => (i === at ? change(item) : item));
}

// ------------------------------------------------------------------------- tables

function mutateSignature(choices: Choices, unit: Unit, code: FunctionCode): FunctionCode {
  const type = choices.below(unit.types.length);
  return choices.oneIn(2) ? { ...code, from: type } : { ...code, to: type };
}

/** Another value of the same type, or one of another type of data. */
function mutateConstant(choices: Choices, unit: Unit): Unit {
  const constants = replaceOne(choices, unit.constants, (constant): Constant => {
    const type = choices.oneIn(2) ? choices.below(unit.types.length) : constant.type;
    if (!unit.types.isData(type) || !hasValues(unit.types, type)) return constant;
    return { type, value: randomValue(choices, unit.types, type) };
  });
  return { ...unit, constants };
}

/** Changes a node of the table, and with it all that it is part of; constants of these get new values. */
function mutateType(choices: Choices, unit: Unit): Unit {
  const { types } = unit;
  const at = choices.below(types.length);
  const table = new TypeTable();
  const ids: TypeId[] = [];
  try {
    for (let id = 0; id < types.length; id++) {
      const node = mapParts(types.node(id), (part) => ids[part]);
      ids.push(table.intern(id === at ? mutateNode(choices, node, id) : node));
    }
  } catch (error) {
    if (error instanceof TypeLimitError) return unit;
    throw error;
  }
  const hold = (constant: Constant): boolean =>
    table.isFirstOrder(ids[constant.type]) && hasValues(table, ids[constant.type]);
  if (!unit.constants.every(hold)) return unit;
  return {
    types: table,
    constants: unit.constants.map(({ type }) => {
      return { type: ids[type], value: randomValue(choices, table, ids[type]) };
    }),
    functions: unit.functions.map(({ from, to, code }) => ({
      from: ids[from],
      to: ids[to],
      code: retype(code, ids),
    })),
  };
}

function mutateNode(choices: Choices, node: TypeNode, below: number): TypeNode {
  // Every table starts with the six base types.
  const part = (): TypeId => choices.below(Math.max(6, below));
  if (below < 6 || choices.oneIn(4)) {
    if (choices.oneIn(2)) return { kind: 'list', item: choices.below(6) };
    return { kind: 'tuple', items: [choices.below(6), choices.below(6)] };
  }
  const at = choices.below(16);
  let index = 0;
  if (node.kind === 'tuple' && choices.oneIn(3) && node.items.length > 2) {
    return { kind: 'tuple', items: node.items.slice(1) };
  }
  if (node.kind === 'sum' && choices.oneIn(3) && node.constructors.length > 1) {
    return { ...node, constructors: node.constructors.slice(1) };
  }
  return mapParts(node, (old) => (index++ % 4 === at % 4 ? Math.min(part(), below - 1) : old));
}

function retype(code: Int32Array, ids: readonly TypeId[]): Int32Array {
  const changed = code.slice();
  for (let pc = 0; pc < code.length; pc += wordsAt(code, pc)) {
    const { operands } = INSTRUCTIONS[instructionName(code[pc])!];
    // The type is the first operand wherever there is one.
    if (operands[0]?.kind === 'type') changed[pc + 1] = ids[code[pc + 1]];
  }
  return changed;
}

// --------------------------------------------------------------------------- code

interface Line {
  readonly name: InstructionName;
  readonly words: readonly number[];
}

/** One instruction more, less, or another; jumps keep their words, or follow the lines that they are about. */
function mutateCode(choices: Choices, unit: Unit, { from, to, code }: FunctionCode): FunctionCode {
  const lines = linesOf(code);
  const at = choices.below(Math.max(1, lines.length));
  const { length } = code;
  switch (choices.below(7)) {
    case 0:
      lines.splice(at, 0, randomLine(choices, unit, length));
      break;
    case 1:
      lines.splice(at, 1);
      break;
    case 2:
      lines[at] = randomLine(choices, unit, length);
      break;
    case 3:
      lines.splice(at, 2, ...lines.slice(at, at + 2).reverse());
      break;
    case 4: {
      // Another instruction with the same operands: it stays in the form of the code.
      if (lines.length === 0) break;
      const { words } = lines[at];
      const like = NAMES.filter((name) => sameForm(name, lines[at].name));
      lines[at] = { name: choices.of(like), words };
      return { from, to, code: assemble(lines) };
    }
    default: {
      const withOperands = lines.filter((line) => line.words.length > 0);
      if (withOperands.length === 0) break;
      const line = choices.of(withOperands);
      lines[lines.indexOf(line)] = mutateOperand(choices, line, length);
      return { from, to, code: assemble(lines) };
    }
  }
  const shifted = assemble(lines);
  return {
    from,
    to,
    code: choices.oneIn(4) ? shifted : relocate(shifted, positionOf(code, at), shifted.length - length),
  };
}

function sameForm(a: InstructionName, b: InstructionName): boolean {
  const form = (name: InstructionName): string =>
    INSTRUCTIONS[name].operands.map(({ kind }) => kind).join(' ');
  return form(a) === form(b);
}

function mutateOperand(choices: Choices, line: Line, length: number): Line {
  const at = choices.below(line.words.length);
  const old = line.words[at];
  const word = choices.of([
    old + 1,
    old - 1,
    old + 2,
    0,
    choices.below(8),
    choices.below(length + 2),
    2 ** 31 - 1,
  ]);
  // A count of targets says how many follow; one that lies would be another instruction.
  if (line.name === 'SWITCH' && at === 1) return line;
  return { ...line, words: line.words.with(at, Math.max(0, word)) };
}

function randomLine(choices: Choices, unit: Unit, length: number): Line {
  const name = choices.of(NAMES);
  const words: number[] = [];
  for (const { kind } of INSTRUCTIONS[name].operands) {
    if (kind === 'type') words.push(choices.below(unit.types.length + 1));
    else if (kind === 'constant') words.push(choices.below(unit.constants.length + 1));
    else if (kind === 'function') words.push(choices.below(unit.functions.length + 1));
    else if (kind === 'target') words.push(choices.below(length + 3));
    else if (kind === 'targets') words.push(1, choices.below(length + 3));
    else words.push(choices.below(4));
  }
  return { name, words };
}

function linesOf(code: Int32Array): Line[] {
  const lines: Line[] = [];
  for (let pc = 0; pc < code.length; pc += wordsAt(code, pc)) {
    lines.push({
      name: instructionName(code[pc])!,
      words: Array.from(code.subarray(pc + 1, pc + wordsAt(code, pc))),
    });
  }
  return lines;
}

function assemble(lines: readonly Line[]): Int32Array {
  return Int32Array.from(lines.flatMap(({ name, words }) => [OP[name], ...words]));
}

function positionOf(code: Int32Array, line: number): number {
  let pc = 0;
  for (let i = 0; i < line && pc < code.length; i++) pc += wordsAt(code, pc);
  return pc;
}

/** Moves the targets behind `from`, so that only what was meant to change has changed. */
function relocate(code: Int32Array, from: number, by: number): Int32Array {
  const moved = code.slice();
  const move = (at: number): void => {
    if (code[at] > from) moved[at] = Math.max(0, code[at] + by);
  };
  for (let pc = 0; pc < code.length; pc += wordsAt(code, pc)) {
    let at = pc + 1;
    for (const { kind } of INSTRUCTIONS[instructionName(code[pc])!].operands) {
      if (kind === 'target') move(at);
      if (kind === 'targets') for (let arm = 1; arm <= code[at]; arm++) move(at + arm);
      at++;
    }
  }
  return moved;
}
