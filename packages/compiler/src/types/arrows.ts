import type { Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { lostReturn, missingElse } from '../errors/arrows.ts';
import type { Reason } from '../errors/types.ts';
import { unitAt } from './calls.ts';
import { callableOf, type Callable } from './callables.ts';
import { checkArms, checkIrrefutable, joinBranches } from './choice.ts';
import type { Output } from './culprit.ts';
import { inferBinding, inferCondition, inferExpression } from './expressions.ts';
import { outputOf, type Inference, type Wanted } from './inference.ts';
import { inferPattern } from './patterns.ts';
import { Locals } from './scope.ts';
import { eitherOf } from './sums.ts';
import { display, ERROR, isError, pairOf, prune, UNIT } from './type.ts';
import type {
  PrimitiveArrow,
  Type,
  TypedArrowExpression,
  TypedBlock,
  TypedCommand,
  TypedExpression,
  TypedPattern,
} from './typed.ts';

/**
 * Types of arrow notation (Paterson 2003): arrow expressions, and the commands of a block. They
 * are one file because each contains the other. The type of what flows into an arrow is known
 * before the arrow is looked at, so that patterns and fields in it need no annotation.
 */

/** What flows into an arrow: its type, where it comes from, and the expression, if it is fed one. */
export interface Input {
  readonly type: Type;
  readonly span: Span;
  readonly value: TypedExpression | null;
}

/** The types of an arrow expression that is fed what `input` says. */
export function inferArrow(
  arrow: tree.ArrowExpression,
  input: Input,
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null = null,
): TypedArrowExpression {
  switch (arrow.kind) {
    case 'name':
      return inferName(arrow, input, locals, inference);
    case 'proc':
      return inferProc(arrow, input, locals, inference, wanted);
    case 'compose':
      return inferCompose(arrow, input, locals, inference, wanted);
    case 'prefix':
      return inferPrefix(arrow, input, locals, inference);
    case 'missing':
      return brokenArrow(arrow.span, inference);
  }
}

/** What stands for an arrow that has been refused: it goes with every type. */
function brokenArrow(span: Span, inference: Inference): TypedArrowExpression {
  const callee = { kind: 'primitive', name: 'id' } as const;
  return inference.arrow({ kind: 'name', callee, from: ERROR, to: ERROR, span });
}

function inferName(
  arrow: tree.ArrowExpression & { kind: 'name' },
  input: Input,
  locals: Locals,
  inference: Inference,
): TypedArrowExpression {
  const callable = callableOf(arrow.path, 'arrow', locals, inference);
  if (callable === null) return brokenArrow(arrow.span, inference);
  const { value, type } = input;
  const reason = inputReason(callable, input, inference);
  const source = value === null ? { span: arrow.span, type, value } : outputOf(value);
  inference.fitAt(type, [source], callable.from, reason);
  callable.site.argument = value;
  return inference.arrow({ ...callable, kind: 'name', span: arrow.span });
}

function inputReason({ name, definition }: Callable, input: Input, inference: Inference): Reason {
  const { machine } = inference.place;
  if (name === 'put' && definition === null && machine !== null) {
    return {
      statement: (type) => `\`put\` takes the state, ${type}`,
      declared: { span: machine.stateSpan, text: 'the state' },
      help: [],
    };
  }
  const declared =
    input.value === null
      ? { span: input.span, text: 'what flows in comes from here' }
      : definition === null
        ? null
        : { span: definition.fromSpan, text: 'declared here' };
  return { statement: (type) => `\`${name}\` takes ${type}`, declared, help: [] };
}

function inferProc(
  arrow: tree.ArrowExpression & { kind: 'proc' },
  input: Input,
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null,
): TypedArrowExpression {
  const own = new Locals(inference.topLocals(), locals);
  const pattern = inferPattern(arrow.pattern, input, own, inference);
  checkIrrefutable(pattern, inference);
  const body = inferBlock(arrow.body, own, inference, wanted);
  return inference.arrow({ kind: 'proc', pattern, body, from: input.type, to: body.type, span: arrow.span });
}

function inferCompose(
  arrow: tree.ArrowExpression & { kind: 'compose' },
  input: Input,
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null,
): TypedArrowExpression {
  const { operator, span } = arrow;
  const node = (left: TypedArrowExpression, right: TypedArrowExpression, to: Type) =>
    inference.arrow({ kind: 'compose', operator, left, right, from: input.type, to, span });
  switch (operator) {
    case '>>>': {
      const left = inferArrow(arrow.left, input, locals, inference);
      const right = inferArrow(arrow.right, flowOf(left), locals, inference, wanted);
      return node(left, right, right.to);
    }
    case '<<<': {
      const right = inferArrow(arrow.right, input, locals, inference);
      const left = inferArrow(arrow.left, flowOf(right), locals, inference, wanted);
      return node(left, right, left.to);
    }
    case '&&&': {
      const left = inferArrow(arrow.left, input, locals, inference);
      const right = inferArrow(arrow.right, input, locals, inference);
      return node(left, right, pairOf(left.to, right.to));
    }
    case '***':
    case '+++':
    case '|||': {
      const parts = inputParts(
        operator,
        operator === '***' ? 'pair' : 'either',
        arrow.operatorSpan,
        input,
        inference,
      );
      const left = inferArrow(arrow.left, parts[0], locals, inference);
      const right = inferArrow(arrow.right, parts[1], locals, inference);
      if (operator === '***') return node(left, right, pairOf(left.to, right.to));
      if (operator === '+++') return node(left, right, eitherOf(left.to, right.to));
      inference.fitAt(right.to, [{ span: right.span, type: right.to, value: null }], left.to, {
        statement: (type) => `both sides of \`|||\` give the same type; the left side gives ${type}`,
        declared: { span: left.span, text: display(left.to) },
        help: [],
      });
      return node(left, right, left.to);
    }
  }
}

/** What comes out of an arrow, as what flows into the next. */
const flowOf = (arrow: TypedArrowExpression): Input => ({ type: arrow.to, span: arrow.span, value: null });

/** The two sides of the pair or `Either` that an operator takes. */
function inputParts(
  operator: string,
  shape: 'pair' | 'either',
  place: Span,
  input: Input,
  inference: Inference,
): readonly [Input, Input] {
  if (isError(input.type)) return [input, input];
  const [left, right] = [inference.fresh(), inference.fresh()];
  const type = shape === 'pair' ? pairOf(left, right) : eitherOf(left, right);
  const { value } = input;
  const what = shape === 'pair' ? 'a pair' : 'an Either';
  const source = value === null ? { span: place, type: input.type, value } : outputOf(value);
  const fits = inference.fitAt(input.type, [source], type, {
    statement: () => `\`${operator}\` takes ${what}`,
    declared: value === null ? { span: input.span, text: 'what flows in comes from here' } : null,
    help: [],
  });
  const part = (index: number, own: Type): Input => {
    const written = shape === 'pair' && value?.kind === 'tuple' ? value.items[index] : null;
    return { type: fits ? own : ERROR, span: input.span, value: written };
  };
  return [part(0, left), part(1, right)];
}

function inferPrefix(
  arrow: tree.ArrowExpression & { kind: 'prefix' },
  input: Input,
  locals: Locals,
  inference: Inference,
): TypedArrowExpression {
  const { operator, span } = arrow;
  const shape = operator === 'first' || operator === 'second' ? 'pair' : 'either';
  const isLeft = operator === 'first' || operator === 'left';
  const place = { ...span, end: Math.min(span.end, span.start + operator.length) };
  const [left, right] = inputParts(operator, shape, place, input, inference);
  const operand = inferArrow(arrow.operand, isLeft ? left : right, locals, inference);
  const types = isLeft ? ([operand.to, right.type] as const) : ([left.type, operand.to] as const);
  const to = shape === 'pair' ? pairOf(...types) : eitherOf(...types);
  return inference.arrow({ kind: 'prefix', operator, operand, from: input.type, to, span });
}

// ---------------------------------------------------------------------------- commands

/** The types of a block of commands, whose output is that of its last. */
export function inferBlock(
  block: tree.Block,
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null = null,
): TypedBlock {
  const own = new Locals(locals);
  const commands: TypedCommand[] = [];
  let wasRefused = false;
  for (const [i, command] of block.commands.entries()) {
    const isLast = i === block.commands.length - 1;
    const before = inference.errors;
    const isRest = wasRefused && isInParentheses(command);
    commands.push(
      inferCommand(
        isRest ? { kind: 'missing', span: command.span } : command,
        own,
        inference,
        isLast ? wanted : null,
      ),
    );
    wasRefused = inference.errors > before;
    // Of an `if` without `else` that gives something, it has been said.
    if (!isLast && inference.errors === before) refuseLostReturn(command, false, inference);
  }
  const last = block.commands.at(-1);
  const output = commands.at(-1);
  let type: Type = output?.type ?? UNIT;
  // A block that ends so has been refused by the parser.
  if (last?.kind === 'let' || last?.kind === 'bind') type = ERROR;
  const typed: TypedBlock = { commands, type, span: block.span };
  return inference.node(typed);
}

/** `(x)` alone in its line: after a command that is wrong it was meant to be the arguments of a call there. */
const isInParentheses = (command: tree.Command): boolean =>
  command.kind === 'feed' && command.argument === null && command.span.start < command.arrow.span.start;

function inferCommand(
  command: tree.Command,
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null,
): TypedCommand {
  const { span } = command;
  switch (command.kind) {
    case 'feed': {
      const { argument: fed } = command;
      const own = isIdentity(command.arrow) ? wanted : null;
      const argument =
        fed === null
          ? unitAt({ ...span, start: span.end }, inference)
          : inferExpression(fed, locals, inference, own);
      const value = fed === null ? null : argument;
      const input = { type: argument.type, span: fed === null ? span : argument.span, value };
      const arrow = inferArrow(command.arrow, input, new Locals(null, locals), inference, wanted);
      return inference.node({ kind: 'feed', arrow, argument, type: arrow.to, span });
    }
    case 'bind': {
      const inner = inferCommand(command.command, locals, inference, null);
      // A second name is refused by the parser; both are of the one output.
      let output = inner;
      while (output.kind === 'bind') output = output.command;
      const pattern = inferPattern(command.pattern, output, locals, inference);
      checkIrrefutable(pattern, inference);
      return inference.node({ kind: 'bind', pattern, command: inner, type: UNIT, span });
    }
    case 'let': {
      const { pattern, value } = inferBinding(command, locals, locals, inference);
      return inference.node({ kind: 'let', pattern, value, type: UNIT, span });
    }
    case 'if':
      return inferIf(command, locals, inference, wanted);
    case 'case':
      return inferCase(command, locals, inference, wanted);
    case 'missing': {
      const arrow = brokenArrow(span, inference);
      return inference.node({ kind: 'feed', arrow, argument: unitAt(span, inference), type: ERROR, span });
    }
  }
}

/** `return` or `id`, whose input is wanted where its output is. */
const isIdentity = (arrow: tree.ArrowExpression): boolean =>
  isPrimitiveNamed(arrow, 'return') || isPrimitiveNamed(arrow, 'id');

const isPrimitiveNamed = (arrow: tree.ArrowExpression, name: PrimitiveArrow): boolean =>
  arrow.kind === 'name' && arrow.path.qualifier === null && arrow.path.name.text === name;

/**
 * Refuses a `return` whose output nobody takes: who writes it means to leave the operation.
 * Alone in a branch, of which there is another, `return -< ()` says that nothing is to be done.
 */
function refuseLostReturn(command: tree.Command, isAlone: boolean, inference: Inference): void {
  const inBranch = ({ commands }: tree.Block, hasOther: boolean): void => {
    const last = commands.at(-1);
    if (last !== undefined) refuseLostReturn(last, hasOther && commands.length === 1, inference);
  };
  switch (command.kind) {
    case 'feed': {
      const { arrow, argument, span } = command;
      const isUnit = argument === null || argument.kind === 'unit';
      if (isPrimitiveNamed(arrow, 'return') && !(isAlone && isUnit)) inference.report(lostReturn(span));
      return;
    }
    case 'if':
      inBranch(command.then, command.else !== null);
      if (command.else !== null) inBranch(command.else, true);
      return;
    case 'case':
      for (const { body } of command.arms) inBranch(body, true);
      return;
    case 'let':
    case 'bind':
    case 'missing':
  }
}

function inferIf(
  command: tree.Command & { kind: 'if' },
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null,
): TypedCommand {
  const { span } = command;
  const condition = inferCondition(command.condition, locals, inference);
  const then = inferBlock(command.then, locals, inference, wanted);
  if (command.else !== null) {
    const otherwise = inferBlock(command.else, locals, inference, wanted);
    const type = joinBranches('if', [branchOf(then), branchOf(otherwise)], wanted, inference);
    return inference.node({ kind: 'if', condition, then, else: otherwise, type, span });
  }
  const complete = inference.unify(then.type, UNIT, then.span);
  if (!complete) {
    const head = { ...span, end: Math.max(condition.span.end, span.start) };
    inference.report(missingElse(head, display(then.type), firstOutput(then).span));
  }
  const empty = inference.node({ commands: [], type: UNIT, span: { ...span, start: span.end } });
  return inference.node({ kind: 'if', condition, then, else: empty, type: complete ? UNIT : ERROR, span });
}

function inferCase(
  command: tree.Command & { kind: 'case' },
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null,
): TypedCommand {
  const { span } = command;
  const subject = inferExpression(command.subject, locals, inference);
  const arms: { pattern: TypedPattern; body: TypedBlock }[] = [];
  for (const arm of command.arms) {
    const own = new Locals(locals);
    const pattern = inferPattern(arm.pattern, subject, own, inference);
    arms.push({ pattern, body: inferBlock(arm.body, own, inference, wanted) });
  }
  checkArms(
    arms.map(({ pattern }) => pattern),
    subject,
    span,
    inference,
  );
  const branches = arms.map(({ body }) => branchOf(body));
  const type = branches.length === 0 ? ERROR : joinBranches('case', branches, wanted, inference);
  return inference.node({ kind: 'case', subject, arms, type, span });
}

// ------------------------------------------------------------------ where outputs come from

const branchOf = (block: TypedBlock) => ({ type: block.type, span: firstOutput(block).span });

/** The places in a block that give its output: of `return -< e` the expression. */
export function outputsOf(block: TypedBlock): readonly Output[] {
  const open = [block];
  const outputs: Output[] = [];
  for (let seen = open.pop(); seen !== undefined; seen = open.pop()) {
    const branches = branchesAtEnd(seen);
    if (branches.length === 0) outputs.push(outputAtEnd(seen));
    for (const branch of branches.toReversed()) open.push(branch);
  }
  return outputs;
}

/** The first of these. */
function firstOutput(block: TypedBlock): Output {
  let seen = block;
  for (let branches = branchesAtEnd(seen); branches.length > 0; branches = branchesAtEnd(seen))
    seen = branches[0];
  return outputAtEnd(seen);
}

/** The blocks that a block ends in; none where it ends in a plain command. */
function branchesAtEnd({ commands }: TypedBlock): readonly TypedBlock[] {
  const last = commands.at(-1);
  if (last?.kind === 'if') return last.else.commands.length === 0 ? [last.then] : [last.then, last.else];
  return last?.kind === 'case' ? last.arms.map(({ body }) => body) : [];
}

function outputAtEnd({ commands, span, type }: TypedBlock): Output {
  const last = commands.at(-1);
  if (last === undefined) return { span, type, value: null };
  const isGiven = last.kind === 'feed' && givesItsInput(last.arrow);
  return isGiven ? outputOf(last.argument) : { span: last.span, type: last.type, value: null };
}

function givesItsInput(arrow: TypedArrowExpression): boolean {
  if (arrow.kind !== 'name' || arrow.callee.kind !== 'primitive') return false;
  return (arrow.callee.name === 'return' || arrow.callee.name === 'id') && prune(arrow.from) !== ERROR;
}

/** The same for an arrow. */
export function arrowOutputsOf(arrow: TypedArrowExpression): readonly Output[] {
  let seen = arrow;
  while (seen.kind === 'compose' && (seen.operator === '>>>' || seen.operator === '<<<')) {
    seen = seen.operator === '>>>' ? seen.right : seen.left;
  }
  return seen.kind === 'proc' ? outputsOf(seen.body) : [{ span: seen.span, type: seen.to, value: null }];
}
