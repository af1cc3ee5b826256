import type { ParserMethod } from 'chevrotain';
import { resultAfterColon } from '../../errors/foreign.ts';
import * as errors from '../../errors/syntax.ts';
import * as T from '../tokens.ts';
import type {
  Arrow,
  ArrowExpression,
  ConstructorNode,
  Expression,
  Fun,
  Import,
  Invariant,
  Machine,
  Member,
  Name,
  Operation,
  Parameter,
  Path,
  State,
  TypeDeclaration,
  TypeNode,
} from '../tree.ts';
import { REFUSED, REQUIRED, wordOf } from './base.ts';
import { CommandGrammar } from './commands.ts';

const DEPLOYED = wordOf('deployed');

/** The words that a member of a machine starts with. */
const MEMBERS = ['state', 'on', 'arrow', 'fun', 'invariant'];

interface ArrowRest {
  readonly type: TypeNode;
  readonly body: ArrowExpression;
}

/** Imports, types, functions, arrows and machines. */
export abstract class DeclarationGrammar extends CommandGrammar {
  /** `import "./shapes.sm" as shapes`, `import deployed as old` */
  protected readonly importing = this.RULE('importing', (): Import => {
    const start = this.CONSUME(T.ImportWord);
    const source = this.OR({
      DEF: [{ ALT: () => this.CONSUME(T.StringLiteral) }, { ALT: () => this.CONSUME(T.Lower, DEPLOYED) }],
      ERR_MSG: 'the path of a file, or `deployed`',
    });
    const alias = this.OPTION(() => {
      this.CONSUME(T.AsWord, REQUIRED);
      return this.SUBRULE(this.lowerName);
    });
    return this.ACTION(() => {
      const sourceSpan = this.spanOf(source);
      const isPath = source.tokenType === T.StringLiteral;
      if (!isPath && source.image !== 'deployed')
        this.complain(errors.unknownImport(sourceSpan, source.image));
      if (alias === undefined) this.complain(errors.importWithoutName(this.since(start), source.image));
      else this.aliases.add(alias.text);
      return {
        kind: 'import',
        source: isPath ? { kind: 'path', path: String(source.payload) } : { kind: 'deployed' },
        sourceSpan,
        alias: alias ?? { text: '', span: this.hole().span },
        span: this.since(start),
      };
    });
  });

  // -------------------------------------------------------------------------- types

  /** `type Status = Open | Paid(at: Time)`, `type Pair<a, b> = { left: a, right: b }` */
  protected readonly typeDeclaration = this.RULE('typeDeclaration', (): TypeDeclaration => {
    const start = this.peek(1);
    this.CONSUME(T.TypeWord);
    const name = this.SUBRULE(this.upperName, { ARGS: ['a type'] });
    const parameters = this.OPTION(() => this.SUBRULE(this.typeParameters));
    this.equals('type');
    const body = this.last<TypeDeclaration['body']>(this.typeBody, start, () => ({
      kind: 'type',
      type: this.hole(),
    }));
    return this.ACTION(() => {
      return {
        kind: 'type',
        name,
        parameters: parameters ?? [],
        body,
        doc: start.doc,
        span: this.since(start),
      };
    });
  });

  private readonly typeBody = this.RULE('typeBody', (): TypeDeclaration['body'] =>
    this.OR({
      DEF: [
        { GATE: () => this.sumFollows(), ALT: () => this.SUBRULE(this.sum) },
        {
          ALT: () => {
            const type = this.SUBRULE(this.type);
            return this.ACTION((): TypeDeclaration['body'] => ({ kind: 'type', type }));
          },
        },
      ],
      ERR_MSG: 'a type or a constructor',
    }),
  );

  /** Whether constructors come next; a single one without arguments may be an alias, and is a type here. */
  private sumFollows(): boolean {
    if (this.nextIs(T.Bar)) return true;
    // also in lower case, which is then refused with better words
    if (!this.nextIs(T.Upper) && !this.nextIs(T.Lower)) return false;
    return this.nextIs(T.Bar, 2) || this.nextIs(T.OpenRound, 2);
  }

  private readonly sum = this.RULE('sum', (): TypeDeclaration['body'] => {
    this.OPTION(() => this.CONSUME(T.Bar));
    const constructors = [this.SUBRULE(this.constructorNode)];
    this.MANY(() => {
      this.CONSUME2(T.Bar);
      constructors.push(this.SUBRULE2(this.constructorNode));
    });
    return { kind: 'sum', constructors };
  });

  /** `Open`, `Failed(String)`, `Paid(at: Time, by: String)` */
  private readonly constructorNode = this.RULE('constructorNode', (): ConstructorNode => {
    const start = this.LA(1);
    const name = this.SUBRULE(this.upperName, { ARGS: ['a constructor'] });
    const items = this.OPTION(() => this.SUBRULE(this.constructorArguments));
    return this.ACTION(() => ({ name, arguments: items ?? { kind: 'none' }, span: this.since(start) }));
  });

  private readonly constructorArguments = this.RULE(
    'constructorArguments',
    (): ConstructorNode['arguments'] => {
      const start = this.LA(1);
      const items = this.bracketed<(Parameter | TypeNode)[]>(
        T.OpenRound,
        () =>
          this.commaSeparated<Parameter | TypeNode>(() =>
            this.OR({
              DEF: [
                {
                  GATE: () => this.nextIs(T.Colon, 2),
                  ALT: () => this.SUBRULE(this.parameter, { ARGS: ['argument'] }),
                },
                { ALT: () => this.SUBRULE(this.type) },
              ],
              ERR_MSG: 'a type',
            }),
          ),
        () => [],
      );
      return this.ACTION((): ConstructorNode['arguments'] => {
        const named = items.filter((item): item is Parameter => !('kind' in item));
        const types = items.filter((item): item is TypeNode => 'kind' in item);
        const first = types[0];
        if (first === undefined)
          return named.length === 0 ? { kind: 'none' } : { kind: 'named', fields: named };
        if (items.length > 1) this.complain(errors.manyUnnamedArguments(this.since(start)));
        return { kind: 'unnamed', type: first };
      });
    },
  );

  // -------------------------------------------------------------- functions, arrows

  /** `fun f<a>(x: a) -> a = e` */
  protected readonly fun = this.RULE('fun', (): Fun => {
    const start = this.peek(1);
    this.CONSUME(T.FunWord);
    const name = this.SUBRULE(this.lowerName);
    const typeParameters = this.OPTION(() => this.SUBRULE(this.typeParameters));
    const parameters = this.SUBRULE(this.parameters);
    // What is wrong in the rest leaves the name known, and as much of the signature as there is.
    const rest = this.guarded<Pick<Fun, 'result' | 'body'>>(
      () => this.SUBRULE(this.funRest, { ARGS: [name.text] }),
      () => ({ result: this.hole(), body: this.hole() }),
      () => this.itemEnd(start),
    );
    return this.ACTION(() => {
      const common = { name, typeParameters: typeParameters ?? [], parameters };
      return { kind: 'fun', ...common, ...rest, doc: start.doc, span: this.since(start) };
    });
  });

  /** `-> T = e` */
  private readonly funRest = this.RULE('funRest', (name: string): Pick<Fun, 'result' | 'body'> => {
    const start = this.peek(1);
    const result = this.SUBRULE(this.funResult, { ARGS: [name] });
    const body = this.last<Expression>(this.funBody, start, () => this.hole());
    return { result, body };
  });

  /** `-> T` */
  private readonly funResult = this.RULE('funResult', (name: string): TypeNode => {
    if (!this.RECORDING_PHASE && this.nextIs(T.Assign)) {
      this.complain(errors.missingResult(this.spanOf(this.LA(1)), name));
      return this.hole();
    }
    // The body says what is wrong with a block, and what is to be written.
    if (!this.RECORDING_PHASE && this.nextIs(T.OpenCurly)) return this.hole();
    if (!this.RECORDING_PHASE && this.nextIs(T.Colon)) this.skipColon('a result');
    else this.CONSUME(T.To, { ERR_MSG: '`->` and the type of the result' });
    return this.SUBRULE(this.type);
  });

  /** The `:` for the `->` before the type of a result or reply: refused, and taken for it. */
  private skipColon(what: string): void {
    this.complain(resultAfterColon(this.spanOf(this.LA(1)), what));
    this.SKIP_TOKEN();
  }

  /** `= e`; a block is refused, and skipped. */
  private readonly funBody = this.RULE('funBody', (): Expression => {
    const open = this.peek(this.nextIs(T.LineEnd) ? 2 : 1);
    if (!this.RECORDING_PHASE && open.tokenType === T.OpenCurly) {
      this.complain(errors.functionWithBlock(this.spanOf(open)));
      this.skipTo(this.after(open).index);
      return this.hole();
    }
    this.equals('fun');
    return this.SUBRULE(this.expression);
  });

  /** The `=` of a declaration. */
  private equals(what: 'fun' | 'arrow' | 'type'): void {
    if (this.goesOnBelow()) this.goOnBelow((at) => errors.missingEquals(at, what));
    else this.CONSUME(T.Assign);
  }

  /** `arrow f<a> : A -> B = g >>> h` */
  protected readonly arrow = this.RULE('arrow', (): Arrow => {
    const start = this.peek(1);
    this.CONSUME(T.ArrowWord);
    const name = this.SUBRULE(this.lowerName);
    const typeParameters = this.OPTION(() => this.SUBRULE(this.typeParameters));
    const { type, body } = this.guarded<ArrowRest>(
      () => this.SUBRULE(this.arrowRest),
      () => ({ type: this.hole(), body: this.hole() }),
      () => this.itemEnd(start),
    );
    return this.ACTION(() => {
      if (type.kind !== 'function' && type.kind !== 'missing')
        this.complain(errors.arrowType(type.span, name.text));
      const [from, to] = type.kind === 'function' ? [type.from, type.to] : [type, this.hole()];
      const rest = { from, to, body, doc: start.doc, span: this.since(start) };
      return { kind: 'arrow', name, typeParameters: typeParameters ?? [], ...rest };
    });
  });

  /** `: A -> B = f` */
  private readonly arrowRest = this.RULE('arrowRest', (): ArrowRest => {
    const start = this.peek(1);
    this.CONSUME(T.Colon, { ERR_MSG: '`:` and a type' });
    const type = this.SUBRULE(this.type);
    const body = this.last<ArrowExpression>(this.arrowBody, start, () => this.hole());
    return { type, body };
  });

  /** `= f >>> g` */
  private readonly arrowBody = this.RULE('arrowBody', (): ArrowExpression => {
    this.equals('arrow');
    return this.SUBRULE(this.arrowExpression);
  });

  // ----------------------------------------------------------------------- machines

  /** `machine Account(id: String) { … }` */
  protected readonly machine = this.RULE('machine', (): Machine => {
    const start = this.peek(1);
    this.CONSUME(T.MachineWord);
    const name = this.SUBRULE(this.upperName, { ARGS: ['a machine'] });
    if (!this.RECORDING_PHASE && this.nextIs(T.Less)) {
      this.complain(errors.genericMachine(this.spanOf(this.LA(1))));
      this.SUBRULE(this.typeParameters);
    }
    const key = this.OPTION(() => this.SUBRULE(this.machineKey));
    const members = this.bracketed<Member[]>(
      T.OpenCurly,
      () => this.parts(() => this.SUBRULE(this.member)),
      () => [],
    );
    return this.ACTION(() => ({
      kind: 'machine',
      name,
      key: key ?? null,
      members,
      isWhole: !this.isRefused(this.since(start)),
      doc: start.doc,
      span: this.since(start),
    }));
  });

  private readonly machineKey = this.RULE('machineKey', (): Parameter | null =>
    this.bracketed<Parameter | null>(
      T.OpenRound,
      () => {
        const key = this.SUBRULE(this.parameter, { ARGS: ['key'] });
        this.OPTION(() => this.CONSUME(T.Comma));
        this.ACTION(() => {
          if (this.atStatementEnd()) return;
          this.complain(errors.secondKey(this.spanOf(this.LA(1))));
          while (!this.atStatementEnd()) this.skipTo(this.after(this.peek(1)).index);
        });
        return key;
      },
      () => null,
    ),
  );

  private readonly member: ParserMethod<[], Member | null> = this.RULE('member', (): Member | null => {
    return this.OR([
      { ALT: () => this.SUBRULE(this.state) },
      { ALT: () => this.SUBRULE(this.operation) },
      { ALT: () => this.SUBRULE(this.arrow) },
      { ALT: () => this.SUBRULE(this.fun) },
      { ALT: () => this.SUBRULE(this.invariant) },
      { ALT: () => this.SUBRULE(this.typeDeclaration, REFUSED) },
      { ALT: () => this.plannedItem() },
      {
        ALT: () => this.refuse('a state, an operation (`on …`), an arrow, a `fun` or an invariant', MEMBERS),
      },
    ]);
  });

  /** A declaration that is not there yet: refused, and skipped. */
  protected plannedItem(): null {
    const token = this.CONSUME(T.Planned);
    this.ACTION(() => {
      this.complain(errors.notSupported(this.spanOf(token), token.image));
      this.skipTo(this.itemEnd(token as T.Token));
    });
    return null;
  }

  /** `state { count: Int = 0 }`, `state: Int = 0` */
  private readonly state = this.RULE('state', (): State => {
    const start = this.CONSUME(T.StateWord) as T.Token;
    const form = this.guarded<State['form']>(
      () => this.SUBRULE(this.stateForm),
      () => ({ kind: 'value', type: this.hole(), initial: this.hole() }),
      () => this.itemEnd(start),
    );
    return this.ACTION(() => ({ kind: 'state', form, span: this.since(start) }));
  });

  private readonly stateForm = this.RULE('stateForm', (): State['form'] =>
    this.OR({
      DEF: [
        {
          ALT: () => {
            const fields = this.SUBRULE(this.fieldTypes);
            return this.ACTION((): State['form'] => {
              for (const { name, type, default: initial, span } of fields)
                if (initial === null)
                  this.complainOfMissing(span, errors.fieldWithoutInitial(name.span, name.text, type));
              return { kind: 'fields', fields };
            });
          },
        },
        { ALT: () => this.SUBRULE(this.stateValue) },
      ],
      ERR_MSG: '`: Type = initial` or `{ field: Type = initial }`',
    }),
  );

  private readonly stateValue = this.RULE('stateValue', (): State['form'] => {
    this.CONSUME(T.Colon);
    const type = this.SUBRULE(this.type);
    const initial = this.OPTION(() => {
      this.CONSUME(T.Assign, REQUIRED);
      return this.SUBRULE(this.expression);
    });
    return this.ACTION(() => {
      if (initial === undefined)
        this.complainOfMissing(type.span, errors.stateWithoutInitial(type.span, type));
      return { kind: 'value', type, initial: initial ?? (this.hole() as Expression) };
    });
  });

  /** `on Op(param: Type) -> Reply { … }` */
  private readonly operation = this.RULE('operation', (): Operation => {
    const start = this.peek(1);
    this.CONSUME(T.OnWord);
    const name: Name = this.SUBRULE(this.upperName, { ARGS: ['an operation'] });
    const parameters = this.OPTION(() => this.SUBRULE(this.parameters));
    const isColon = !this.RECORDING_PHASE && this.nextIs(T.Colon);
    if (isColon) this.skipColon('a reply');
    const after = isColon ? this.SUBRULE2(this.type) : undefined;
    const reply = this.OPTION2(() => {
      const to = this.CONSUME(T.To);
      if (this.RECORDING_PHASE || !this.blockFollows()) return this.SUBRULE(this.type);
      this.complain(errors.missingReply(this.spanOf(to)));
      return this.hole();
    });
    const body = this.SUBRULE(this.block);
    return this.ACTION(() => {
      const rest = { reply: after ?? reply ?? null, body, doc: start.doc, span: this.since(start) };
      return { kind: 'on', name, parameters: parameters ?? [], ...rest };
    });
  });

  /** Whether a block comes next, and not a record type. */
  private blockFollows(): boolean {
    const isEmptyRecord = this.nextIs(T.CloseCurly, 2) && !this.isStatementEnd(this.peek(3));
    return this.nextIs(T.OpenCurly) && !this.nextIs(T.Colon, 3) && !isEmptyRecord;
  }

  /** `invariant s -> e` */
  private readonly invariant = this.RULE('invariant', (): Invariant => {
    const start = this.CONSUME(T.InvariantWord);
    const pattern = this.SUBRULE(this.pattern);
    this.CONSUME(T.To);
    const body = this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: 'invariant', pattern, body, span: this.since(start) }));
  });

  /** `Counter`, `old.Counter` */
  protected readonly machinePath = this.RULE('machinePath', (): Path =>
    this.SUBRULE(this.upperPath, { ARGS: ['a machine'] }),
  );
}
