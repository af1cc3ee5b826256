import type { Span } from '@smc/protocol';
import type {
  Callee,
  Local,
  TypedArrowExpression,
  TypedBlock,
  TypedCommand,
  TypedExpression,
  TypedPattern,
} from '../../types/typed.ts';

/** What a declaration's code is: an expression, an arrow expression or the block of an operation. */
export type Code =
  | { readonly kind: 'expression'; readonly node: TypedExpression }
  | { readonly kind: 'arrow'; readonly node: TypedArrowExpression }
  | { readonly kind: 'block'; readonly node: TypedBlock };

/** The use of a function or arrow by its name; what it is given, where that can hold functions. */
export interface Use {
  readonly callee: Callee;
  readonly argument: TypedExpression | null;
  readonly span: Span;
}

/** What code refers to. */
export interface Uses {
  /** In the code itself and the lambdas that become part of it: those that a built-in takes. */
  readonly direct: readonly Use[];
  /** In all lambdas, too. */
  readonly callees: readonly Callee[];
  /** Variables that it does not bind itself, in the order in which they are met. */
  readonly free: readonly Local[];
}

type Pending = Code | { readonly kind: 'command'; readonly node: TypedCommand };
type Lambda = Extract<TypedExpression, { kind: 'lambda' }>;

const memo = new WeakMap<Code['node'], Uses>();

/** What code refers to; found once for each node, and without recursion. */
export function usesOf(code: Code): Uses {
  const known = memo.get(code.node);
  if (known !== undefined) return known;
  const found = new UseFinder().find(code);
  memo.set(code.node, found);
  return found;
}

class UseFinder {
  readonly #direct: Use[] = [];
  readonly #callees: Callee[] = [];
  readonly #locals = new Set<Local>();
  /** A variable is one object wherever it is, so that the order of finding does not matter. */
  readonly #bound = new Set<Local>();
  /** Lambdas that are definitions of their own. */
  readonly #separate: Lambda[] = [];
  readonly #pending: Pending[] = [];

  find(code: Code): Uses {
    this.#walk([code], true);
    for (let lambda = this.#separate.pop(); lambda !== undefined; lambda = this.#separate.pop()) {
      this.#walk([{ kind: 'expression', node: lambda.body }], false);
    }
    const free = [...this.#locals].filter((local) => !this.#bound.has(local));
    return { direct: this.#direct, callees: this.#callees, free };
  }

  #walk(roots: readonly Pending[], isDirect: boolean): void {
    const pending = this.#pending;
    for (const each of roots) pending.push(each);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) this.#visit(next, isDirect);
  }

  #visit(code: Pending, isDirect: boolean): void {
    switch (code.kind) {
      case 'expression':
        return this.#expression(code.node, isDirect);
      case 'arrow':
        return this.#arrow(code.node, isDirect);
      case 'block':
        for (const node of code.node.commands) this.#pending.push({ kind: 'command', node });
        return;
      case 'command':
        return this.#command(code.node, isDirect);
    }
  }

  #use(use: Use, isDirect: boolean): void {
    const { callee } = use;
    if (callee.kind === 'local') this.#locals.add(callee.local);
    this.#callees.push(callee);
    if (isDirect) this.#direct.push(use);
  }

  #expressions(nodes: Iterable<TypedExpression>): void {
    for (const node of nodes) this.#pending.push({ kind: 'expression', node });
  }

  #blocks(nodes: Iterable<TypedBlock>): void {
    for (const node of nodes) this.#pending.push({ kind: 'block', node });
  }

  #expression(node: TypedExpression, isDirect: boolean): void {
    switch (node.kind) {
      case 'literal':
        return;
      case 'local':
        this.#locals.add(node.local);
        return;
      case 'call':
        this.#use(node, isDirect);
        return this.#argument(node.callee, node.argument);
      case 'construct':
        return this.#expressions([node.payload]);
      case 'tuple':
      case 'list':
      case 'set':
        return this.#expressions(node.items);
      case 'record':
        return this.#expressions(node.fields.map((field) => field.value));
      case 'map':
        return this.#expressions(node.entries.flatMap(({ key, value }) => [key, value]));
      case 'field':
        return this.#expressions([node.record]);
      case 'lambda':
        this.#bind(node.pattern);
        this.#separate.push(node);
        return;
      case 'function':
        if (node.callee.kind === 'local') this.#locals.add(node.callee.local);
        this.#callees.push(node.callee);
        return;
      case 'if':
        return this.#expressions([node.condition, node.then, node.else]);
      case 'case':
        for (const { pattern } of node.arms) this.#bind(pattern);
        return this.#expressions([node.subject, ...node.arms.map((arm) => arm.body)]);
      case 'let':
        this.#bind(node.pattern);
        return this.#expressions([node.value, node.body]);
      case 'binary':
        return this.#expressions([node.left, node.right]);
      case 'unary':
        return this.#expressions([node.operand]);
    }
  }

  /** A lambda that a built-in takes becomes part of the code around it. */
  #argument(callee: Callee, argument: TypedExpression): void {
    const parts = callee.kind === 'builtin' ? itemsOf(argument) : [argument];
    for (const part of parts) {
      if (callee.kind === 'builtin' && part.kind === 'lambda') {
        this.#bind(part.pattern);
        this.#expressions([part.body]);
      } else {
        this.#expressions([part]);
      }
    }
  }

  #arrow(node: TypedArrowExpression, isDirect: boolean): void {
    switch (node.kind) {
      case 'name':
        return this.#use({ ...node, argument: null }, isDirect);
      case 'proc':
        this.#bind(node.pattern);
        return this.#blocks([node.body]);
      case 'compose':
        this.#pending.push({ kind: 'arrow', node: node.left }, { kind: 'arrow', node: node.right });
        return;
      case 'prefix':
        this.#pending.push({ kind: 'arrow', node: node.operand });
    }
  }

  #command(node: TypedCommand, isDirect: boolean): void {
    switch (node.kind) {
      case 'feed':
        if (node.arrow.kind === 'name') {
          this.#use({ ...node.arrow, argument: node.argument }, isDirect);
          return this.#argument(node.arrow.callee, node.argument);
        }
        this.#pending.push({ kind: 'arrow', node: node.arrow });
        return this.#expressions([node.argument]);
      case 'bind':
        this.#bind(node.pattern);
        this.#pending.push({ kind: 'command', node: node.command });
        return;
      case 'let':
        this.#bind(node.pattern);
        return this.#expressions([node.value]);
      case 'if':
        this.#expressions([node.condition]);
        return this.#blocks([node.then, node.else]);
      case 'case':
        for (const { pattern } of node.arms) this.#bind(pattern);
        this.#expressions([node.subject]);
        return this.#blocks(node.arms.map((arm) => arm.body));
    }
  }

  #bind(pattern: TypedPattern): void {
    const pending = [pattern];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next.kind === 'bind') this.#bound.add(next.local);
      else for (const each of partsOfPattern(next)) pending.push(each);
    }
  }
}

function partsOfPattern(pattern: TypedPattern): readonly TypedPattern[] {
  switch (pattern.kind) {
    case 'construct':
      return [pattern.payload];
    case 'tuple':
      return pattern.items;
    case 'list':
      return pattern.rest === null ? pattern.items : [...pattern.items, pattern.rest];
    case 'record':
      return pattern.fields.map((field) => field.pattern);
    default:
      return [];
  }
}

/** The arguments of a call: the items of a tuple, or the one. */
export function itemsOf(argument: TypedExpression): readonly TypedExpression[] {
  return argument.kind === 'tuple' ? argument.items : [argument];
}
