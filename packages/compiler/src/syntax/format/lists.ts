import { OPERATOR_PRECEDENCE } from '../precedence.ts';
import type * as tree from '../tree.ts';

/** Lists that the tree does not have as such. */

/** Imports and declarations, in the order in which they are written. */
export function itemsOf(module: tree.Module): readonly (tree.Import | tree.Declaration)[] {
  return [...module.imports, ...module.declarations].sort((a, b) => a.span.start - b.span.start);
}

/** Operands and operators of `a + b - c`: what binds alike, from the left. */
export function chainOf(top: tree.Expression & { kind: 'binary' }): {
  operands: tree.Expression[];
  operators: tree.BinaryOperator[];
} {
  const operands: tree.Expression[] = [];
  const operators: tree.BinaryOperator[] = [];
  let left: tree.Expression = top;
  while (left.kind === 'binary' && OPERATOR_PRECEDENCE[left.operator] === OPERATOR_PRECEDENCE[top.operator]) {
    operands.unshift(left.right);
    operators.unshift(left.operator);
    left = left.left;
    // A comparison in a comparison stands in parentheses.
    if (OPERATOR_PRECEDENCE[top.operator] === OPERATOR_PRECEDENCE['==']) break;
  }
  operands.unshift(left);
  return { operands, operators };
}

/** Operands of `f >>> g >>> h`, from the right; one operator. */
export function composedOf(top: tree.ArrowExpression & { kind: 'compose' }): tree.ArrowExpression[] {
  const operands = [top.left];
  let right: tree.ArrowExpression = top.right;
  while (right.kind === 'compose' && right.operator === top.operator) {
    operands.push(right.left);
    right = right.right;
  }
  return [...operands, right];
}
