import { FORMAT_LIMITS, partsOf, sizeOf, utf8Length, type TypeNode } from '@smc/protocol';
import type { MachineTerms } from '../combinators/term.ts';

/**
 * What a small machine has at most. Each is a quarter or less of what the format allows, a name
 * being the longest that there can be: what `simplify` writes out instead of a call or of a component is short.
 */
const SMALL = {
  /** See `MachineTerms.extent`. */
  extent: 16_384,
  /** Bytes by `sizeOf`, of all values that are not in definitions. */
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
export function isSmall({ name, types, extent, ...machine }: MachineTerms): boolean {
  const { state, initial, operations, invariants, defaults } = machine;
  const nodes = Array.from({ length: types.length }, (_, id) => types.node(id));
  const parameters = operations.flatMap((operation) => operation.parameters);
  const data = [state, ...parameters.map(({ type }) => type), ...operations.map(({ reply }) => reply)];
  const values = [
    initial,
    ...defaults.map(({ value }) => value),
    ...parameters.map((parameter) => parameter.default ?? null),
  ];
  return (
    types.length <= SMALL.types &&
    operations.length <= SMALL.operations &&
    invariants.length <= SMALL.invariants &&
    defaults.length <= SMALL.defaults &&
    sum(data.map((type) => types.treeNodes(type))) <= SMALL.interfaceNodes &&
    sum(nodes.map((node) => partsOf(node).length)) <= SMALL.typeParts &&
    [name, ...operations.map((operation) => operation.name), ...nodes.flatMap(namesIn)].every(isShort) &&
    parameters.every((parameter) => isShort(parameter.name)) &&
    sum(values.map(sizeOf)) <= SMALL.constants &&
    extent <= SMALL.extent
  );
}

const isShort = (name: string): boolean => utf8Length(name) <= FORMAT_LIMITS.nameBytesMax;

/** The names of a type, but for those of its parts. */
function namesIn(node: TypeNode): readonly string[] {
  if (node.kind === 'record') return node.fields.map((field) => field.name);
  if (node.kind !== 'sum') return [];
  return [node.name, ...node.constructors.flatMap((each) => [each.name, ...(each.labels ?? [])])];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
