import type * as tree from '../syntax/tree.ts';
import { keyOfUnkeyed } from '../errors/machines.ts';
import * as names from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import { notSupportedYet } from '../errors/unsupported.ts';
import { matchArguments } from './calls.ts';
import { inferExpression } from './expressions.ts';
import { noEffects } from './functions.ts';
import { Inference } from './inference.ts';
import { tooDeep } from './nesting.ts';
import type { Report } from './report.ts';
import { Locals, type MachineScope, type ModuleScope, type Use } from './scope.ts';
import { suggest } from './suggest.ts';
import { TIME } from './type.ts';
import { machineOf } from './upgrades.ts';

/** `test "…" for M { … }`: what is sent and expected is of the types of the machine. Nothing is run here. */

/** Checks the tests of a file, whose machines have been checked. Uses of definitions are added to `uses`. */
export function checkTests(
  tests: readonly tree.Test[],
  module: ModuleScope,
  uses: Use[],
  report: Report,
): void {
  const first = new Map<string, tree.Test>();
  for (const node of tests) {
    const earlier = first.get(node.title);
    if (earlier === undefined) first.set(node.title, node);
    else report.add(names.duplicate(node.titleSpan, 'the test', node.title, earlier.titleSpan));
    const deep = tooDeep(node);
    if (deep === null) new TestCheck(node, module, uses, report).run();
    else report.add(nestedTooDeeply(deep));
  }
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
    this.#inference = new Inference(
      {
        module,
        machine: null,
        typeParameters: new Map(),
        uses,
        effects: noEffects(),
        mayFail: false,
        isConstant: true,
      },
      report,
    );
  }

  run(): void {
    const machine = machineOf(this.#node.machine, this.#module, this.#report);
    if (machine === null) return;
    this.#checkKey(machine);
    for (const line of this.#node.lines) this.#checkLine(line, machine);
    this.#inference.finish();
  }

  /** A machine with a key has been refused itself, but perhaps in another file. */
  #checkKey({ node }: MachineScope): void {
    const { key } = this.#node;
    if (key === null) return;
    if (node.key !== null) this.#report.add(notSupportedYet(key.span, 'a test of a machine with a key'));
    else this.#report.add(keyOfUnkeyed(key.span, node.name.text, node.name.span));
  }

  #checkLine(line: tree.TestLine, machine: MachineScope): void {
    switch (line.kind) {
      case 'input':
        return this.#checkInput(line, machine);
      case 'state':
        return this.#expect(line.expected, machine.state, {
          what: 'the state',
          declared: { span: machine.stateSpan, text: 'declared here' },
        });
      case 'now':
        // A literal is all that a clock needs: values of `Time` can not be written yet.
        if (line.time.kind === 'time') return;
        return this.#expect(line.time, TIME, { what: 'the time', declared: null });
    }
  }

  #checkInput({ input, expected }: tree.TestLine & { kind: 'input' }, machine: MachineScope): void {
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
      return;
    }
    const parameters = known.parameters.map(({ name, type }, i) => ({
      name,
      type,
      span: declared.parameters[i]?.span ?? null,
      // It has been refused itself.
      hasDefault: (declared.parameters[i]?.default ?? null) !== null,
    }));
    const taker = { what: `the operation \`${known.name}\``, name: known.name, parameters };
    matchArguments(taker, written, given, span, this.#inference);
    if (expected === 'fault') return;
    const place = declared.reply?.span ?? declared.name.span;
    this.#expect(expected, known.reply, {
      what: `the reply of \`${known.name}\``,
      declared: { span: place, text: declared.reply === null ? 'no reply is declared' : 'declared here' },
    });
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
  ): void {
    const value = inferExpression(expected, this.#locals, this.#inference, { type, what });
    this.#inference.fit(value, type, {
      statement: (text) => `${what} is ${text}`,
      declared,
      help: what === 'the time' ? ['Write it as a time: `now = @1000`, in milliseconds.'] : [],
    });
  }
}
