import { foreignListType, typeArgumentsOtherwise } from '../../errors/foreign.ts';
import * as errors from '../../errors/syntax.ts';
import * as T from '../tokens.ts';
import type { Token } from '../tokens.ts';
import type { Name, Parameter, Path, TypeNode } from '../tree.ts';
import { BaseGrammar, OPTIONAL, REFUSED, REQUIRED } from './base.ts';

/** Names, types, and the parameters that types are written for. */
export abstract class TypeGrammar extends BaseGrammar {
  // -------------------------------------------------------------------------- names

  /** A name in lower case; one in upper case, or a reserved word, is refused and taken for it. */
  protected readonly lowerName = this.RULE('lowerName', (): Name => {
    // As it nearly always is: there is no choice to be made.
    if (!this.RECORDING_PHASE && this.nextIs(T.Lower)) return this.nameOf(this.CONSUME(T.Lower));
    const token = this.OR({
      DEF: [
        { ALT: () => this.CONSUME(T.Lower) },
        { ALT: () => this.CONSUME(T.Upper, REFUSED) },
        { ALT: () => this.CONSUME(T.Reserved, REFUSED) },
      ],
      ERR_MSG: 'a name',
    });
    this.ACTION(() => {
      if (token.tokenType === T.Upper) this.complain(errors.upperCaseName(this.spanOf(token), token.image));
      else if (token.tokenType !== T.Lower) this.refuseName(token);
    });
    return this.ACTION(() => this.nameOf(token));
  });

  /** A name in upper case; one in lower case, or a reserved word, is refused and taken for it. */
  protected readonly upperName = this.RULE('upperName', (what: string): Name => {
    if (!this.RECORDING_PHASE && this.nextIs(T.Upper)) return this.nameOf(this.CONSUME(T.Upper));
    const token = this.OR({
      DEF: [
        { ALT: () => this.CONSUME(T.Upper) },
        { ALT: () => this.CONSUME(T.Lower, REFUSED) },
        { ALT: () => this.CONSUME(T.Reserved, REFUSED) },
      ],
      ERR_MSG: `the name of ${what}`,
    });
    this.ACTION(() => {
      if (token.tokenType === T.Lower)
        this.complain(errors.lowerCaseName(this.spanOf(token), token.image, what));
      else if (token.tokenType !== T.Upper) this.refuseName(token);
    });
    return this.ACTION(() => this.nameOf(token));
  });

  /** `Counter`, `old.Counter` */
  protected readonly upperPath = this.RULE('upperPath', (what: string): Path => {
    const qualifier = this.OPTION({
      GATE: () => this.nextIs(T.Dot, 2),
      DEF: () => {
        const name = this.CONSUME(T.Lower);
        this.CONSUME(T.Dot);
        return name;
      },
    });
    const name = this.SUBRULE(this.upperName, { ARGS: [what] });
    return this.ACTION(() => {
      if (qualifier === undefined) return { qualifier: null, name, span: name.span };
      const span = { file: this.file, start: qualifier.startOffset, end: name.span.end };
      return { qualifier: this.nameOf(qualifier), name, span };
    });
  });

  // -------------------------------------------------------------------------- types

  /** `A`, `A -> B -> C`, right associative */
  protected readonly type = this.RULE('type', (): TypeNode => {
    const items = [this.SUBRULE(this.typeAtom)];
    if (!this.mayFollow(T.To)) return items[0]!;
    this.MANY(() => {
      this.CONSUME(T.To);
      items.push(this.SUBRULE2(this.typeAtom));
    });
    return this.ACTION(() =>
      items.reduceRight((to, from) => {
        const span = { file: this.file, start: from.span.start, end: to.span.end };
        return { kind: 'function', from, to, span };
      }),
    );
  });

  private readonly typeChoices = {
    DEF: [
      { ALT: (): TypeNode => this.SUBRULE(this.typeName) },
      { ALT: (): TypeNode => this.SUBRULE(this.typeGroup) },
      { ALT: (): TypeNode => this.SUBRULE(this.recordType) },
      { ALT: (): TypeNode => this.SUBRULE(this.foreignList, REFUSED) },
    ],
    ERR_MSG: 'a type',
  };

  private readonly typeAtom = this.RULE('typeAtom', (): TypeNode => this.OR(this.typeChoices));

  private readonly typeNameChoices = [
    { ALT: () => this.CONSUME(T.Lower) },
    { ALT: () => this.CONSUME(T.Upper) },
  ];

  /** `Int`, `List<a>`, `p.Status`, `a` */
  private readonly typeName = this.RULE('typeName', (): TypeNode => {
    const start = this.LA(1);
    const first = this.OR(this.typeNameChoices);
    const second = this.mayFollow(T.Dot)
      ? this.OPTION(() => {
          this.CONSUME(T.Dot);
          return this.CONSUME2(T.Upper, { ERR_MSG: 'the name of a type' });
        })
      : undefined;
    const applied = this.nextIs(T.Less) && this.nextIs(T.Upper, 0);
    const items = this.RECORDING_PHASE || applied ? this.SUBRULE(this.typeArguments, OPTIONAL) : undefined;
    if (!this.RECORDING_PHASE && items === undefined && this.refuseArguments()) return this.hole();
    return this.ACTION(() => {
      const span = this.since(start);
      if (second === undefined && first.tokenType === T.Lower)
        return { kind: 'variable', name: this.nameOf(first), span };
      const path = second === undefined ? this.pathOf(null, first) : this.pathOf(first, second);
      return { kind: 'named', path, arguments: items ?? [], span };
    });
  });

  /** `List Int`, `List[Int]`, `List(Int)`, `Int[]`: refused, and skipped. */
  private refuseArguments(): boolean {
    const name = this.peek(0);
    const first = this.peek(1);
    if (!this.isTypeArgument(first) || this.isUnsignedBody(first)) return false;
    const isList = first.tokenType === T.OpenSquare && this.nextIs(T.CloseSquare, 2);
    const given: string[] = [];
    let token = first;
    for (; this.isTypeArgument(token); token = this.after(token)) {
      const inside = token.partner === token.index + 2 ? this.tokenAt(token.index + 1).image : '…';
      given.push(token.partner > token.index ? inside : token.image);
    }
    const span = this.spanOf(first);
    this.complain(isList ? foreignListType(span) : typeArgumentsOtherwise(span, name.image, given));
    this.skipTo(token.index);
    return true;
  }

  /** Whether a token after a type can only be an argument of it; a name before a `:` is the next field. */
  private isTypeArgument(token: Token): boolean {
    if (token.fresh) return false;
    const isName = token.tokenType === T.Lower || token.tokenType === T.Upper;
    if (isName) return this.after(token).tokenType !== T.Colon;
    return token.tokenType === T.OpenSquare || token.tokenType === T.OpenRound;
  }

  /** Whether a token behind the type of a `fun` or an `arrow` starts the body, without the `=` that is due. */
  private isUnsignedBody(first: Token): boolean {
    for (let token = first; !this.isStatementEnd(token); token = this.after(token))
      if (token.tokenType === T.Assign) return false;
    let start = first;
    while (start.index > 0) {
      const before = this.tokenAt(start.index - 1);
      if (this.isStatementEnd(before) && before.partner < 0) break;
      if (T.closerOf.has(before.tokenType)) break;
      start = this.tokenAt(before.partner >= 0 ? before.partner : before.index);
    }
    return start.tokenType === T.FunWord || start.tokenType === T.ArrowWord;
  }

  /** `[Int]`: refused, and skipped. */
  private readonly foreignList = this.RULE('foreignList', (): TypeNode => {
    const open = this.CONSUME(T.OpenSquare) as Token;
    return this.ACTION(() => {
      this.complain(foreignListType(this.spanOf(open)));
      this.skipTo(open.partner + 1);
      return { kind: 'missing', span: this.since(open) };
    });
  });

  private readonly typeArguments = this.RULE('typeArguments', (): TypeNode[] => {
    this.CONSUME(T.Less);
    const items = this.commaSeparated(() => this.SUBRULE(this.type), T.Greater);
    this.CONSUME(T.Greater, { ERR_MSG: '`,` or `>`' });
    return items;
  });

  /** `()`, `(A)`, `(A, B)` */
  private readonly typeGroup = this.RULE('typeGroup', (): TypeNode => {
    const start = this.LA(1);
    const items = this.bracketed<TypeNode[]>(
      T.OpenRound,
      () => this.commaSeparated(() => this.SUBRULE(this.type)),
      () => [this.hole()],
    );
    return this.ACTION(() => {
      const span = this.since(start);
      if (items.length === 0) return { kind: 'unit', span };
      return items.length === 1 ? this.grouped(items[0]!, span) : { kind: 'tuple', items, span };
    });
  });

  private readonly recordType = this.RULE('recordType', (): TypeNode => {
    const start = this.LA(1);
    const fields = this.SUBRULE(this.fieldTypes);
    return this.ACTION(() => ({ kind: 'record', fields, span: this.since(start) }));
  });

  /** `{ name: Type, other: Type = default }`: a record type, and the fields of a state. */
  protected readonly fieldTypes = this.RULE('fieldTypes', (): Parameter[] =>
    this.bracketed<Parameter[]>(
      T.OpenCurly,
      () => this.commaSeparated(() => this.SUBRULE(this.parameter, { ARGS: ['field'] })),
      () => [],
    ),
  );

  // --------------------------------------------------------------------- parameters

  /** `name: Type`, `name: Type = default` */
  protected readonly parameter = this.RULE('parameter', (what: string): Parameter => {
    const start = this.LA(1);
    if (!this.RECORDING_PHASE) {
      const misread = this.typeWithoutColon(what);
      if (misread !== null) return misread;
    }
    const name = this.SUBRULE(this.lowerName);
    const type = this.OPTION(() => {
      this.CONSUME(T.Colon, REQUIRED);
      return this.SUBRULE(this.type);
    });
    const initial = this.OPTION2(() => {
      this.CONSUME(T.Assign);
      return this.SUBRULE(this.expression);
    });
    return this.ACTION(() => {
      if (type === undefined) this.complain(errors.missingType(name.span, what, name.text));
      return { name, type: type ?? this.hole(), default: initial ?? null, span: this.since(start) };
    });
  });

  /** `Int x`, `x Int`: refused, and taken for `x: Int`, without its type. */
  private typeWithoutColon(what: string): Parameter | null {
    const start = this.peek(1);
    if (start.tokenType !== T.Lower && start.tokenType !== T.Upper) return null;
    const behind = this.afterType(start);
    let [name, type, end] = [start, behind, this.afterType(behind)];
    if (behind.tokenType === T.Lower) [name, type, end] = [behind, start, this.after(behind)];
    else if (start.tokenType === T.Upper || behind.tokenType !== T.Upper) return null;
    const words = this.imagesOf(type, name === start ? end : behind);
    const written = words.slice(0, 1).toUpperCase() + words.slice(1);
    this.complain(errors.typeWithoutColon(this.spanOf(behind), what, name.image, written));
    this.skipTo(end.index);
    return { name: this.nameOf(name), type: this.hole(), default: null, span: this.since(start) };
  }

  /** The token after the name of a type and its arguments. */
  private afterType(start: Token): Token {
    let token = this.tokenAt(start.index + 1);
    if (start.tokenType !== T.Upper || token.tokenType !== T.Less) return token;
    for (let depth = 0; !this.isStatementEnd(token); token = this.after(token)) {
      if (token.tokenType === T.Less) depth++;
      else if (token.tokenType === T.Greater) depth--;
      if (depth === 0) return this.tokenAt(token.index + 1);
    }
    return token;
  }

  private imagesOf(from: Token, end: Token): string {
    let images = '';
    for (let i = from.index; i < end.index; i++) images += this.tokenAt(i).image.replace(',', ', ');
    return images;
  }

  /** `(name: Type, …)` */
  protected readonly parameters = this.RULE('parameters', (): Parameter[] =>
    this.bracketed<Parameter[]>(
      T.OpenRound,
      () => this.commaSeparated(() => this.SUBRULE(this.parameter, { ARGS: ['parameter'] })),
      () => [],
    ),
  );

  /** `<a, b>` */
  protected readonly typeParameters = this.RULE('typeParameters', (): Name[] => {
    this.CONSUME(T.Less);
    const names = this.commaSeparated(() => this.SUBRULE(this.lowerName), T.Greater);
    this.CONSUME(T.Greater, { ERR_MSG: '`,` or `>`' });
    return names;
  });
}
