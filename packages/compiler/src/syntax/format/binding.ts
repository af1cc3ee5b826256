import type * as tree from '../tree.ts';
import { OPERATOR_PRECEDENCE } from '../precedence.ts';
import { chainOf } from './lists.ts';

/** How tight things bind: where the printer puts brackets that the tree does not keep. */

/** Of what stands before a `.` or after a `-`. */
export const OPERAND = 8;

/** How tight the outermost part of an expression binds. */
export function bindingOf(node: tree.Expression): number {
  switch (node.kind) {
    case 'binary':
      return OPERATOR_PRECEDENCE[node.operator];
    case 'unary':
      return OPERAND - 1;
    // What comes after them would be taken for a part of them.
    case 'let':
    case 'lambda':
    case 'if':
    case 'case':
      return 0;
    default:
      return OPERAND;
  }
}

/** Whether a literal in braces stands in an expression outside of other brackets. */
export function startsBraces(node: tree.Expression): boolean {
  switch (node.kind) {
    case 'record':
    case 'map':
    case 'set':
    case 'if':
    case 'case':
    case 'let':
      return true;
    case 'binary':
      return chainOf(node).operands.some((operand) => bindingOf(operand) > 0 && startsBraces(operand));
    case 'unary':
      return startsBraces(node.operand);
    case 'field':
      return bindingOf(node.record) > 0 && startsBraces(node.record);
    default:
      return false;
  }
}

/** A path as it is written. */
export const path = ({ qualifier, name }: tree.Path): string =>
  qualifier === null ? name.text : `${qualifier.text}.${name.text}`;

/** Names with dots between them. */
export const names = (parts: readonly tree.Name[]): string => parts.map(({ text }) => text).join('.');
