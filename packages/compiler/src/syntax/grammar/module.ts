import { suggest } from '@smc/protocol';
import { EOF } from 'chevrotain';
import * as errors from '../../errors/syntax.ts';
import * as T from '../tokens.ts';
import type { Argument, Declaration, Expression, Import, Input, Module, Test, TestLine } from '../tree.ts';
import { REFUSED, wordOf, type Source } from './base.ts';
import { UpgradeGrammar } from './upgrades.ts';

/** The words that a declaration starts with. */
const DECLARATIONS = ['import', 'type', 'fun', 'arrow', 'machine', 'upgrade', 'test'];

const WORDS = { for: wordOf('for'), now: wordOf('now'), fault: wordOf('fault') };

/** The last chapter: tests, inputs, and a file as a whole. */
export class Grammar extends UpgradeGrammar {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  /** A whole file. */
  parseModule(source: Source): Module {
    return this.read(source, () => this.module());
  }

  private readonly module = this.RULE('module', (): Module => {
    const start = this.LA(1);
    const items = this.parts(() => this.SUBRULE(this.declaration));
    this.CONSUME(EOF);
    return this.ACTION(() => {
      const imports = items.filter((item): item is Import => item.kind === 'import');
      const declarations = items.filter((item): item is Declaration => item.kind !== 'import');
      const span = { ...this.since(start), start: 0 };
      return { file: this.file, imports, declarations, unread: [...this.unread], span };
    });
  });

  private readonly declaration = this.RULE('declaration', (): Declaration | Import | null => {
    return this.OR([
      { ALT: () => this.SUBRULE(this.importing) },
      { ALT: () => this.SUBRULE(this.typeDeclaration) },
      { ALT: () => this.SUBRULE(this.fun) },
      { ALT: () => this.SUBRULE(this.arrow) },
      { ALT: () => this.SUBRULE(this.machine) },
      { ALT: () => this.SUBRULE(this.upgrade) },
      { ALT: () => this.SUBRULE(this.test) },
      { ALT: () => this.plannedItem() },
      { ALT: () => this.misplaced() },
    ]);
  });

  private misplaced(): null {
    const token = this.CONSUME(T.Any);
    this.ACTION(() => {
      const near = token.tokenType === T.Lower ? suggest(token.image, DECLARATIONS) : null;
      const ofMachine = [T.OnWord, T.StateWord, T.InvariantWord].includes(token.tokenType);
      this.complain(errors.noDeclaration(this.spanOf(token), T.describe(token), ofMachine, near));
      this.skipItem(token as T.Token);
    });
    return null;
  }

  // -------------------------------------------------------------------------- tests

  /** `test "name" for Account("alice") { … }` */
  private readonly test = this.RULE('test', (): Test => {
    const start = this.CONSUME(T.TestWord);
    const title = this.CONSUME(T.StringLiteral, { ERR_MSG: 'a name in quotes' });
    const word = this.CONSUME(T.Lower, { ERR_MSG: '`for` and a machine', ...WORDS.for });
    this.ACTION(() => {
      if (word.image !== 'for') this.complain(errors.testWithoutFor(this.spanOf(word), word.image));
    });
    const machine = this.SUBRULE(this.machinePath);
    const key = this.OPTION(() => this.SUBRULE(this.testKey));
    const lines = this.bracketed<TestLine[]>(
      T.OpenCurly,
      () => this.sequence(() => this.SUBRULE(this.testLine)),
      () => [],
    );
    return this.ACTION(() => {
      const rest = { machine, key: key ?? null, lines, span: this.since(start) };
      return { kind: 'test', title: String(title.payload ?? ''), titleSpan: this.spanOf(title), ...rest };
    });
  });

  private readonly testKey = this.RULE('testKey', (): Expression =>
    this.bracketed<Expression>(
      T.OpenRound,
      () => {
        const key = this.SUBRULE(this.expression);
        this.OPTION(() => this.CONSUME(T.Comma));
        return key;
      },
      () => this.hole(),
    ),
  );

  private readonly testLine = this.RULE('testLine', (): TestLine | null => {
    return this.OR([
      { GATE: () => this.clockFollows(), ALT: () => this.SUBRULE(this.clockLine) },
      { ALT: () => this.SUBRULE(this.stateLine) },
      {
        GATE: () => this.nextIs(T.Upper) || this.lowerOperationFollows(),
        ALT: () => this.SUBRULE(this.inputTestLine),
      },
      {
        ALT: () =>
          this.refuse('a line of a test: `Op(…) => reply`, `state => …` or `now = @…`', ['state', 'now']),
      },
    ]);
  });

  private clockFollows(): boolean {
    return this.LA(1).image === 'now' && (this.nextIs(T.Assign, 2) || this.nextIs(T.Gives, 2));
  }

  private lowerOperationFollows(): boolean {
    const next = this.LA(2).tokenType;
    return this.nextIs(T.Lower) && (next === T.Gives || next === T.OpenRound);
  }

  /** `now = @1000` */
  private readonly clockLine = this.RULE('clockLine', () => {
    const start = this.CONSUME(T.Lower, WORDS.now);
    const sign = this.OR([
      { ALT: () => this.CONSUME(T.Assign) },
      { ALT: () => this.CONSUME(T.Gives, REFUSED) },
    ]);
    this.ACTION(() => {
      if (sign.tokenType === T.Gives) this.complain(errors.clockWithGives(this.spanOf(sign)));
    });
    const time = this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: 'now' as const, time, span: this.since(start) }));
  });

  /** `state => e` */
  private readonly stateLine = this.RULE('stateLine', (): TestLine => {
    const start = this.CONSUME(T.StateWord);
    this.SUBRULE(this.gives, { ARGS: ['state => …'] });
    const expected = this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: 'state', expected, span: this.since(start) }));
  });

  /** `Op(args) => e`, `Op => fault` */
  private readonly inputTestLine = this.RULE('inputTestLine', (): TestLine => {
    const input = this.SUBRULE(this.operationInput);
    this.SUBRULE(this.gives, { ARGS: ['Op(…) => value'] });
    const expected = this.OR({
      DEF: [
        { GATE: () => this.faultFollows(), ALT: () => this.SUBRULE(this.fault) },
        { ALT: () => this.SUBRULE(this.expression) },
      ],
      ERR_MSG: 'a value or `fault`',
    });
    return this.ACTION(() => {
      const span = { ...input.span, end: this.since(this.LA(0)).end };
      return { kind: 'input', input, expected, span };
    });
  });

  private faultFollows(): boolean {
    const next = this.LA(2);
    return this.LA(1).image === 'fault' && (T.isA(next, T.Separator) || next.tokenType === T.CloseCurly);
  }

  private readonly fault = this.RULE('fault', (): 'fault' => {
    this.CONSUME(T.Lower, WORDS.fault);
    return 'fault';
  });

  /** `=>`; what is often written for it is refused, and taken for it. */
  private readonly gives = this.RULE('gives', (line: string) => {
    const token = this.OR({
      DEF: [
        { ALT: () => this.CONSUME(T.Gives) },
        { ALT: () => this.CONSUME(T.Assign, REFUSED) },
        { ALT: () => this.CONSUME(T.To, REFUSED) },
        { ALT: () => this.CONSUME(T.Equal, REFUSED) },
      ],
      ERR_MSG: '`=>` and a value',
    });
    this.ACTION(() => {
      if (token.tokenType !== T.Gives) this.complain(errors.notGives(this.spanOf(token), token.image, line));
    });
  });

  /** `Op`, `Op(1)`, `Op(by: 1)` */
  private readonly operationInput = this.RULE('operationInput', (): Input => {
    const start = this.LA(1);
    const operation = this.SUBRULE(this.upperName, { ARGS: ['an operation'] });
    const items: Argument[] | undefined = this.OPTION({
      GATE: () => this.callFollows(),
      DEF: () => this.SUBRULE(this.callArguments),
    });
    return this.ACTION(() => ({ operation, arguments: items ?? [], span: this.since(start) }));
  });
}
