/* Long because it is flat: a case for each kind of node of the tree. */
import { builders } from 'prettier/doc';
import type { Comment } from '../lexer.ts';
import type * as tree from '../tree.ts';
import type { Span } from '@smc/protocol';
import { bindingOf, names, OPERAND, path, startsBraces } from './binding.ts';
import { COMPOSE_PRECEDENCE, OPERATOR_PRECEDENCE, type ComposeOperator } from '../precedence.ts';
import { flat } from './flat.ts';
import { CommentLookup } from './comment-lookup.ts';
import { isEmptyLineIn } from './comments.ts';
import { chainOf, composedOf } from './lists.ts';
import { END } from './weave.ts';

/**
 * The tree as a document of Prettier's builders. Literals are copied from the text as they were
 * written; all else is made from the tree, so brackets are put in where the grammar needs them. Comments
 * are put in afterwards (see `weave.ts`): here they only bear on how things around them are laid out.
 */

type Doc = builders.Doc;
const { group, hardline, ifBreak, indent, join, line, softline } = builders;

/** Anything of the tree that has a place. */
interface Placed {
  readonly span: Span;
}

/** Expressions that end in a bracket of their own: they may stand on the line of what is before them. */
const HUGGED = new Set(['record', 'list', 'map', 'set', 'case', 'if']);

/** What stands before the body of a function that is the last argument, so that the line is not too long. */
const HEAD_LENGTH_MAX = 60;

/** Prints one file. */
export class Printer {
  readonly #text: string;
  readonly #comments: CommentLookup;
  readonly #groups: ReadonlyMap<object, Span>;
  /** Arguments that start on the line of the call, see `#headOf`. */
  readonly #headed = new Set<readonly tree.Argument[]>();

  /** `comments` are those of the text, in their order; `groups` as the parser gives them. */
  constructor(text: string, comments: readonly Comment[], groups: ReadonlyMap<object, Span>) {
    this.#text = text;
    this.#comments = new CommentLookup(text, comments);
    this.#groups = groups;
  }

  // ------------------------------------------------------------------------ lists

  module(items: readonly (tree.Import | tree.Declaration)[]): Doc {
    const parts = this.#lines(
      items,
      (item) => (item.kind === 'import' ? this.#import(item) : this.#declaration(item)),
      {
        // Declarations stand apart; imports, and types, may stand together.
        apart: (before, next) => before.kind !== next.kind || !['import', 'type'].includes(next.kind),
      },
    );
    return parts.length === 0 && this.#comments.isEmpty ? '' : [parts, END, hardline];
  }

  /** Items on lines of their own, with at most one empty line between two. */
  #lines<T extends Placed>(
    items: readonly T[],
    print: (item: T) => Doc,
    { apart = () => false }: { apart?: (before: T, next: T) => boolean } = {},
  ): Doc[] {
    const parts: Doc[] = [];
    for (const [i, item] of items.entries()) {
      const isApart =
        i > 0 &&
        (apart(items[i - 1], item) || this.#followsEmptyLine(this.#comments.startOf(item.span.start)));
      if (i > 0) parts.push(hardline, isApart ? hardline : '');
      parts.push(print(item));
    }
    return parts;
  }

  /**
   * Whether a node stands in parentheses that are needless but for a comment in them: it may end a line where
   * no line can end without them.
   */
  #isGrouped(node: Placed): boolean {
    const around = this.#groups.get(node);
    return around !== undefined && this.#comments.isBetween(around.start, around.end);
  }

  /** Where a node is, with the parentheses around it. */
  #placeOf(node: Placed): Span {
    return this.#groups.get(node) ?? node.span;
  }

  /** What is printed of a node, in the parentheses that comments hold on to. */
  #inGroup(node: Placed, printed: Doc, mustGroup = false): Doc {
    return mustGroup || this.#isGrouped(node)
      ? group(['(', indent([softline, printed, END]), softline, ')'])
      : printed;
  }

  /** Whether brackets that enclose nothing, and end a node, enclose a comment. */
  #isCommentedEmpty(name: Placed, { span }: Placed): boolean {
    return this.#text[span.end - 1] === ')' && this.#comments.isBetween(name.span.end, span.end);
  }

  /** Whether an `if` after an `else` has a comment in a block of its own around it. */
  #isBlockCommented(node: tree.Expression): boolean {
    const span = this.#placeOf(node);
    const start = this.#comments.startOfAllBefore(span.start);
    if (start === span.start && !this.#comments.isRightBehind(span.end)) return false;
    return this.#text.slice(0, start).trimEnd().endsWith('{');
  }

  /** Whether there is a comment in a block, before or behind all of its commands. */
  #isEdgeCommented({ span, commands }: tree.Block): boolean {
    const [first, last] = [commands[0], commands.at(-1)];
    if (first === undefined || last === undefined) return this.#comments.isBetween(span.start, span.end);
    return (
      this.#comments.isBetween(span.start, first.span.start) ||
      this.#comments.isBetween(last.span.end, span.end)
    );
  }

  #followsEmptyLine(start: number): boolean {
    return isEmptyLineIn(this.#text.slice(this.#text.slice(0, start).trimEnd().length, start));
  }

  /** `{`, the items on lines of their own, `}`; `{}` where there is nothing. */
  #block<T extends Placed>(items: readonly T[], print: (item: T) => Doc): Doc {
    const parts = this.#lines(items, print);
    return parts.length === 0
      ? ['{', indent(END), '}']
      : ['{', indent([hardline, parts, END]), hardline, '}'];
  }

  /** `(a, b)` on one line, or an item a line and a comma after the last. */
  #enclosed<T extends Placed>(
    [open, close]: readonly [string, string],
    items: readonly T[],
    print: (item: T) => Doc,
    { first = null, lastComma = true }: { first?: Doc | null; lastComma?: boolean } = {},
  ): Doc {
    const parts: Doc[] = first === null ? [] : [first];
    for (const item of items) parts.push(print(item));
    if (parts.length === 0) return [open, indent(END), close];
    const padding = open.endsWith('{') ? line : softline;
    const comma = lastComma && parts.length > 0 ? ifBreak(',') : '';
    return group([open, indent([padding, join([',', line], parts), comma, END]), padding, close]);
  }

  // ----------------------------------------------------------------- declarations

  #import({ source, sourceSpan, alias }: tree.Import): Doc {
    const from = source.kind === 'path' ? this.#source({ span: sourceSpan }) : 'deployed';
    return ['import ', from, ' as ', alias.text];
  }

  #declaration(node: tree.Declaration | tree.Member): Doc {
    switch (node.kind) {
      case 'type':
        return this.#typeDeclaration(node);
      case 'fun': {
        const head = ['fun ', node.name.text, this.#typeParameters(node.typeParameters)];
        const result = [' -> ', this.#type(node.result), ' ='];
        return [...head, this.#parameters(node.parameters), ...result, this.#value(node.body)];
      }
      case 'arrow':
        return this.#arrowDeclaration(node);
      case 'machine': {
        const key = node.key === null ? '' : ['(', this.#parameter(node.key), ')'];
        return [
          'machine ',
          node.name.text,
          key,
          ' ',
          this.#block(node.members, (each) => this.#declaration(each)),
        ];
      }
      case 'upgrade': {
        const head = ['upgrade ', path(node.old), ' -> ', path(node.new), ' '];
        return [...head, this.#block(node.clauses, (clause) => this.#clause(clause))];
      }
      case 'test': {
        const key = node.key === null ? '' : ['(', this.#expression(node.key), ')'];
        const head = ['test ', this.#source({ span: node.titleSpan }), ' for ', path(node.machine), key, ' '];
        return [...head, this.#block(node.lines, (each) => this.#testLine(each))];
      }
      case 'state':
        if (node.form.kind === 'fields')
          return ['state ', this.#enclosed(['{', '}'], node.form.fields, (field) => this.#parameter(field))];
        return ['state: ', this.#type(node.form.type), ' =', this.#value(node.form.initial)];
      case 'on': {
        const rest = this.#text.slice(node.name.span.end, (node.reply ?? node.body).span.start);
        const isCommentedEmpty =
          rest.includes('(') &&
          this.#comments.isBetween(node.name.span.end, (node.reply ?? node.body).span.start);
        const isLeftOut = node.parameters.length === 0 && !isCommentedEmpty;
        const parameters = isLeftOut ? '' : this.#parameters(node.parameters);
        const reply = node.reply === null ? '' : [' -> ', this.#type(node.reply)];
        return ['on ', node.name.text, parameters, reply, ' ', this.#commands(node.body, 'short')];
      }
      case 'invariant':
        return ['invariant ', this.#pattern(node.pattern), ' ->', this.#value(node.body)];
    }
  }

  #typeDeclaration({ name, parameters, body }: tree.TypeDeclaration): Doc {
    const head = ['type ', name.text, this.#typeParameters(parameters)];
    if (body.kind === 'type') return [...head, ' = ', this.#type(body.type)];
    const constructors = body.constructors.map((each) => this.#variant(each));
    const [first] = body.constructors;
    // Without the bar, a single one without arguments would be the name of a type.
    const bar = body.constructors.length === 1 && first.arguments.kind === 'none' ? '| ' : '';
    return group([...head, indent([line, '= ', bar, join([line, '| '], constructors)])]);
  }

  #variant(node: tree.ConstructorNode): Doc {
    const { name, arguments: given } = node;
    if (given.kind === 'none')
      return this.#isCommentedEmpty(name, node) ? [name.text, this.#parameters([])] : name.text;
    if (given.kind === 'unnamed') return [name.text, '(', this.#type(given.type), ')'];
    return [name.text, this.#parameters(given.fields)];
  }

  #arrowDeclaration({ name, typeParameters, from, to, body }: tree.Arrow): Doc {
    const left =
      from.kind === 'function' && !this.#isGrouped(from) ? ['(', this.#type(from), ')'] : this.#type(from);
    const head = [
      'arrow ',
      name.text,
      this.#typeParameters(typeParameters),
      ' : ',
      left,
      ' -> ',
      this.#type(to),
      ' =',
    ];
    if (body.kind === 'proc') return [...head, ' ', this.#arrow(body)];
    return [...head, group(indent([line, this.#arrow(body)]))];
  }

  #typeParameters(names: readonly tree.Name[]): Doc {
    const texts = names.map(({ text }) => text);
    return texts.length === 0 ? '' : ['<', texts.join(', '), '>'];
  }

  #parameters(parameters: readonly tree.Parameter[]): Doc {
    return this.#enclosed(['(', ')'], parameters, (each) => this.#parameter(each));
  }

  #parameter({ name, type, default: initial }: tree.Parameter): Doc {
    const written = [name.text, ': ', this.#type(type)];
    return initial === null ? written : [...written, ' = ', this.#expression(initial)];
  }

  // -------------------------------------------------------------- upgrades, tests

  #clause(node: tree.Clause): Doc {
    switch (node.kind) {
      case 'convert': {
        const { subject, direction, pattern, body } = node;
        const names =
          subject.kind === 'type'
            ? path(subject.name)
            : ['state', ...subject.path.map(({ text }) => text)].join('.');
        const words = direction === 'forward' ? [names] : names === 'state' ? ['back'] : ['back', names];
        return [words.join(' '), ' ', this.#pattern(pattern), ' ->', this.#value(body)];
      }
      case 'on': {
        const { direction, from, parameters, to, reply } = node;
        const taken = this.#patterns(['(', ')'], parameters);
        const given = this.#arguments(node.arguments, true);
        const back =
          reply === null ? '' : [' reply ', this.#pattern(reply.pattern), ' ->', this.#value(reply.body)];
        return [direction === 'back' ? 'back on ' : 'on ', from.text, taken, ' -> ', to.text, given, back];
      }
      case 'rename':
        return ['rename ', names(node.from), ' -> ', node.to.text];
      case 'drop':
        return ['drop ', names(node.path)];
    }
  }

  #testLine(node: tree.TestLine): Doc {
    if (node.kind === 'now') return ['now = ', this.#expression(node.time)];
    if (node.kind === 'state') return ['state => ', this.#expression(node.expected)];
    const { operation, arguments: given } = node.input;
    const expected = node.expected === 'fault' ? 'fault' : this.#expression(node.expected);
    const isCall = this.#isCommentedEmpty(operation, node.input);
    return [operation.text, this.#arguments(given, isCall), ' => ', expected];
  }

  // ------------------------------------------------------------------------ types

  #type(node: tree.TypeNode): Doc {
    return this.#inGroup(node, this.#bareType(node));
  }

  #bareType(node: tree.TypeNode): Doc {
    switch (node.kind) {
      case 'unit':
        return '()';
      case 'named': {
        const name = path(node.path);
        if (node.arguments.length === 0) return name;
        return [
          name,
          '<',
          join(
            ', ',
            node.arguments.map((each) => this.#type(each)),
          ),
          '>',
        ];
      }
      case 'variable':
        return node.name.text;
      case 'tuple':
        return this.#enclosed(['(', ')'], node.items, (item) => this.#type(item));
      case 'record':
        return this.#enclosed(['{', '}'], node.fields, (field) => this.#parameter(field));
      case 'function': {
        const from =
          node.from.kind === 'function' && !this.#isGrouped(node.from)
            ? ['(', this.#type(node.from), ')']
            : this.#type(node.from);
        return [from, ' -> ', this.#type(node.to)];
      }
      case 'missing':
        throw new Error('a text with mistakes is not laid out');
    }
  }

  // --------------------------------------------------------------------- patterns

  #pattern(node: tree.Pattern): Doc {
    // A line that starts with `-` and a comment would go on from the line before.
    const isSplit = node.kind === 'int' && this.#comments.isBetween(node.span.start, node.span.end);
    return this.#inGroup(node, this.#barePattern(node), isSplit);
  }

  #barePattern(node: tree.Pattern): Doc {
    switch (node.kind) {
      case 'wildcard':
        return '_';
      case 'bind':
        return node.name.text;
      case 'construct': {
        const name = path(node.constructor);
        if (node.arguments.length === 0 && !this.#isCommentedEmpty(node.constructor.name, node)) return name;
        return [
          name,
          this.#enclosed(['(', ')'], node.arguments, (each) =>
            this.#labelled(each.name, this.#pattern(each.pattern)),
          ),
        ];
      }
      case 'tuple':
        return this.#patterns(['(', ')'], node.items);
      case 'record':
        return this.#enclosed(['{', '}'], node.fields, ({ name, pattern }) =>
          pattern.span.start === name.span.start ? name.text : this.#labelled(name, this.#pattern(pattern)),
        );
      case 'list': {
        const items = node.items.map((item) => this.#pattern(item));
        const rest = node.rest === 'closed' ? [] : [['...', this.#pattern(node.rest)]];
        return group(['[', indent([softline, join([',', line], [...items, ...rest])]), softline, ']']);
      }
      case 'unit':
        return '()';
      case 'int':
        return this.#intPattern(node.span);
      case 'missing':
        throw new Error('a text with mistakes is not laid out');
      default:
        return this.#source(node);
    }
  }

  /** The sign touches what it belongs to. */
  #intPattern({ start, end }: Span): string {
    let digits = end;
    while (digits > start && /[0-9_]/.test(this.#text[digits - 1]!)) digits--;
    return (this.#text[start] === '-' ? '-' : '') + this.#text.slice(digits, end);
  }

  #patterns(ends: readonly [string, string], patterns: readonly tree.Pattern[]): Doc {
    return this.#enclosed(ends, patterns, (each) => this.#pattern(each));
  }

  #labelled(name: tree.Name | null, printed: Doc): Doc {
    return name === null ? printed : [name.text, ': ', printed];
  }

  // ------------------------------------------------------------------ expressions

  #expression(node: tree.Expression): Doc {
    return this.#inGroup(node, this.#bareExpression(node));
  }

  #bareExpression(node: tree.Expression): Doc {
    switch (node.kind) {
      case 'variable':
        return path(node.path);
      case 'call':
        return [path(node.callee), this.#arguments(node.arguments, true)];
      case 'construct':
        return [
          path(node.constructor),
          this.#arguments(node.arguments, this.#isCommentedEmpty(node.constructor.name, node)),
        ];
      case 'tuple':
        return this.#enclosed(['(', ')'], node.items, (item) => this.#expression(item));
      case 'record': {
        const first = node.base === null ? null : ['...', this.#expression(node.base)];
        return this.#enclosed(
          ['{', '}'],
          node.fields,
          (field) => this.#labelled(field.name, this.#expression(field.value)),
          { first },
        );
      }
      case 'field':
        return [this.#operand(node.record, OPERAND), '.', node.name.text];
      case 'list':
        return this.#enclosed(['[', ']'], node.items, (item) => this.#expression(item));
      case 'map': {
        const entries = node.entries.map(({ key, value }) => [
          this.#expression(key),
          ': ',
          this.#expression(value),
        ]);
        if (entries.length === 0) return 'Map {}';
        return group(['Map {', indent([line, join([',', line], entries), ifBreak(',')]), line, '}']);
      }
      case 'set':
        return this.#enclosed(['Set {', '}'], node.items, (item) => this.#expression(item));
      case 'if':
        return this.#if(node);
      case 'case':
        return [
          'case ',
          this.#head(node.subject),
          ' ',
          this.#block(node.arms, (arm) => [this.#pattern(arm.pattern), ' ->', this.#value(arm.body)]),
        ];
      case 'let': {
        const type = node.type === null ? '' : [': ', this.#type(node.type)];
        const value = ['let ', this.#pattern(node.pattern), type, ' =', this.#value(node.value), ' in'];
        return group([...value, line, this.#expression(node.body)]);
      }
      case 'lambda':
        return [this.#pattern(node.pattern), ' ->', this.#value(node.body)];
      case 'binary':
        return this.#chain(node);
      case 'unary': {
        const { operator, operand } = node;
        // `--` would start a comment.
        const isUnary = operand.kind === 'unary' && !this.#isGrouped(operand);
        const isNegative = operator === '-' && isUnary && operand.operator === '-';
        return isNegative
          ? ['-(', this.#expression(operand), ')']
          : [operator, this.#operand(operand, OPERAND)];
      }
      case 'unit':
        return '()';
      case 'missing':
        throw new Error('a text with mistakes is not laid out');
      default:
        return this.#source(node);
    }
  }

  /** An expression as part of another that binds as tight as `level`. */
  #operand(node: tree.Expression, level: number): Doc {
    const printed = this.#expression(node);
    return bindingOf(node) < level && !this.#isGrouped(node) ? ['(', printed, ')'] : printed;
  }

  #chain(node: tree.Expression & { kind: 'binary' }): Doc {
    const level = OPERATOR_PRECEDENCE[node.operator];
    const { operands, operators } = chainOf(node);
    const isComparison = level === OPERATOR_PRECEDENCE['=='];
    const [first, ...rest] = operands.map((operand, i) =>
      this.#operand(operand, i === 0 && !isComparison ? level : level + 1),
    );
    return group([first, indent(rest.map((operand, i) => [line, operators[i], ' ', operand]))]);
  }

  #if(node: tree.Expression & { kind: 'if' }): Doc {
    const branches: Doc[] = [];
    let last: tree.Expression = node;
    for (
      let word = 'if ';
      last.kind === 'if' && (last === node || !(this.#isGrouped(last) || this.#isBlockCommented(last)));
      word = ' else if ', last = last.else
    ) {
      branches.push(word, this.#head(last.condition), ' ', this.#branch(last.then));
    }
    return group([...branches, ' else ', this.#branch(last)]);
  }

  #branch(node: tree.Expression): Doc {
    return ['{', indent([line, this.#expression(node)]), line, '}'];
  }

  /** The head of an `if` or `case`, where a literal in braces stands in parentheses. */
  #head(node: tree.Expression): Doc {
    return startsBraces(node) && !this.#isGrouped(node)
      ? ['(', this.#expression(node), ')']
      : this.#expression(node);
  }

  #arguments(given: readonly tree.Argument[], isCall: boolean): Doc {
    if (given.length === 0) return isCall ? ['(', indent(END), ')'] : '';
    const [only] = given;
    const { value } = only;
    // One argument in brackets of its own: they are enough.
    const isHugged =
      given.length === 1 &&
      only.name === null &&
      ['record', 'list', 'map', 'set', 'tuple'].includes(value.kind);
    if (isHugged && !this.#comments.isRightBefore(this.#placeOf(value).start))
      return ['(', this.#expression(value), ')'];
    const printed = new Map(given.map((each) => [each, this.#argument(each)]));
    const head = this.#headOf(given, printed);
    if (head === null) return this.#enclosed(['(', ')'], given, (each) => printed.get(each)!);
    this.#headed.add(given);
    return ['(', head, printed.get(given.at(-1)!)!, ')'];
  }

  #argument({ name, value }: tree.Argument): Doc {
    return this.#labelled(name, this.#expression(value));
  }

  /**
   * What stands before a function that is the last argument and has a body in brackets: this then
   * starts on the line of the call, `List.fold(items, 0, (sum, item) -> case item {`. Null where
   * there is no such function, or the line would be too long.
   */
  #headOf(given: readonly tree.Argument[], printed: ReadonlyMap<tree.Argument, Doc>): string | null {
    const { name, value: last } = given.at(-1)!;
    if (name !== null || last.kind !== 'lambda' || !HUGGED.has(last.body.kind)) return null;
    const from = this.#comments.startOfAllBefore(given[0].span.start);
    if (this.#comments.isBetween(from, last.body.span.start)) return null;
    const before = given.slice(0, -1).map((each) => flat(printed.get(each)!, HEAD_LENGTH_MAX));
    // A function is its pattern, ` ->` and its body.
    const [own] = printed.get(given.at(-1)!) as Doc[];
    const pattern = flat(own, HEAD_LENGTH_MAX);
    if (pattern === null || before.includes(null)) return null;
    const head = before.map((each) => `${each}, `).join('');
    return head.length + pattern.length > HEAD_LENGTH_MAX ? null : head;
  }

  /** What stands after `=`, `->` or `-<`: on the same line, or on the next. */
  #value(node: tree.Expression): Doc {
    const printed = this.#expression(node);
    const endsInBracket = HUGGED.has(node.kind) || (node.kind === 'call' && this.#headed.has(node.arguments));
    const isHugged = endsInBracket && !this.#comments.isRightBefore(this.#placeOf(node).start);
    return isHugged ? [' ', printed] : group(indent([line, printed]));
  }

  // --------------------------------------------------------------- arrows, commands

  #arrow(node: tree.ArrowExpression): Doc {
    return this.#inGroup(node, this.#bareArrow(node));
  }

  #bareArrow(node: tree.ArrowExpression): Doc {
    switch (node.kind) {
      case 'name':
        return path(node.path);
      case 'proc':
        return ['proc ', this.#pattern(node.pattern), ' ', this.#commands(node.body, 'short')];
      case 'compose': {
        const [first, ...rest] = composedOf(node).map((operand, i, all) =>
          this.#composed(operand, node.operator, i === all.length - 1),
        );
        return group([first, indent(rest.map((operand) => [line, node.operator, ' ', operand]))]);
      }
      case 'prefix': {
        const isName = node.operand.kind === 'name' || this.#isGrouped(node.operand);
        const operand = this.#arrow(node.operand);
        return [node.operator, ' ', isName ? operand : ['(', operand, ')']];
      }
      case 'missing':
        throw new Error('a text with mistakes is not laid out');
    }
  }

  /** All operators of arrows are right associative. */
  #composed(node: tree.ArrowExpression, around: ComposeOperator, isLast: boolean): Doc {
    const printed = this.#arrow(node);
    if (node.kind !== 'compose' || this.#isGrouped(node)) return printed;
    const [inner, outer] = [COMPOSE_PRECEDENCE[node.operator], COMPOSE_PRECEDENCE[around]];
    return inner > outer || (inner === outer && isLast) ? printed : ['(', printed, ')'];
  }

  /** A block of commands; `short` where one simple command may stand on the line of its head. */
  #commands(block: tree.Block, form: 'short' | 'long'): Doc {
    const { commands } = block;
    const [only] = commands;
    const isShort = form === 'short' && commands.length === 1 && only.kind === 'feed';
    if (isShort && !this.#isEdgeCommented(block)) {
      return group(['{', indent([line, this.#command(only)]), line, '}']);
    }
    return this.#block(commands, (command) => this.#command(command));
  }

  #command(node: tree.Command): Doc {
    switch (node.kind) {
      case 'feed': {
        const arrow = this.#arrow(node.arrow);
        return node.argument === null ? arrow : [arrow, ' -<', this.#value(node.argument)];
      }
      case 'bind':
        return [this.#pattern(node.pattern), ' <- ', this.#command(node.command)];
      case 'let': {
        const type = node.type === null ? '' : [': ', this.#type(node.type)];
        return ['let ', this.#pattern(node.pattern), type, ' =', this.#value(node.value)];
      }
      case 'if': {
        const parts: Doc[] = ['if ', this.#head(node.condition), ' ', this.#commands(node.then, 'long')];
        const otherwise = node.else;
        if (otherwise === null) return parts;
        const [only] = otherwise.commands;
        const isElseIf = otherwise.commands.length === 1 && only.kind === 'if';
        if (isElseIf && !this.#isEdgeCommented(otherwise)) return [...parts, ' else ', this.#command(only)];
        return [...parts, ' else ', this.#commands(otherwise, 'long')];
      }
      case 'case':
        return [
          'case ',
          this.#head(node.subject),
          ' ',
          this.#block(node.arms, ({ pattern, body }) => [this.#pattern(pattern), ' ->', this.#arm(body)]),
        ];
      case 'missing':
        throw new Error('a text with mistakes is not laid out');
    }
  }

  #arm(block: tree.Block): Doc {
    const { commands } = block;
    const [only] = commands;
    const isPlain = commands.length === 1 && !this.#isEdgeCommented(block);
    if (!isPlain) return [' ', this.#block(commands, (command) => this.#command(command))];
    return only.kind === 'feed' ? group(indent([line, this.#command(only)])) : [' ', this.#command(only)];
  }

  /** A token as it was written. */
  #source({ span }: Placed): string {
    return this.#text.slice(span.start, span.end);
  }
}
