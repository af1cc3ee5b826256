import type { Span } from '@smc/protocol';
import type { TypedExpression } from '../types/typed.ts';

/**
 * Whether a derived conversion says anything of its own: it uses a default or an initial value, or fails. Else
 * it only hands on what the other version has. `upgrade` is the place of all that is derived; functions that are
 * called are looked at for themselves.
 */
export function makesUp(root: TypedExpression, upgrade: Span): boolean {
  const open: TypedExpression[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isWritten(node, upgrade)) continue;
    if (node.span !== upgrade) return true;
    if (node.kind === 'call' && node.callee.kind === 'primitive') return true;
    for (const part of partsOf(node)) open.push(part);
  }
  return false;
}

/** Whether it is what a clause says of one field, from the older state. */
function isWritten(node: TypedExpression, upgrade: Span): boolean {
  return node.kind === 'let' && node.span !== upgrade && node.value.span === upgrade;
}

/** The expressions in one, of the kinds that are derived. */
function partsOf(node: TypedExpression): readonly TypedExpression[] {
  switch (node.kind) {
    case 'call':
      return [node.argument];
    case 'construct':
      return [node.payload];
    case 'tuple':
      return node.items;
    case 'record':
      return node.fields.map(({ value }) => value);
    case 'field':
      return [node.record];
    case 'lambda':
      return [node.body];
    case 'let':
      return [node.value, node.body];
    case 'case':
      return [node.subject, ...node.arms.map(({ body }) => body)];
    default:
      return [];
  }
}
