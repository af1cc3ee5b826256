import { prune, substitute } from './type.ts';
import type { MachineSignature, Type } from './typed.ts';

/** A type of the older version of a machine, and what stands in its place in the newer one. */
export interface Counterparts {
  readonly old: Type;
  readonly new: Type;
}

/**
 * What stands in the same places of two versions, by the names of operations, parameters and fields: of
 * bytecode it tells which of several types of one name is meant. Each pair of objects is there once.
 */
export function counterparts(older: MachineSignature, newer: MachineSignature): readonly Counterparts[] {
  const seen = new Map<Type, Set<Type>>();
  const found: Counterparts[] = [];
  const open: Counterparts[] = [{ old: older.state, new: newer.state }];
  for (const operation of older.operations) {
    const other = newer.operations.find(({ name }) => name === operation.name);
    if (other === undefined) continue;
    open.push({ old: operation.reply, new: other.reply }, ...named(operation.parameters, other.parameters));
  }
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [old, next] = [prune(pair.old), prune(pair.new)];
    const others = seen.get(old) ?? new Set<Type>();
    if (others.has(next)) continue;
    seen.set(old, others.add(next));
    found.push({ old, new: next });
    open.push(...parts(old, next));
  }
  return found;
}

interface Named {
  readonly name: string;
  readonly type: Type;
}

function named(older: readonly Named[], newer: readonly Named[]): readonly Counterparts[] {
  return older.flatMap(({ name, type }) => {
    const other = newer.find((each) => each.name === name);
    return other === undefined ? [] : [{ old: type, new: other.type }];
  });
}

function parts(older: Type, newer: Type): readonly Counterparts[] {
  if (older.kind === 'record' && newer.kind === 'record') return named(older.fields, newer.fields);
  if (older.kind === 'tuple' && newer.kind === 'tuple')
    return older.items.slice(0, newer.items.length).map((old, i) => ({ old, new: newer.items[i] }));
  if (older.kind === 'list' && newer.kind === 'list') return [{ old: older.item, new: newer.item }];
  if (older.kind === 'set' && newer.kind === 'set') return [{ old: older.item, new: newer.item }];
  if (older.kind === 'map' && newer.kind === 'map')
    return [
      { old: older.key, new: newer.key },
      { old: older.value, new: newer.value },
    ];
  if (older.kind !== 'sum' || newer.kind !== 'sum') return [];
  return named(payloads(older), payloads(newer));
}

const payloads = ({ declaration, arguments: given }: Type & { kind: 'sum' }): readonly Named[] =>
  declaration.constructors.map(({ name, payload }) => ({ name, type: substitute(payload, given) }));
