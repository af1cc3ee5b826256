import { displayConstructor, partsOf, prune } from '../types/type.ts';
import type { SumDeclaration, Type } from '../types/typed.ts';
import { sameNode } from '../types/unify.ts';

/** What to say of two types that are written alike and are not the same. */

const PAIRS_MAX = 1_000;

/** How two declared types of one name differ, as sentences for the help; none where no two do. */
export function definitionsThatDiffer(expected: Type, actual: Type): string[] {
  const found = sumsOfOneName(expected, actual);
  if (found === null) return [];
  const [wanted, given] = found.map(definition);
  return [
    `There are two types called \`${found[0].name}\`, which differ: \`${wanted}\`, and \`${given}\`. Types of one name are the same only where all constructors are.`,
  ];
}

function sumsOfOneName(expected: Type, actual: Type): readonly [SumDeclaration, SumDeclaration] | null {
  const open: [Type, Type][] = [[expected, actual]];
  for (let count = 0; count < PAIRS_MAX; count++) {
    const pair = open.pop();
    if (pair === undefined) return null;
    const [a, b] = pair.map(prune);
    if (a.kind === 'sum' && b.kind === 'sum' && !sameNode(a, b)) {
      if (a.declaration.name === b.declaration.name) return [a.declaration, b.declaration];
    } else if (sameNode(a, b)) {
      const partsOfB = partsOf(b);
      for (const [i, part] of partsOf(a).entries()) open.push([part, partsOfB[i]]);
    }
  }
  return null;
}

/** The declaration as it is written. */
function definition({ name, constructors }: SumDeclaration): string {
  const alternatives = constructors.map((constructor) => displayConstructor(constructor));
  return `${name} = ${alternatives.join(' | ')}`;
}
