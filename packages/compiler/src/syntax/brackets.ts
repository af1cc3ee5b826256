import { isA } from './tokens.ts';
import * as T from './tokens.ts';
import type { Token } from './tokens.ts';

/**
 * Which bracket belongs to which, found before the grammar runs, so that a missing one is told where it
 * is missing, and the grammar always sees balanced ones.
 *
 * A missing `}` shows by a word that can not stand where it stands (`on` in the commands of another
 * operation) or by the end of the file; a missing `)` or `]` by a `}` as well.
 */

/** An opening bracket and where it ends. */
export interface Bracket {
  /** Indexes in the list of tokens. */
  readonly open: number;
  /** The closing bracket; where `closed` is false, the first token that is outside. */
  readonly end: number;
  readonly closed: boolean;
  /** Whether line ends end statements right inside: true for blocks alone. */
  readonly block: boolean;
  /** The word that the bracket belongs to, `machine`, `on`, `if`, …; or -1. */
  readonly owner: number;
}

/** What the pairing of brackets finds out about a list of tokens. */
export interface Brackets {
  /** By the index of the opening token. */
  readonly byOpen: ReadonlyMap<number, Bracket>;
  /** Closing brackets that close nothing. */
  readonly stray: ReadonlySet<number>;
  /** Tokens at the start of a line that start a declaration or a member, whatever is before them. */
  readonly starts: ReadonlySet<number>;
  /** Where `nestingMax` is exceeded, or null. */
  readonly tooDeep: number | null;
  /** Whether that is so by what stands in a row, and not in each other. */
  readonly isChain: boolean;
}

/**
 * How much nesting there may be, by the weights below. It bounds the height of the tree and, with it, the
 * stack that the parser and every later phase need. Measured on a stack of the usual 984 KB, with code
 * that is not optimised yet: about 170 nested `proc`, or 220 to 350 other brackets fill it.
 * Operators are read in loops; for them the bound is that of the phases to come.
 */
const nestingMax = 1000;
const bracketWeight = 8;
const procWeight = 4;

/** An open bracket, or the file around all of them. */
interface Frame {
  readonly open: number;
  readonly block: boolean;
  readonly owner: number;
  /** The nesting of what is around it. */
  readonly base: number;
  /** The last word at this level that can own a bracket. */
  word: number;
  /** The operators of the statement or item being read, and the greatest nesting inside its brackets. */
  chain: number;
  inner: number;
  /** The greatest nesting of the statements before it. */
  most: number;
}

const owners = new Set([
  ...[T.MachineWord, T.StateWord, T.OnWord, T.FunWord, T.ArrowWord, T.TypeWord, T.UpgradeWord, T.TestWord],
  ...[T.InvariantWord, T.IfWord, T.ElseWord, T.CaseWord, T.ProcWord],
]);

const heads = new Set([T.IfWord, T.CaseWord]);

/** What a parameter can end with, or be cut off after. */
const typeOrValueEnds = new Set([
  ...[T.Lower, T.Upper, T.CloseRound, T.CloseSquare, T.CloseCurly],
  ...[T.IntLiteral, T.StringLiteral, T.TrueWord, T.FalseWord],
]);

/** Tokens of the arguments of a type that are looked through for their `<`. */
const ARGUMENT_TOKENS_MAX = 64;

/** What stands in a machine or an upgrade alone. */
const memberStarts = new Set([T.OnWord, T.StateWord, T.InvariantWord]);

/** What can stand between the word of a declaration and its parameters. */
const beforeParameters = new Set([T.Lower, T.Upper, T.Less, T.Greater, T.Comma]);

/** Pairs the brackets of a list of tokens. */
export function pairBrackets(tokens: readonly Token[]): Brackets {
  return new Pairing(tokens).run();
}

class Pairing {
  private readonly tokens: readonly Token[];
  private readonly byOpen = new Map<number, Bracket>();
  private readonly stray = new Set<number>();
  private readonly starts = new Set<number>();
  private readonly stack: Frame[] = [];
  private tooDeep: number | null = null;
  private isChain = false;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
    this.push(-1, true);
  }

  private get top(): Frame {
    return this.stack.at(-1)!;
  }

  run(): Brackets {
    for (let i = 0; i < this.tokens.length && this.tooDeep === null; i++) this.step(i, this.tokens[i]!);
    while (this.stack.length > 1) this.pop(this.tokens.length, false);
    return {
      byOpen: this.byOpen,
      stray: this.stray,
      starts: this.starts,
      tooDeep: this.tooDeep,
      isChain: this.isChain,
    };
  }

  private step(i: number, token: Token): void {
    if (token.fresh) this.closeBefore(i);
    const kind = token.tokenType;
    if (kind === T.OpenCurly) this.closeParameters(i);
    else if (kind === T.ElseWord) this.closeBranch(i);
    if (T.closerOf.has(kind)) this.push(i, this.isBlock(i));
    else if (kind === T.CloseRound || kind === T.CloseSquare || kind === T.CloseCurly) this.close(i, token);
    else {
      if (owners.has(kind)) this.top.word = i;
      this.measure(i, token);
    }
  }

  private push(open: number, block: boolean): void {
    const around = this.stack.at(-1);
    const base = around === undefined ? 0 : around.base + around.chain + bracketWeight;
    const owner = around === undefined ? -1 : around.word;
    this.stack.push({ open, block, owner, base, word: -1, chain: 0, inner: 0, most: 0 });
    // What comes next at the level outside has another owner.
    if (block && around !== undefined) around.word = -1;
    if (base > nestingMax) this.tooDeep ??= open;
  }

  private pop(end: number, closed: boolean): void {
    const { open, block, owner, chain, inner, most } = this.stack.pop()!;
    this.byOpen.set(open, {
      open,
      end: closed ? end : this.endOfParameters(open, owner, end),
      closed,
      block,
      owner,
    });
    this.top.inner = Math.max(this.top.inner, bracketWeight + Math.max(most, chain + inner));
    this.measureTop(open);
  }

  /** Where a bracket ends that is not closed before `end`: parameters, before the last `->` of the signature. */
  private endOfParameters(open: number, owner: number, end: number): number {
    const word = this.tokens[owner]?.tokenType;
    if (word !== T.FunWord && word !== T.OnWord) return end;
    for (let i = owner + 1; i < open; i++) if (!beforeParameters.has(this.tokens[i]!.tokenType)) return end;
    let arrow = end;
    for (let i = open + 1; i < end; i++) {
      const inner = this.byOpen.get(i);
      if (inner !== undefined) i = inner.closed ? inner.end : inner.end - 1;
      else if (this.tokens[i]!.tokenType === T.To) arrow = i;
      else if (this.tokens[i]!.tokenType === T.Assign && arrow !== end) break;
    }
    return arrow;
  }

  /** Closes the innermost bracket of the kind; what is open inside it is not closed. */
  private close(i: number, token: Token): void {
    for (let level = this.stack.length - 1; level > 0; level--) {
      const opener = this.tokens[this.stack[level]!.open]!.tokenType;
      if (T.closerOf.get(opener) === token.tokenType) {
        if (this.isSurplus(level, i)) break;
        while (this.stack.length - 1 > level) this.pop(i, false);
        this.pop(i, true);
        return;
      }
      // A `)` that is alone in a block does not reach out of it.
      if (opener === T.OpenCurly) break;
    }
    this.stray.add(i);
  }

  /**
   * Whether a `}` that would close a machine or an upgrade is one too many: more members follow, and then the `}`
   * that does close it.
   */
  private isSurplus(level: number, i: number): boolean {
    const owner = this.tokens[this.stack[level]!.owner]?.tokenType;
    const next = this.tokens[i + 1];
    if (owner !== T.MachineWord && owner !== T.UpgradeWord) return false;
    if (next?.fresh !== true || !memberStarts.has(next.tokenType)) return false;
    let depth = 0;
    for (let at = i + 1; at < this.tokens.length && depth >= 0; at++) {
      const { tokenType, fresh } = this.tokens[at]!;
      if (fresh && this.reachOf(at) === 'file') return false;
      if (tokenType === T.OpenCurly) depth++;
      else if (tokenType === T.CloseCurly) depth--;
    }
    return depth < 0;
  }

  /** Before an `else` that does not follow a `}`, the block of its `if` was not closed. */
  private closeBranch(i: number): void {
    if (this.tokens[i - 1]?.tokenType === T.CloseCurly) return;
    const { block, owner } = this.top;
    const word = this.tokens[owner]?.tokenType;
    if (block && (word === T.IfWord || word === T.ElseWord)) this.pop(i, false);
  }

  /** The block of an operation or a machine does not start in its parameters: these were not closed. */
  private closeParameters(i: number): void {
    const { open, word } = this.top;
    const isParameters =
      this.tokens[open]?.tokenType === T.OpenRound &&
      this.tokens[open - 1]?.tokenType === T.Upper &&
      (this.tokens[open - 2]?.tokenType === T.OnWord || this.tokens[open - 2]?.tokenType === T.MachineWord);
    if (!isParameters || word !== -1 || this.opensCollection(i)) return;
    const last = this.tokens[i - 1]!.tokenType;
    if (last === T.Greater ? this.endsArguments(i - 1, open) : typeOrValueEnds.has(last)) this.pop(i, false);
  }

  /** Whether a `>` ends the arguments of a type; else it compares, as in `on A(a: Bool = b > {c = 1})`. */
  private endsArguments(end: number, open: number): boolean {
    let depth = 0;
    for (let at = end; at > Math.max(open, end - ARGUMENT_TOKENS_MAX); at--) {
      const { tokenType } = this.tokens[at]!;
      if (tokenType === T.Greater) depth++;
      else if (tokenType === T.Less) depth--;
      else if (tokenType === T.Assign) return false;
      if (depth === 0) return true;
    }
    return false;
  }

  /** Closes what can not be open any more where a declaration starts. */
  private closeBefore(i: number): void {
    const reach = this.reachOf(i);
    if (reach === null) return;
    this.starts.add(i);
    let level = 0;
    if (reach !== 'file') {
      level = this.stack.findLastIndex((frame) => {
        const owner = this.tokens[frame.owner]?.tokenType;
        return owner === T.MachineWord || (reach === 'members' && owner === T.UpgradeWord);
      });
      if (level <= 0) {
        if (reach === 'members') return;
        level = 0;
      }
    }
    while (this.stack.length - 1 > level) this.pop(i, false);
  }

  /**
   * Where the declaration can stand that starts at the token, if one does: in a file only, as a member
   * (of a machine or an upgrade) only, or as both.
   */
  private reachOf(i: number): 'file' | 'members' | 'both' | null {
    const next = this.tokens[i + 1]?.tokenType;
    const name = next === T.Upper || next === T.Lower;
    switch (this.tokens[i]!.tokenType) {
      case T.MachineWord:
        return next === T.Upper ? 'file' : null;
      case T.TestWord:
        return next === T.StringLiteral ? 'file' : null;
      case T.ImportWord:
        return next === T.StringLiteral || next === T.Lower ? 'file' : null;
      case T.UpgradeWord:
        return name ? 'file' : null;
      case T.OnWord:
        return next === T.Upper ? 'members' : null;
      case T.StateWord:
        return next === T.OpenCurly || next === T.Colon ? this.stateReach() : null;
      case T.InvariantWord:
        return next === T.Colon ? null : 'members';
      case T.FunWord:
      case T.ArrowWord:
        return next === T.Lower ? 'both' : null;
      case T.TypeWord:
        return next === T.Upper ? 'both' : null;
      default:
        return null;
    }
  }

  /** `state:` is a member, but not where it is a (refused) field of a record. */
  private stateReach(): 'members' | null {
    return this.top.block ? 'members' : null;
  }

  /** Whether the bracket that opens here is a block, and not a record, map or set. */
  private isBlock(i: number): boolean {
    if (this.tokens[i]!.tokenType !== T.OpenCurly) return false;
    const [before, next, second] = [this.tokens[i - 1], this.tokens[i + 1], this.tokens[i + 2]?.tokenType];
    // Not after a dot: there `state` is a field, which is refused itself.
    const isState = before?.tokenType === T.StateWord && this.tokens[i - 2]?.tokenType !== T.Dot;
    if (isState || next?.tokenType === T.Spread) return false;
    if (this.opensCollection(i)) return false;
    if (next === undefined) return true;
    const named = next.tokenType === T.Lower || next.tokenType === T.StringLiteral;
    if (second === T.Colon && isA(next, T.Reserved))
      return this.tokens[this.top.word]?.tokenType === T.MachineWord;
    if (named && (second === T.Colon || second === T.Comma)) return false;
    // `{ x = 1 }` is wrong in both: a record where a value is due
    return !(named && second === T.Assign && before !== undefined && expectsValue(before));
  }

  /** `Map {` and `Set {`, but not where these are the names of a machine or an operation. */
  private opensCollection(i: number): boolean {
    const name = this.tokens[i - 1];
    if (name?.image !== 'Map' && name?.image !== 'Set') return false;
    const before = this.tokens[i - 2]?.tokenType;
    if (before === T.OnWord || before === T.MachineWord || before === T.Dot) return false;
    const owner = this.tokens[this.top.word]?.tokenType;
    return !(this.stack.length === 1 && (owner === T.TestWord || owner === T.UpgradeWord));
  }

  /** Counts what nests without brackets. */
  private measure(i: number, token: Token): void {
    const top = this.top;
    const kind = token.tokenType;
    const ends =
      kind === T.Comma ||
      kind === T.Semicolon ||
      (token.fresh && top.block && !continuesLine(token, this.tokens[i - 1]));
    if (ends) {
      top.most = Math.max(top.most, top.chain + top.inner);
      top.chain = 0;
      top.inner = 0;
    }
    const weight = this.weightOf(i, token, ends);
    if (weight === 0) return;
    top.chain += weight;
    this.measureTop(i, weight === 1);
  }

  /** `follows` if the token is the first after the end of a statement or an item. */
  private weightOf(i: number, token: Token, follows: boolean): number {
    const kind = token.tokenType;
    const before = this.tokens[i - 1];
    if (isA(token, T.Infix) || isA(token, T.Compose)) {
      // type arguments
      return kind === T.Less && before?.tokenType === T.Upper ? bracketWeight : 1;
    }
    switch (kind) {
      case T.Dot:
      case T.To:
      case T.ElseWord:
      case T.Not:
        return 1;
      case T.ProcWord:
        return procWeight;
      // These nest by recursion, as brackets do: `let a = let b = …`, `if if c { … } else { … } { … }`.
      case T.Bind:
        return bracketWeight;
      case T.LetWord: {
        const starts = follows || (before !== undefined && T.closerOf.has(before.tokenType));
        return starts ? 0 : bracketWeight;
      }
      case T.IfWord:
      case T.CaseWord: {
        const headed =
          before !== undefined &&
          (isA(before, T.Infix) || isA(before, T.Prefix) || heads.has(before.tokenType));
        return headed ? bracketWeight : 0;
      }
      default:
        return 0;
    }
  }

  private measureTop(i: number, isLink = false): void {
    const { base, chain, inner } = this.top;
    if (base + chain + inner <= nestingMax || this.tooDeep !== null) return;
    this.tooDeep = Math.max(i, 0);
    this.isChain = isLink && chain > nestingMax / 2;
  }
}

/** Whether a value is due after the token. */
function expectsValue(token: Token): boolean {
  const kinds = [T.Feed, T.OpenRound, T.OpenSquare, T.Comma, T.Assign, T.Colon, T.InWord];
  return kinds.includes(token.tokenType) || isA(token, T.Infix);
}

/**
 * Whether a line goes on: by the token that the next one starts with, or by the one that it ends with.
 * A `>` at the end of a line may close type arguments; the grammar decides about that one.
 */
export function continuesLine(token: Token, before: Token | undefined): boolean {
  if (token.tokenType === T.Minus ? token.spaced : isA(token, T.Infix) || isA(token, T.Compose)) return true;
  if (continuingStarts.has(token.tokenType)) return true;
  if (before === undefined || before.tokenType === T.Greater) return false;
  return isA(before, T.Infix) || isA(before, T.Compose) || continuingEnds.has(before.tokenType);
}

const continuingStarts = new Set([
  ...[T.Dot, T.CloseRound, T.CloseCurly, T.CloseSquare, T.Comma, T.Assign, T.Bar, T.InWord, T.ElseWord],
]);

const continuingEnds = new Set([T.To, T.Assign, T.Bind, T.Feed, T.InWord, T.Bar, T.Comma]);
