import { UNIT } from '@smc/protocol';
import type { TypeId } from '@smc/protocol';
import type { Local, TypedArrowExpression, TypedBlock, TypedCommand } from '../../types/typed.ts';
import type { Term } from '../term.ts';
import { applyClosed } from './calls.ts';
import { at } from './context.ts';
import type { Context } from './context.ts';
import { chooseByCondition, namedValue, settle, translateCall, translateExpression } from './expression.ts';
import { bindPattern, matchArms } from './match.ts';
import { Scope, captureType, inputOf } from './scope.ts';
import type { Capture, IsLive, SettledScope } from './scope.ts';

/** Arrow expressions and commands to terms, after Paterson: a command is an arrow from the environment. */

/**
 * The term of an arrow, from its input; where it needs variables from outside, which can only
 * be the key of the machine, from the pair of these and its input.
 */
export function translateArrow(
  context: Context,
  node: TypedArrowExpression,
  captures: readonly Capture[],
): Term {
  return new ArrowTranslation(context, captures).term(node);
}

class ArrowTranslation {
  readonly #context: Context;
  readonly #captures: readonly Capture[];

  constructor(context: Context, captures: readonly Capture[]) {
    this.#context = context;
    this.#captures = captures;
  }

  term(node: TypedArrowExpression): Term {
    const { program } = this.#context;
    this.#context.visit(node.span);
    const from = this.#context.lower(node.from);
    const to = this.#context.lower(node.to);
    switch (node.kind) {
      case 'name':
        return this.#name(node, from, to);
      case 'proc': {
        const root = Scope.ofFunction(program.types, this.#captures, from);
        const { scope, stages } = bindPattern(this.#context, root.scope, node.pattern, root.argument);
        const body = translateBlock(this.#context, node.body, scope);
        return program.sequence(root.scope.type, [...stages, body]);
      }
      case 'compose':
        return this.#composition(node, from, to);
      case 'prefix': {
        const operand = this.term(node.operand);
        switch (node.operator) {
          case 'first':
            return this.#parallel(from, operand, null);
          case 'second':
            return this.#parallel(from, null, operand);
          case 'left':
            return this.#either(from, [operand, null], to);
          case 'right':
            return this.#either(from, [null, operand], to);
        }
      }
    }
  }

  #name(node: Extract<TypedArrowExpression, { kind: 'name' }>, from: TypeId, to: TypeId): Term {
    const { program } = this.#context;
    const known = this.#context.resolve(node.callee);
    if (known.captures.length > 0) return at(node.span, this.#context.call(known, []));
    return program.compose(this.#input(from), applyClosed(this.#context, known, from, to, node.span));
  }

  #composition(node: Extract<TypedArrowExpression, { kind: 'compose' }>, from: TypeId, to: TypeId): Term {
    const { program } = this.#context;
    const left = this.term(node.left);
    const right = this.term(node.right);
    switch (node.operator) {
      case '>>>':
        return program.compose(this.#feed(left), right);
      case '<<<':
        return program.compose(this.#feed(right), left);
      case '&&&':
        return program.tuple([left, right]);
      case '***':
        return this.#parallel(from, left, right);
      case '|||':
        return this.#either(from, [left, right], null);
      case '+++':
        return this.#either(from, [left, right], to);
    }
  }

  /** On a pair: an arrow for each component, or null to leave it as it is. */
  #parallel(from: TypeId, left: Term | null, right: Term | null): Term {
    const { program } = this.#context;
    const parts = [left, right].map((arrow, index) => {
      const component = program.compose(this.#input(from), program.project(from, index));
      return arrow === null ? component : program.compose(this.#feed(component), arrow);
    });
    return program.tuple(parts);
  }

  /**
   * On an Either: an arrow for each side, or null to leave it as it is; the results go back into
   * the sum `to`, or as they are where it is null.
   */
  #either(from: TypeId, sides: readonly (Term | null)[], to: TypeId | null): Term {
    const { program } = this.#context;
    const { types } = program;
    const node = types.node(from);
    if (node.kind !== 'sum') throw new Error(`an Either is expected, not a ${node.kind}`);
    const isClosed = this.#captures.length === 0;
    const environment = captureType(types, this.#captures);
    const arms = sides.map((arrow, index) => {
      const pair = types.pair(environment, node.constructors[index].payload);
      const payload = program.project(pair, 1);
      const input = isClosed ? payload : program.identity(pair);
      const result = arrow === null ? payload : program.compose(input, arrow);
      return to === null ? result : program.compose(result, program.inject(to, index));
    });
    const choice = program.case(environment, from, arms);
    const unit = program.constant(from, UNIT, null);
    return isClosed ? program.compose(program.tuple([unit, program.identity(from)]), choice) : choice;
  }

  /** From what an arrow takes here to its input. */
  #input(type: TypeId): Term {
    const { program } = this.#context;
    const from = inputOf(program.types, this.#captures, type);
    return this.#captures.length === 0 ? program.identity(type) : program.project(from, 1);
  }

  /** What gives the input of an arrow, made to give what it takes here. */
  #feed(input: Term): Term {
    const { program } = this.#context;
    return this.#captures.length === 0 ? input : program.tuple([program.project(input.from, 0), input]);
  }
}

/** From the environment to the output of the last command. */
export function translateBlock(context: Context, block: TypedBlock, scope: Scope): Term {
  const { program } = context;
  const stages: Term[] = [];
  let current = scope;
  const live = liveAfter(context, block);
  for (const [i, command] of block.commands.entries()) {
    context.visit(command.span);
    if (command.kind === 'let' || command.kind === 'bind') {
      const bound = bindCommand(context, command, current);
      const settled = bound.scope.settle(program, () => live(i));
      stages.push(...bound.stages, ...settled.stages);
      current = settled.scope;
    } else {
      const output = translateCommand(context, command, current);
      if (i === block.commands.length - 1) return program.sequence(scope.type, [...stages, output]);
      const kept = program.tuple([program.identity(current.type), output]);
      stages.push(kept, program.project(kept.to, 0));
    }
  }
  return program.sequence(scope.type, [...stages, program.constant(current.type, UNIT, null)]);
}

/** For each command of a block, whether one after it needs a variable: found once, where it is asked for. */
function liveAfter(context: Context, block: TypedBlock): (index: number) => IsLive {
  let lastUses: Map<Local, number> | null = null;
  const find = (): Map<Local, number> => {
    const found = new Map<Local, number>();
    for (const [i, command] of block.commands.entries()) {
      const captures = context.capturesOf({ kind: 'block', node: { ...block, commands: [command] } });
      for (const { local } of captures) found.set(local, i);
    }
    return found;
  };
  return (index) => {
    const uses = (lastUses ??= find());
    return (local) => (uses.get(local) ?? -1) > index;
  };
}

/** The scope that has what a command names. */
function bindCommand(
  context: Context,
  command: Extract<TypedCommand, { kind: 'let' | 'bind' }>,
  scope: Scope,
): SettledScope {
  const { program } = context;
  if (command.kind === 'let') {
    const value = namedValue(context, command.value, scope);
    const bound = bindPattern(context, value.scope, command.pattern, value.place);
    return { scope: bound.scope, stages: [...value.stages, ...bound.stages] };
  }
  const output = translateCommand(context, command.command, scope);
  const extended = scope.extend(program, output.to);
  const bound = bindPattern(context, extended, command.pattern, extended.newest);
  return {
    scope: bound.scope,
    stages: [program.tuple([program.identity(scope.type), output]), ...bound.stages],
  };
}

function translateSettledBlock(context: Context, node: TypedBlock, scope: Scope): Term {
  const { scope: inner, stages } = settle(context, scope, () => ({ kind: 'block', node }));
  return context.program.sequence(scope.type, [...stages, translateBlock(context, node, inner)]);
}

type Output = Exclude<TypedCommand, { kind: 'let' | 'bind' }>;

function translateCommand(context: Context, command: TypedCommand, scope: Scope): Term {
  switch (command.kind) {
    case 'let':
    case 'bind':
      throw new Error(`a ${command.kind} gives no output`);
    case 'feed':
      return translateFeed(context, command, scope);
    case 'if':
      return chooseByCondition(
        context,
        scope,
        translateExpression(context, command.condition, scope),
        translateBlock(context, command.then, scope),
        translateBlock(context, command.else, scope),
      );
    case 'case':
      return translateCase(context, command, scope);
  }
}

function translateFeed(context: Context, command: Extract<Output, { kind: 'feed' }>, scope: Scope): Term {
  const { program } = context;
  const { arrow, argument } = command;
  if (arrow.kind === 'name') {
    return translateCall(context, arrow.callee, argument, context.lower(arrow.to), arrow.span, scope);
  }
  const captures = context.capturesOf({ kind: 'arrow', node: arrow });
  const value = translateExpression(context, argument, scope);
  const input = captures.length === 0 ? value : program.tuple([scope.capture(program, captures), value]);
  return program.compose(input, translateArrow(context, arrow, captures));
}

function translateCase(context: Context, command: Extract<Output, { kind: 'case' }>, scope: Scope): Term {
  const subject = namedValue(context, command.subject, scope);
  const patterns = command.arms.map((arm) => arm.pattern);
  const body = matchArms(context, subject.scope, subject.place, patterns, (arm, armScope) =>
    translateSettledBlock(context, command.arms[arm].body, armScope),
  );
  return context.program.sequence(scope.type, [...subject.stages, body]);
}
