import { OPERATOR_PRECEDENCE } from '../precedence.ts';
import type * as tree from '../tree.ts';
import type { ItemList, Placed } from './comments.ts';

/** The lists of items of each node of the tree, as the printer prints them. */

type Node = { readonly kind?: string } & Placed;

const brackets = (items: readonly Placed[]): ItemList => ({ kind: 'brackets', items });
const value = (item: Placed): ItemList => ({ kind: 'value', items: [item] });
/** Brackets that are left out where they are empty. */
const some = (items: readonly Placed[]): readonly ItemList[] => (items.length === 0 ? [] : [brackets(items)]);

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

/** The lists of a node; `module` is given with its items. */
export function listsOf(node: Placed, moduleItems: readonly Placed[]): readonly ItemList[] {
  const seen = node as Node;
  if (seen.kind === undefined) return listsOfPlain(node, moduleItems);
  return listsOfKind(
    node as tree.Declaration | tree.Member | tree.Clause | tree.TestLine | tree.Expression | tree.Command,
  );
}

/** Nodes without a kind: the module, blocks, arms, fields, parameters, arguments. */
function listsOfPlain(node: Placed, moduleItems: readonly Placed[]): readonly ItemList[] {
  if ('declarations' in node) return [brackets(moduleItems)];
  if ('commands' in node) return [brackets((node as tree.Block).commands)];
  if ('pattern' in node && 'body' in node) {
    const { body } = node as { body: tree.Expression | tree.Block };
    return 'commands' in body ? [] : [value(body)];
  }
  return [];
}

type Listed =
  | tree.Declaration
  | tree.Member
  | tree.Clause
  | tree.TestLine
  | tree.Expression
  | tree.Command
  | tree.Pattern
  | tree.TypeNode
  | tree.ArrowExpression;

function listsOfKind(node: Listed): readonly ItemList[] {
  switch (node.kind) {
    case 'type':
      return node.body.kind === 'sum'
        ? [{ kind: 'chain', items: node.body.constructors }]
        : [value(node.body.type)];
    case 'fun':
      return [...some(node.parameters), value(node.body)];
    case 'arrow':
      return node.body.kind === 'proc' ? [] : [value(node.body)];
    case 'machine':
      return [brackets(node.members)];
    case 'upgrade':
      return [brackets(node.clauses)];
    case 'test':
      return [brackets(node.lines)];
    case 'state':
      return 'form' in node && node.form.kind === 'fields' ? [brackets(node.form.fields)] : [];
    case 'on':
      return some(node.parameters);
    case 'convert':
      return [value(node.body)];
    case 'call':
    case 'construct':
      return some(node.arguments);
    case 'list':
      return 'rest' in node ? [] : some(node.items);
    case 'tuple':
    case 'set':
      return some(node.items);
    case 'record':
      return some(node.fields);
    case 'case':
      return [brackets(node.arms)];
    case 'let':
      return 'body' in node ? [value(node.value), value(node.body)] : [value(node.value)];
    case 'if':
      return 'commands' in node.then ? [] : [value(node.then), value(node.else as tree.Expression)];
    case 'binary':
      return [{ kind: 'chain', items: chainOf(node).operands }];
    case 'compose':
      return [{ kind: 'chain', items: composedOf(node) }];
    default:
      return [];
  }
}
