import { partsOf, sizeOf, type Value } from '@smc/protocol';
import type { MachineTerms, Term } from '../combinators/term.ts';
import { partsOfTerm } from '../combinators/traverse.ts';
import { WordCount } from '../combinators/words.ts';

/**
 * What a small machine has at most. Each is an eighth or less of what the format allows, a name being
 * the longest that there can be: what `simplify` writes out instead of a call or of a component is short.
 */
const SMALL = {
  /** Of all definitions, as they are before they are made simpler. */
  words: 8_192,
  /** Bytes by `sizeOf`. */
  constants: 65_536,
  types: 1_024,
  /** Of all types together. */
  typeParts: 4_096,
  /** Nodes of the state, the parameters and the replies as trees. */
  interfaceNodes: 4_096,
  operations: 256,
  invariants: 128,
  defaults: 512,
} as const;

/** Whether a node would take the image of a machine for sure, as far as its size goes: found without making it. */
export function isSmall({ types, definitions, ...machine }: MachineTerms): boolean {
  const { state, initial, operations, invariants, defaults } = machine;
  const parameters = operations.flatMap((operation) => operation.parameters);
  const data = [state, ...parameters.map(({ type }) => type), ...operations.map(({ reply }) => reply)];
  const values = [
    initial,
    ...defaults.map(({ value }) => value),
    ...parameters.map((parameter) => parameter.default ?? null),
  ];
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const words = new WordCount(types);
  return (
    types.length <= SMALL.types &&
    operations.length <= SMALL.operations &&
    invariants.length <= SMALL.invariants &&
    defaults.length <= SMALL.defaults &&
    sum(data.map((type) => types.treeNodes(type))) <= SMALL.interfaceNodes &&
    sum(Array.from({ length: types.length }, (_, id) => partsOf(types.node(id)).length)) <= SMALL.typeParts &&
    sum(definitions.map(({ body }) => words.ofBody(body))) <= SMALL.words &&
    sum([...values, ...constantsIn(definitions.map(({ body }) => body))].map(sizeOf)) <= SMALL.constants
  );
}

/** The constants in terms; one that stands in a term that is used again is found once. */
function constantsIn(terms: readonly Term[]): Value[] {
  const found: Value[] = [];
  const seen = new Set(terms);
  for (const term of seen) {
    if (term.kind === 'constant') found.push(term.value);
    for (const part of partsOfTerm(term)) seen.add(part);
  }
  return found;
}
