import { usesOf } from '../combinators/translate/uses.ts';
import type { TypedConversion, TypedExpression, TypedFun, TypedUpgrade } from '../types/typed.ts';

/** The conversions of an upgrade as a graph: what starts one, and the functions that it calls. */

export type Direction = 'forward' | 'back';

/** The conversions of an upgrade in each direction. */
export function rootsOf(typed: TypedUpgrade): Readonly<Record<Direction, readonly TypedConversion[]>> {
  const forward = [typed.migration];
  const back = typed.back === null ? [] : [typed.back];
  for (const way of typed.operations) {
    if (way.kind !== 'adapter') continue;
    forward.push(way.request);
    back.push(way.reply);
  }
  for (const way of typed.backOperations) {
    if (way.kind !== 'adapter') continue;
    back.push(way.request);
    forward.push(way.reply);
  }
  return { forward, back };
}

/** All that are called from some expressions, each once; what calls those that are `apart` is not looked into. */
export function functionsIn(
  bodies: readonly TypedExpression[],
  isApart: (fun: TypedFun) => boolean = () => false,
): ReadonlySet<TypedFun> {
  const found = new Set<TypedFun>();
  const open = [...bodies];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const callee of usesOf({ kind: 'expression', node }).callees) {
      if (callee.kind !== 'fun' || found.has(callee.fun)) continue;
      found.add(callee.fun);
      if (!isApart(callee.fun)) open.push(callee.fun.body);
    }
  }
  return found;
}
