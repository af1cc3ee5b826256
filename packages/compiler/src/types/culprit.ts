import type { Span } from '@smc/protocol';
import { foldType, partsOf, prune, substitute } from './type.ts';
import type { Type, TypedExpression } from './typed.ts';
import { differ, sameNode, type Step } from './unify.ts';

/** Which part of an expression is to blame for the type of the whole. */

/** What gives the value of a whole: of a block of commands, each place that ends it; of an expression, itself. */
export interface Output {
  readonly span: Span;
  readonly type: Type;
  /** Null where it is no expression. */
  readonly value: TypedExpression | null;
}

/** A part that does not fit, and what would. */
export interface Culprit {
  readonly node: TypedExpression;
  readonly expected: Type;
  /** From the whole to it. */
  readonly path: readonly Step[];
}

/** The innermost parts that do not fit are looked for in at most so many, and at most so many are given. */
const PARTS_MAX = 10_000;
const CULPRITS_MAX = 8;

/**
 * The innermost parts, as far as they are written there, that do not fit what is expected of them, in their order.
 * What is empty has its type of what stands beside it, and so is not to blame: none where all is.
 */
export function culpritsOf(root: TypedExpression, expected: Type): readonly Culprit[] {
  const found: Culprit[] = [];
  const open: Culprit[] = [{ node: root, expected, path: [] }];
  for (let count = 0; open.length > 0 && count < PARTS_MAX && found.length < CULPRITS_MAX; count++) {
    const culprit = open.pop()!;
    if (!differ(culprit.expected, culprit.node.type)) continue;
    const parts = partsWritten(culprit);
    if (parts === null || hasOtherFields(culprit)) found.push(culprit);
    for (const part of parts?.toReversed() ?? []) open.push(part);
  }
  return found;
}

/** Whether a record has not the fields that are expected, whatever is in them. */
function hasOtherFields({ node, expected }: Culprit): boolean {
  const wanted = prune(expected);
  if (node.kind !== 'record' || wanted.kind !== 'record') return false;
  const given = new Set(node.fields.map(({ name }) => name));
  return wanted.fields.length !== given.size || wanted.fields.some(({ name }) => !given.has(name));
}

/** The parts of an expression with what is expected of each; null where it does not fit itself. */
function partsWritten({ node, expected, path }: Culprit): readonly Culprit[] | null {
  const wanted = prune(expected);
  const part = (inner: TypedExpression, type: Type, ...steps: readonly Step[]): Culprit => ({
    node: inner,
    expected: type,
    path: [...path, ...steps],
  });
  switch (node.kind) {
    case 'let':
      return [part(node.body, expected)];
    case 'if':
      return [part(node.then, expected), part(node.else, expected)];
    case 'case':
      return node.arms.map(({ body }) => part(body, expected));
    case 'tuple':
      if (wanted.kind !== 'tuple' || wanted.items.length !== node.items.length) return null;
      return node.items.map((item, index) => part(item, wanted.items[index], { kind: 'component', index }));
    case 'record': {
      if (wanted.kind !== 'record') return null;
      const types = new Map(wanted.fields.map((field) => [field.name, field.type]));
      return node.fields.flatMap(({ name, value }) => {
        const type = types.get(name);
        return type === undefined ? [] : [part(value, type, { kind: 'field', name })];
      });
    }
    case 'list':
    case 'set':
      if (wanted.kind !== node.kind) return null;
      return node.items.map((item) => part(item, wanted.item, { kind: 'item' }));
    case 'map':
      if (wanted.kind !== 'map') return null;
      return node.entries.flatMap(({ key, value }) => [
        part(key, wanted.key, { kind: 'argument', index: 0 }),
        part(value, wanted.value, { kind: 'argument', index: 1 }),
      ]);
    case 'construct': {
      const own = prune(node.type);
      if (wanted.kind !== 'sum' || own.kind !== 'sum' || !sameNode(wanted, own)) return null;
      const { labels, payload } = own.declaration.constructors[node.constructor];
      // Of one without arguments there is no part.
      if (labels?.length === 0) return [];
      return [part(node.payload, substitute(payload, wanted.arguments), { kind: 'argument', index: 0 })];
    }
    default:
      return null;
  }
}

/** The innermost part of an expression, or of the arguments of a call, that brings a type in. */
export function sourceOf(root: TypedExpression, type: Type): TypedExpression {
  let seen = root;
  for (;;) {
    const inner = inputsOf(seen).find((part) => !isEmpty(part) && contains(part.type, type));
    if (inner === undefined) return seen;
    seen = inner;
  }
}

/** What is empty has its type of what stands beside it. */
export function isEmpty(node: TypedExpression): boolean {
  if (node.kind === 'map') return node.entries.length === 0;
  return (node.kind === 'list' || node.kind === 'set') && node.items.length === 0;
}

function inputsOf(node: TypedExpression): readonly TypedExpression[] {
  switch (node.kind) {
    case 'call':
      return node.argument.kind === 'tuple' ? node.argument.items : [node.argument];
    case 'tuple':
    case 'list':
    case 'set':
      return node.items;
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case 'record':
      return node.fields.map(({ value }) => value);
    case 'construct':
      return [node.payload];
    default:
      return [];
  }
}

function contains(whole: Type, part: Type): boolean {
  return foldType<boolean>(whole, new Map(), (seen, parts) => {
    const isIt =
      seen.kind === part.kind && partsOf(seen).length === partsOf(part).length && !differ(seen, part);
    return isIt || parts.includes(true);
  });
}
