import type { TypeId, TypeTable } from '@smc/protocol';

/** Levels of a type that are written out; below them stands `…`. */
const DEPTH_MAX = 3;
/** Parts of a tuple, record or sum that are written out. */
const PARTS_MAX = 8;

/** A type in a message of the verifier: as in the source, and cut short where it is large. */
export function typeText(types: TypeTable, type: TypeId, depth = DEPTH_MAX): string {
  const node = types.node(type);
  const text = (part: TypeId): string => (depth === 1 ? '…' : typeText(types, part, depth - 1));
  const list = <T>(parts: readonly T[], each: (part: T) => string): string =>
    [...parts.slice(0, PARTS_MAX).map(each), ...(parts.length > PARTS_MAX ? ['…'] : [])].join(', ');
  switch (node.kind) {
    case 'unit':
      return '()';
    case 'tuple':
      return `(${list(node.items, text)})`;
    case 'record':
      return `{ ${list(node.fields, (field) => `${field.name}: ${text(field.type)}`)} }`;
    case 'list':
      return `List<${text(node.item)}>`;
    case 'set':
      return `Set<${text(node.item)}>`;
    case 'map':
      return `Map<${text(node.key)}, ${text(node.value)}>`;
    case 'sum':
      return node.arguments.length === 0 ? node.name : `${node.name}<${list(node.arguments, text)}>`;
    case 'function':
      return `${text(node.from)} → ${text(node.to)}`;
    default:
      return node.kind[0].toUpperCase() + node.kind.slice(1);
  }
}
