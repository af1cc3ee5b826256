import { INSTRUCTIONS, OP } from '@smc/protocol';
import type { Span, TypeId, TypeTable, Value } from '@smc/protocol';
import type { Term } from '../combinators/term.ts';

/**
 * The code of one term: what each combinator becomes on the categorical abstract machine, as
 * `instructions.ts` of the protocol lays it down. It is structural: every term of a kind
 * becomes the same instructions around the code of its parts, and what is simpler was made
 * simpler before.
 */

/** A word of the code that is known only when the position it names is reached. */
class Label {
  position = -1;
}

/** What is still to be written: a term, instructions, or a label to be placed here. */
type Item = Term | Label | readonly (number | Label)[];

/** The words of a function, and where they come from. */
export interface Code {
  readonly words: Int32Array;
  /** From this word on, code comes from this place in the source; ascending. */
  readonly places: readonly { readonly word: number; readonly span: Span }[];
}

/** The code of a function's body, its RETURN included. `constant` gives the index of a constant. */
export function codeOf(types: TypeTable, body: Term, constant: (type: TypeId, value: Value) => number): Code {
  const words: (number | Label)[] = [];
  const places: { word: number; span: Span }[] = [];
  const pending: Item[] = [[OP.RETURN], body];
  // An explicit stack: terms nest more deeply than the host's.
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (item instanceof Label) {
      item.position = words.length;
    } else if ('kind' in item) {
      if (item.span !== undefined) places.push({ word: words.length, span: item.span });
      const items = expand(types, item, constant);
      for (let i = items.length - 1; i >= 0; i--) pending.push(items[i]);
    } else {
      for (const word of item) words.push(word);
    }
  }
  const code = new Int32Array(words.length);
  for (let i = 0; i < code.length; i++) {
    const word = words[i];
    code[i] = typeof word === 'number' ? word : word.position;
  }
  return { words: code, places };
}

function expand(types: TypeTable, term: Term, constant: (type: TypeId, value: Value) => number): Item[] {
  switch (term.kind) {
    case 'identity':
      return [];
    case 'compose':
      return [term.first, term.second];
    case 'fork':
      return [...gather(term.parts), construction(types, term.to, term.parts.length)];
    case 'list':
      return [...gather(term.items), [OP.LIST, term.to, term.items.length]];
    case 'project':
      return [isPair(types, term.from) ? [term.index === 0 ? OP.FST : OP.SND] : [OP.PROJECT, term.index]];
    case 'inject':
      return [[OP.INJECT, term.to, term.index]];
    case 'case':
      return expandCase(term.arms);
    case 'if': {
      const otherwise = new Label();
      const join = new Label();
      return [[OP.BRANCH, otherwise, join], term.then, [OP.JUMP, join], otherwise, term.else, join];
    }
    case 'curry': {
      const exit = new Label();
      return [[OP.CUR, term.to, exit], term.body, [OP.RETURN], exit];
    }
    case 'fold': {
      const exit = new Label();
      return [[OP.FOLD, exit], term.body, [OP.NEXT], exit];
    }
    case 'map': {
      const exit = new Label();
      return [[OP.MAP, exit], term.body, [OP.NEXT], exit];
    }
    case 'apply':
      return [[OP.APP]];
    case 'constant':
      return [[OP.QUOTE, constant(term.to, term.value)]];
    case 'get':
      return [[OP.GET]];
    case 'put':
      return [[OP.PUT]];
    case 'now':
      return [[OP.NOW]];
    case 'fail':
      return [[OP.FAIL, term.to]];
    case 'call':
      return [[OP.CALL, term.definition]];
    case 'primitive':
      return [[OP[term.instruction], ...operandsOf(types, term)]];
  }
}

/** The type that an instruction names: of the keys to sort by, or of what it makes. */
function operandsOf(types: TypeTable, term: Term & { kind: 'primitive' }): number[] {
  if (INSTRUCTIONS[term.instruction].operands.length === 0) return [];
  if (term.instruction !== 'LIST_SORT') return [term.to];
  const list = types.node(term.from);
  const pair = list.kind === 'list' ? types.node(list.item) : list;
  if (pair.kind !== 'tuple') throw new Error(`LIST_SORT of type ${term.from}`);
  return [pair.items[0]];
}

/** The parts one after the other from the same input: all but the last on the stack. */
function gather(parts: readonly Term[]): Item[] {
  const items: Item[] = [];
  for (const part of parts.slice(0, -1)) items.push([OP.PUSH], part, [OP.SWAP]);
  items.push(parts[parts.length - 1]);
  return items;
}

function construction(types: TypeTable, to: TypeId, length: number): number[] {
  if (isPair(types, to)) return [OP.CONS];
  return types.node(to).kind === 'record' ? [OP.RECORD, to] : [OP.TUPLE, length];
}

function expandCase(arms: readonly Term[]): Item[] {
  const join = new Label();
  const labels = arms.slice(1).map(() => new Label());
  const items: Item[] = [[OP.SWITCH, join, labels.length, ...labels], arms[0]];
  for (const [i, label] of labels.entries()) items.push([OP.JUMP, join], label, arms[i + 1]);
  items.push(join);
  return items;
}

function isPair(types: TypeTable, type: TypeId): boolean {
  const node = types.node(type);
  return node.kind === 'tuple' && node.items.length === 2;
}
