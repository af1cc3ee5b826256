import { BOOL, BYTES, ERROR, foldType, INT, STRING, TIME, UNIT } from './type.ts';
import type { SumDeclaration, Type } from './typed.ts';

/** The sums that are built in, and which declarations mean the same type. */

const parameter = (index: number, name: string): Type => ({ kind: 'parameter', name, index });

const unnamed = (name: string, payload: Type) => ({ name, labels: null, payload });

const OPTION: SumDeclaration = {
  identity: 0,
  name: 'Option',
  parameters: ['a'],
  constructors: [{ name: 'None', labels: [], payload: UNIT }, unnamed('Some', parameter(0, 'a'))],
};

const RESULT: SumDeclaration = {
  identity: 1,
  name: 'Result',
  parameters: ['a', 'e'],
  constructors: [unnamed('Ok', parameter(0, 'a')), unnamed('Err', parameter(1, 'e'))],
};

const EITHER: SumDeclaration = {
  identity: 2,
  name: 'Either',
  parameters: ['a', 'b'],
  constructors: [unnamed('Left', parameter(0, 'a')), unnamed('Right', parameter(1, 'b'))],
};

/** The sums that every file knows. */
export const BUILT_IN_SUMS: readonly SumDeclaration[] = [OPTION, RESULT, EITHER];

/** `Either<left, right>` */
export const eitherOf = (left: Type, right: Type): Type => ({
  kind: 'sum',
  declaration: EITHER,
  arguments: [left, right],
});

/** `Option<item>` */
export const optionOf = (item: Type): Type => ({ kind: 'sum', declaration: OPTION, arguments: [item] });

/** `Result<value, error>` */
export const resultOf = (value: Type, error: Type): Type => ({
  kind: 'sum',
  declaration: RESULT,
  arguments: [value, error],
});

/** Types that are written without arguments. */
export const BASE_TYPES: ReadonlyMap<string, Type> = new Map([
  ['Int', INT],
  ['Bool', BOOL],
  ['String', STRING],
  ['Time', TIME],
  ['Bytes', BYTES],
]);

/** Type names that are built in, with the number of their arguments. */
export const BUILT_IN_TYPES: ReadonlyMap<string, number> = new Map([
  ...[...BASE_TYPES.keys()].map((name) => [name, 0] as const),
  ['List', 1],
  ['Set', 1],
  ['Map', 2],
  ...BUILT_IN_SUMS.map(({ name, parameters }) => [name, parameters.length] as const),
]);

/** A constructor, as a name stands for it. */
export interface ConstructorReference {
  readonly declaration: SumDeclaration;
  readonly index: number;
}

/** Their constructors, by name. */
export const BUILT_IN_CONSTRUCTORS: ReadonlyMap<string, ConstructorReference> = new Map(
  BUILT_IN_SUMS.flatMap((declaration) =>
    declaration.constructors.map(({ name }, index) => [name, { declaration, index }] as const),
  ),
);

/**
 * Two declared types with the same name and the same definition are the same type, wherever
 * they are declared: `identified` gives their declarations the same identity. The declarations
 * stay apart, as the records in them may have other defaults.
 */
export class SumIdentities {
  readonly #known = new Map<string, number>();

  /** The sums in the declaration must have their identities. */
  identified(declaration: Omit<SumDeclaration, 'identity'>): SumDeclaration {
    const constructors = declaration.constructors.map(({ name, labels, payload }) => [
      name,
      labels,
      keyOf(payload),
    ]);
    const key = JSON.stringify([declaration.name, declaration.parameters.length, constructors]);
    const identity = this.#known.get(key) ?? BUILT_IN_SUMS.length + this.#known.size;
    this.#known.set(key, identity);
    return { identity, ...declaration };
  }
}

/** Of types that are the same the same text. */
function keyOf(type: Type): string {
  return foldType<string>(type, new Map(), (seen, parts) => {
    if (seen === ERROR) return 'error';
    if (seen.kind === 'sum') return `sum ${seen.declaration.identity}<${parts.join(',')}>`;
    const names = seen.kind === 'record' ? seen.fields.map(({ name }) => JSON.stringify(name)).join(',') : '';
    const index = seen.kind === 'parameter' ? seen.index : '';
    return `${seen.kind}${index} ${names}(${parts.join(',')})`;
  });
}
