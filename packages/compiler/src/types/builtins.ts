import type { InstructionName } from '@smc/protocol';
import { INT, listOf, pairOf, STRING, TIME, UNIT } from './type.ts';
import { eitherOf } from './sums.ts';
import type { PrimitiveArrow, Type } from './typed.ts';

/** The functions and arrows that are built in, as data. */

/** A type with parameters, which stand for any types: they are replaced at each use. */
export interface Scheme {
  readonly parameters: number;
  readonly from: Type;
  readonly to: Type;
}

const a: Type = { kind: 'parameter', name: 'a', index: 0 };
const b: Type = { kind: 'parameter', name: 'b', index: 1 };

const scheme = (parameters: number, from: Type, to: Type): Scheme => ({ parameters, from, to });

/** A built-in function. */
export interface BuiltIn extends Scheme {
  /** The instruction of the bytecode that it is. */
  readonly instruction: InstructionName;
}

/** By name, as it is called. */
export const BUILT_INS: ReadonlyMap<string, BuiltIn> = new Map<string, BuiltIn>([
  ['List.append', { ...scheme(1, pairOf(listOf(a), a), listOf(a)), instruction: 'LIST_APPEND' }],
  ['List.length', { ...scheme(1, listOf(a), INT), instruction: 'LIST_LENGTH' }],
  ['List.range', { ...scheme(0, pairOf(INT, INT), listOf(INT)), instruction: 'LIST_RANGE' }],
  ['Int.toString', { ...scheme(0, INT, STRING), instruction: 'INT_TO_STRING' }],
  ['String.length', { ...scheme(0, STRING, INT), instruction: 'STRING_LENGTH' }],
]);

const words = (text: string): readonly string[] => text.split(/\s+/);

/** All names of built-in functions in the language, by their module; not all are supported yet. */
export const BUILT_IN_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'List',
    words(
      'isEmpty length get head append prepend concat reverse map filter fold any all range sum contains indexOf take drop zip sortBy',
    ),
  ],
  ['Map', words('size get has insert remove update keys values entries fold map filter fromList')],
  ['Set', words('size has insert remove union intersect diff toList fromList')],
  [
    'String',
    words(
      'length isEmpty concat split join slice contains startsWith endsWith indexOf toUpper toLower trim repeat toBytes',
    ),
  ],
  ['Bytes', words('length get slice concat toString fromHex toHex')],
  ['Int', words('toString parse min max abs')],
  ['Option', words('withDefault map isSome')],
  ['Result', words('withDefault map isOk')],
  ['Time', words('toMillis fromMillis addMillis diffMillis')],
]);

/**
 * The primitive arrows whose types are fixed. `get : () -> State` and `put : State -> ()` have
 * the state of the machine that they stand in.
 */
export const PRIMITIVE_SCHEMES: ReadonlyMap<Exclude<PrimitiveArrow, 'get' | 'put'>, Scheme> = new Map([
  ['id', scheme(1, a, a)],
  ['return', scheme(1, a, a)],
  ['fst', scheme(2, pairOf(a, b), a)],
  ['snd', scheme(2, pairOf(a, b), b)],
  ['inl', scheme(2, a, eitherOf(a, b))],
  ['inr', scheme(2, b, eitherOf(a, b))],
  ['now', scheme(0, UNIT, TIME)],
  ['fail', scheme(1, STRING, a)],
] as const);

/** Names that no `fun` or `arrow` can take. */
export const PRIMITIVE_NAMES: readonly PrimitiveArrow[] = [
  'id',
  'fst',
  'snd',
  'inl',
  'inr',
  'get',
  'put',
  'return',
  'now',
  'fail',
];

/** Whether a name is that of a primitive arrow. */
export const isPrimitive = (name: string): name is PrimitiveArrow =>
  (PRIMITIVE_NAMES as readonly string[]).includes(name);
