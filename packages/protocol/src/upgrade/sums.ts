import type { Image } from '../image.ts';
import { partsOf, type TypeId } from '../type.ts';

/** Sums of an interface whose values are written in another form in JSON than before. */

/**
 * The sums of both interfaces, by name, that were strings in JSON and are objects with a tag now, or
 * the other way round (`isText`): a first constructor with an argument changes all values.
 */
export function sumsInOtherForm(
  old: Image,
  next: Image,
): readonly { readonly name: string; readonly isText: boolean }[] {
  const [before, after] = [formsOf(old), formsOf(next)];
  return [...before].flatMap(([name, wasText]) => {
    const isText = after.get(name);
    return isText === undefined || isText === wasText ? [] : [{ name, isText }];
  });
}

/** Whether the values of a sum are strings in JSON, by its name; of those that operations take or give. */
function formsOf({ unit: { types }, operations }: Image): ReadonlyMap<string, boolean> {
  const forms = new Map<string, boolean>();
  const seen = new Set<TypeId>();
  const open = operations.flatMap(({ parameters, reply }) => [reply, ...parameters.map(({ type }) => type)]);
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    if (seen.has(type)) continue;
    seen.add(type);
    const node = types.node(type);
    if (node.kind === 'sum') {
      const isText = node.constructors.every(({ labels }) => labels !== null && labels.length === 0);
      forms.set(node.name, isText);
    }
    open.push(...partsOf(node));
  }
  return forms;
}
