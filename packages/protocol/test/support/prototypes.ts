import { afterAll, beforeAll, expect } from 'vitest';

/** What every object of the host has. The language takes all but the first for names of values. */
export const HOST_NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'prototype',
  'then',
  'toJSON',
  'toString',
  'valueOf',
];

/** Those that can be names in a program. */
export const HOST_NAMES_OF_VALUES: readonly string[] = HOST_NAMES.slice(1);

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];

const described = (): unknown =>
  prototypes.flatMap((each) =>
    Reflect.ownKeys(each).map((key): unknown => [
      key,
      ...Object.values(Object.getOwnPropertyDescriptor(each, key)!),
    ]),
  );

/** Has all tests of a file fail where one of them changes what the objects of the host inherit. */
export function guardPrototypes(): void {
  let before: unknown;
  beforeAll(() => {
    // To write to it is an exception from here on.
    Object.freeze(Object.prototype);
    before = described();
  });
  afterAll(() => expect(described()).toEqual(before));
}
