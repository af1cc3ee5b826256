import type {
  Callee,
  TypedArrowExpression,
  TypedBlock,
  TypedCommand,
  TypedExpression,
} from '../../types/typed.ts';

/** What a declaration's code is: an expression, an arrow expression or the block of an operation. */
export type Code =
  | { readonly kind: 'expression'; readonly node: TypedExpression }
  | { readonly kind: 'arrow'; readonly node: TypedArrowExpression }
  | { readonly kind: 'block'; readonly node: TypedBlock };

type Pending = Code | { readonly kind: 'command'; readonly node: TypedCommand };

/** A function or arrow that is declared in a program. */
export type DeclaredCallee = Extract<Callee, { kind: 'fun' | 'arrow' }>;

/** The declared functions and arrows that code uses, in any order, without recursion. */
export function calleesOf(code: Code): DeclaredCallee[] {
  const callees: DeclaredCallee[] = [];
  const pending: Pending[] = [code];
  const use = (callee: Callee): void => {
    if (callee.kind === 'fun' || callee.kind === 'arrow') callees.push(callee);
  };
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const part of partsOf(next, use)) pending.push(part);
  }
  return callees;
}

const expressions = (...nodes: TypedExpression[]): Pending[] =>
  nodes.map((node) => ({ kind: 'expression', node }));
const arrows = (...nodes: TypedArrowExpression[]): Pending[] =>
  nodes.map((node) => ({ kind: 'arrow', node }));
const blocks = (...nodes: TypedBlock[]): Pending[] => nodes.map((node) => ({ kind: 'block', node }));

function partsOf(code: Pending, use: (callee: Callee) => void): Pending[] {
  switch (code.kind) {
    case 'expression':
      return partsOfExpression(code.node, use);
    case 'arrow':
      return partsOfArrow(code.node, use);
    case 'block':
      return code.node.commands.map((node) => ({ kind: 'command', node }));
    case 'command':
      return partsOfCommand(code.node);
  }
}

function partsOfExpression(node: TypedExpression, use: (callee: Callee) => void): Pending[] {
  switch (node.kind) {
    case 'literal':
    case 'local':
      return [];
    case 'call':
      use(node.callee);
      return expressions(node.argument);
    case 'construct':
      return expressions(node.payload);
    case 'tuple':
    case 'list':
      return expressions(...node.items);
    case 'record':
      return expressions(...node.fields.map((field) => field.value));
    case 'field':
      return expressions(node.record);
    case 'if':
      return expressions(node.condition, node.then, node.else);
    case 'case':
      return expressions(node.subject, ...node.arms.map((arm) => arm.body));
    case 'let':
      return expressions(node.value, node.body);
    case 'binary':
      return expressions(node.left, node.right);
    case 'unary':
      return expressions(node.operand);
  }
}

function partsOfArrow(node: TypedArrowExpression, use: (callee: Callee) => void): Pending[] {
  switch (node.kind) {
    case 'name':
      use(node.callee);
      return [];
    case 'proc':
      return blocks(node.body);
    case 'compose':
      return arrows(node.left, node.right);
    case 'prefix':
      return arrows(node.operand);
  }
}

function partsOfCommand(node: TypedCommand): Pending[] {
  switch (node.kind) {
    case 'feed':
      return [...arrows(node.arrow), ...expressions(node.argument)];
    case 'bind':
      return [{ kind: 'command', node: node.command }];
    case 'let':
      return expressions(node.value);
    case 'if':
      return [...expressions(node.condition), ...blocks(node.then, node.else)];
    case 'case':
      return [...expressions(node.subject), ...blocks(...node.arms.map((arm) => arm.body))];
  }
}
