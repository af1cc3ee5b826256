import { builders } from 'prettier/doc';
import type { Comment } from '../lexer.ts';
import { lex } from '../lexer.ts';
import { Report } from '../report.ts';
import type { PrintedToken } from './alignment.ts';
import type { PlacedComment, PlacedComments } from './comments.ts';

/**
 * Puts comments into a document that was printed without them. The tokens of a document are those in its
 * texts, in their order; commas that depend on the layout are none of them.
 */

type Doc = builders.Doc;
const { breakParent, hardline, join, label, lineSuffix, literalline } = builders;

/** The end of a list, where comments before its closing bracket stand: inside of what is indented. */
export const END = label('end', '');

/** What stands right behind what is before it. */
const tight = new Set([',', ')', ']', ':', '.']);

/** A piece of a text: a token, or the spaces between two. */
interface Piece {
  readonly text: string;
  readonly isToken: boolean;
}

const pieces = new Map<string, readonly Piece[]>();
/** Texts are short, and most of them are the same few. */
const PIECES_MAX = 10_000;

function piecesOf(text: string): readonly Piece[] {
  const known = pieces.get(text);
  if (known !== undefined) return known;
  const found: Piece[] = [];
  let at = 0;
  for (const { image, startOffset } of lex(text, '', new Report()).tokens) {
    if (startOffset > at) found.push({ text: text.slice(at, startOffset), isToken: false });
    found.push({ text: image, isToken: true });
    at = startOffset + image.length;
  }
  if (at < text.length) found.push({ text: text.slice(at), isToken: false });
  if (pieces.size < PIECES_MAX) pieces.set(text, found);
  return found;
}

/** All tokens of a document. */
export function tokensOf(doc: Doc): PrintedToken[] {
  const found: PrintedToken[] = [];
  let canStartLine = true;
  const visit = (part: Doc): void => {
    if (typeof part === 'string') {
      for (const { text, isToken } of piecesOf(part)) {
        if (!isToken) continue;
        found.push({ text, canStartLine });
        canStartLine = false;
      }
    } else if (Array.isArray(part)) part.forEach(visit);
    else if (part.type === 'line') canStartLine = true;
    else if ('contents' in part) visit(part.contents);
  };
  visit(doc);
  return found;
}

/** The document with the comments in it. */
export function weave(doc: Doc, { behind, before }: PlacedComments): Doc {
  return behind.size === 0 && before.size === 0 ? doc : new Weaving(behind, before).run(doc);
}

class Weaving {
  readonly #behind: PlacedComments['behind'];
  readonly #before: Map<number, readonly PlacedComment[]>;
  /** How many tokens have been passed. */
  #passed = 0;
  /** Whether a line has to end before the next token. */
  #mustBreak = false;
  /** What was passed last: a line end that is sure, one of the group of that number, a space, or else. */
  #last: 'line end' | 'space' | 'other' | number = 'line end';
  /** Whether a comment was passed that the next token stands apart from. */
  #isSpaceDue = false;
  /** The groups around the place, by their numbers; what is in a group breaks its line ends. */
  readonly #groups: number[] = [];
  #groupCount = 0;

  constructor(behind: PlacedComments['behind'], before: PlacedComments['before']) {
    this.#behind = behind;
    this.#before = new Map(before);
  }

  run(doc: Doc): Doc {
    return this.#visit(doc);
  }

  #visit(doc: Doc): Doc {
    if (typeof doc === 'string') return this.#text(doc);
    if (Array.isArray(doc)) return doc.map((part) => this.#visit(part));
    switch (doc.type) {
      case 'line':
        return this.#line(doc);
      case 'group': {
        this.#groups.push(this.#groupCount++);
        const contents = this.#visit(doc.contents);
        this.#groups.pop();
        return { ...doc, contents };
      }
      case 'label':
        return doc.label === 'end' ? this.#end() : { ...doc, contents: this.#visit(doc.contents) };
      case 'indent':
        return { ...doc, contents: this.#visit(doc.contents) };
      default:
        return doc;
    }
  }

  #line(doc: builders.Line): Doc {
    const isSure = this.#mustBreak || doc.hard === true;
    this.#isSpaceDue = false;
    this.#last = isSure ? 'line end' : (this.#groups.at(-1) ?? 'other');
    if (doc.hard === true || !this.#mustBreak) {
      this.#mustBreak &&= doc.hard !== true;
      return doc;
    }
    this.#mustBreak = false;
    return hardline;
  }

  #text(text: string): Doc {
    if (text === '') return text;
    const parts: Doc[] = [];
    for (const piece of piecesOf(text)) {
      if (piece.isToken) this.#token(piece.text, parts);
      // No space at the start of a line.
      else if (!this.#mustBreak) {
        parts.push(piece.text);
        this.#last = 'space';
        this.#isSpaceDue = false;
      }
    }
    return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
  }

  #token(text: string, parts: Doc[]): void {
    // A comma may follow a comment that ends its line: that is put behind it.
    if (text !== ',') parts.push(...this.#breakLine());
    for (const comment of this.#take(this.#passed)) this.#pushBefore(comment, parts);
    if (this.#isSpaceDue && !tight.has(text)) parts.push(' ');
    parts.push(text);
    this.#isSpaceDue = false;
    this.#last = text === '(' || text === '[' ? 'space' : 'other';
    for (const { comment, endsLine } of this.#behind.get(this.#passed) ?? []) {
      const printed: Doc = [' ', print(comment)];
      parts.push(comment.kind === 'block' ? printed : lineSuffix(printed));
      this.#isSpaceDue = true;
      this.#mustBreak ||= endsLine;
    }
    this.#passed++;
  }

  #pushBefore({ comment, startsLine, endsLine, setsApart }: PlacedComment, parts: Doc[]): void {
    const isOwn = startsLine && endsLine;
    if (isOwn && !this.#isLineStart()) parts.push(hardline);
    else if (this.#last === 'other' || this.#isSpaceDue) parts.push(' ');
    parts.push(print(comment));
    if (endsLine) parts.push(hardline, setsApart ? hardline : '');
    this.#isSpaceDue = !endsLine;
    this.#last = endsLine ? 'line end' : 'space';
  }

  /** Comments before the closing bracket that comes next, each on a line of its own. */
  #end(): Doc {
    const comments = this.#before.get(this.#passed) ?? [];
    if (comments[0]?.endsLine !== true) return '';
    const parts: Doc[] = [];
    for (const [i, { comment, isApart }] of this.#take(this.#passed).entries()) {
      if (!(i === 0 && this.#last === 'line end' && !this.#mustBreak)) parts.push(hardline);
      if (isApart && (i > 0 || this.#mustBreak || this.#last !== 'line end')) parts.push(hardline);
      parts.push(print(comment));
      this.#mustBreak = true;
      this.#last = 'other';
    }
    return parts.length === 0 ? '' : [parts, breakParent];
  }

  #take(token: number): readonly PlacedComment[] {
    const found = this.#before.get(token) ?? [];
    this.#before.delete(token);
    return found;
  }

  #breakLine(): Doc[] {
    if (!this.#mustBreak) return [];
    this.#mustBreak = false;
    this.#isSpaceDue = false;
    this.#last = 'line end';
    return [hardline];
  }

  /** Whether a line starts here, if one has to end further on in the groups around. */
  #isLineStart(): boolean {
    return this.#last === 'line end' || (typeof this.#last === 'number' && this.#groups.includes(this.#last));
  }
}

/** The lines of a block comment stay as they are. */
function print({ text }: Comment): Doc {
  return join(literalline, text.replaceAll('\r', '').trimEnd().split('\n'));
}
