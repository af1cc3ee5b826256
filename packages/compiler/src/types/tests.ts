import { suggest } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { keyMissing, keyOfUnkeyed } from '../errors/machines.ts';
import * as names from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import { testOfImported } from '../errors/translation.ts';
import { matchArguments, unitAt } from './calls.ts';
import { inferExpression } from './expressions.ts';
import { noEffects } from './functions.ts';
import { Inference } from './inference.ts';
import { tooDeep } from './nesting.ts';
import type { Report } from './report.ts';
import { Locals, type MachineScope, type ModuleScope, type Use } from './scope.ts';
import { TIME, tupleOf } from './type.ts';
import type { TypedExpression, TypedTest, TypedTestLine } from './typed.ts';
import { machineOf } from './upgrades.ts';

/** `test "…" for M { … }`: what is sent and expected is of the types of the machine, and constant. Nothing is run here. */

/** Checks the tests of a file, whose machines have been checked. Uses of definitions are added to `uses`. */
export function checkTests(
  tests: readonly tree.Test[],
  module: ModuleScope,
  uses: Use[],
  report: Report,
): TypedTest[] {
  const first = new Map<string, tree.Test>();
  const checked: TypedTest[] = [];
  for (const node of tests) {
    // Of two machines each may have a test of that name.
    const name = `${node.machine.qualifier?.text ?? ''}.${node.machine.name.text} ${node.title}`;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, node);
    else report.add(names.duplicate(node.titleSpan, 'the test', node.title, earlier.titleSpan));
    const deep = tooDeep(node);
    const typed = deep === null ? new TestCheck(node, module, uses, report).run() : null;
    if (deep !== null) report.add(nestedTooDeeply(deep));
    if (typed !== null) checked.push(typed);
  }
  return checked;
}

/** For what is evaluated before anything runs: it sees what the file declares, and no machine. */
export function constantInference(module: ModuleScope, uses: Use[], report: Report): Inference {
  const place = {
    module,
    machine: null,
    typeParameters: new Map(),
    uses,
    effects: noEffects(),
    mayFail: false,
    isConstant: true,
  };
  return new Inference(place, report);
}

class TestCheck {
  readonly #node: tree.Test;
  readonly #module: ModuleScope;
  readonly #report: Report;
  readonly #inference: Inference;
  /** A test stands outside of its machine: it sees what the file declares, and no local names. */
  readonly #locals = new Locals(null);

  constructor(node: tree.Test, module: ModuleScope, uses: Use[], report: Report) {
    this.#node = node;
    this.#module = module;
    this.#report = report;
    this.#inference = constantInference(module, uses, report);
  }

  /** Null where something in it was refused. */
  run(): TypedTest | null {
    const machine = machineOf(this.#node.machine, this.#module, this.#report);
    if (machine === null) return null;
    if (!('typed' in machine)) {
      this.#report.add(testOfImported(this.#node.machine.span, machine.name, machine.nameSpan));
      return null;
    }
    const before = this.#report.count;
    const key = this.#checkKey(machine);
    const lines = this.#node.lines.map((line) => this.#checkLine(line, machine));
    this.#inference.finish();
    if (this.#report.count > before) return null;
    const { title, titleSpan, span } = this.#node;
    const checked = lines.filter((line) => line !== null);
    return { title, titleSpan, machine: machine.typed, key, lines: checked, span };
  }

  #checkKey({ typed }: MachineScope): TypedExpression | null {
    const { key, machine } = this.#node;
    const { keyLocal, name, nameSpan } = typed;
    if (keyLocal === null) {
      if (key !== null) this.#report.add(keyOfUnkeyed(key.span, name, nameSpan));
      return null;
    }
    if (key === null) {
      this.#report.add(keyMissing(machine.span, name, keyLocal.span));
      return null;
    }
    const what = `the key of \`${name}\``;
    return this.#expect(key, keyLocal.type, {
      what,
      declared: { span: keyLocal.span, text: 'declared here' },
    });
  }

  /** Null where it was refused. */
  #checkLine(line: tree.TestLine, machine: MachineScope): TypedTestLine | null {
    const { span } = line;
    switch (line.kind) {
      case 'input':
        return this.#checkInput(line, machine);
      case 'state': {
        const declared = { span: machine.stateSpan, text: 'declared here' };
        const expected = this.#expect(line.expected, machine.state, { what: 'the state', declared });
        return { kind: 'state', expected, span };
      }
      case 'now':
        return {
          kind: 'now',
          time: this.#expect(line.time, TIME, { what: 'the time', declared: null }),
          span,
        };
    }
  }

  #checkInput(
    { input, expected, span: lineSpan }: tree.TestLine & { kind: 'input' },
    machine: MachineScope,
  ): TypedTestLine | null {
    const { operation, arguments: written, span } = input;
    const { typed, node } = machine;
    const given = written.map(({ value }) => inferExpression(value, this.#locals, this.#inference));
    const known = typed.operations.find(({ name }) => name === operation.text);
    const declared = node.members.find(
      (member): member is tree.Operation => member.kind === 'on' && member.name.text === operation.text,
    );
    if (known === undefined || declared === undefined) {
      this.#refuseOperation(operation, machine);
      if (expected !== 'fault') inferExpression(expected, this.#locals, this.#inference);
      return null;
    }
    const parameters = known.parameters.map(({ name, type }, i) => ({
      name,
      type,
      span: declared.parameters[i]?.span ?? null,
      hasDefault: known.parameters[i].default !== null,
    }));
    const taker = { what: `the operation \`${known.name}\``, name: known.name, parameters };
    const matched = matchArguments(taker, written, given, span, this.#inference);
    const place = declared.reply?.span ?? declared.name.span;
    const reply =
      expected === 'fault'
        ? expected
        : this.#expect(expected, known.reply, {
            what: `the reply of \`${known.name}\``,
            declared: {
              span: place,
              text: declared.reply === null ? 'no reply is declared' : 'declared here',
            },
          });
    if (matched === null) return null;
    const values = known.parameters.flatMap(({ name, default: byDefault }) => {
      const value = matched.find((each) => each.name === name)?.value ?? byDefault;
      return value === null ? [] : [value];
    });
    return {
      kind: 'input',
      operation: known,
      input: this.#packed(values, span),
      expected: reply,
      span: lineSpan,
    };
  }

  /** All arguments as the one value that an operation takes. */
  #packed(values: readonly TypedExpression[], span: tree.Name['span']): TypedExpression {
    if (values.length === 0) return unitAt(span, this.#inference);
    if (values.length === 1) return values[0];
    const type = tupleOf(values.map((value) => value.type));
    return this.#inference.node({ kind: 'tuple', items: values, type, span });
  }

  #refuseOperation({ text, span }: tree.Name, { typed, node }: MachineScope): void {
    // What could not be read may be the operation.
    if (!node.isWhole) return;
    const near = suggest(
      text,
      typed.operations.map(({ name }) => name),
    );
    this.#report.add(names.unknownOperation(span, text, typed.name, typed.nameSpan, near));
  }

  #expect(
    expected: tree.Expression,
    type: MachineScope['state'],
    { what, declared }: { what: string; declared: { span: tree.Name['span']; text: string } | null },
  ): TypedExpression {
    const value = inferExpression(expected, this.#locals, this.#inference, { type, what });
    this.#inference.fit(value, type, {
      statement: (text) => `${what} is ${text}`,
      declared,
      help: what === 'the time' ? ['Write it as a time: `now = @1000`, in milliseconds.'] : [],
    });
    return value;
  }
}
