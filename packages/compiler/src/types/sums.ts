import { BOOL, BYTES, ERROR, foldType, INT, STRING, TIME, UNIT } from './type.ts';
import type { SumDeclaration, Type } from './typed.ts';

/** The sums that are built in, and one object for all declarations that mean the same type. */

const parameter = (index: number, name: string): Type => ({ kind: 'parameter', name, index });

const unnamed = (name: string, payload: Type) => ({ name, labels: null, payload });

const OPTION: SumDeclaration = {
  name: 'Option',
  parameters: ['a'],
  constructors: [{ name: 'None', labels: [], payload: UNIT }, unnamed('Some', parameter(0, 'a'))],
};

const RESULT: SumDeclaration = {
  name: 'Result',
  parameters: ['a', 'e'],
  constructors: [unnamed('Ok', parameter(0, 'a')), unnamed('Err', parameter(1, 'e'))],
};

const EITHER: SumDeclaration = {
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
 * they are declared: `share` gives one object for all of them, so that identity is equality.
 */
export class SharedSums {
  readonly #known = new Map<string, SumDeclaration>();
  readonly #numbers = new Map<SumDeclaration, number>(BUILT_IN_SUMS.map((sum, i) => [sum, i]));

  /** Types in the declaration must be of shared declarations. */
  share(declaration: SumDeclaration): SumDeclaration {
    const constructors = declaration.constructors.map(({ name, labels, payload }) => [
      name,
      labels,
      this.#key(payload),
    ]);
    const key = JSON.stringify([declaration.name, declaration.parameters.length, constructors]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, declaration);
    this.#numbers.set(declaration, this.#numbers.size);
    return declaration;
  }

  #key(type: Type): string {
    return foldType<string>(type, new Map(), (seen, parts) => {
      if (seen === ERROR) return 'error';
      if (seen.kind === 'sum') return `sum ${this.#numbers.get(seen.declaration)}<${parts.join(',')}>`;
      const names =
        seen.kind === 'record' ? seen.fields.map(({ name }) => JSON.stringify(name)).join(',') : '';
      const index = seen.kind === 'parameter' ? seen.index : '';
      return `${seen.kind}${index} ${names}(${parts.join(',')})`;
    });
  }
}
