import { UNIT } from '@smc/protocol';
import type { TypeId } from '@smc/protocol';
import type { TypedArrowExpression, TypedBlock, TypedCommand } from '../../types/typed.ts';
import type { Term } from '../term.ts';
import type { Context } from './context.ts';
import { chooseByCondition, namedValue, translateCallee, translateExpression } from './expression.ts';
import { bindPattern, matchArms } from './match.ts';
import { Scope } from './scope.ts';

/** Arrow expressions and commands to terms, after Paterson: a command is an arrow from the environment. */

/** The term of an arrow. */
export function translateArrow(context: Context, node: TypedArrowExpression): Term {
  const { program } = context;
  context.visit(node.span);
  const from = context.lower(node.from);
  const to = context.lower(node.to);
  switch (node.kind) {
    case 'name':
      return translateCallee(context, node.callee, from, to, node.span);
    case 'proc': {
      const root = new Scope(from);
      const { scope, stages } = bindPattern(context, root, node.pattern, root.whole);
      return program.sequence(from, [...stages, translateBlock(context, node.body, scope)]);
    }
    case 'compose':
      return translateComposition(context, node, from, to);
    case 'prefix': {
      const operand = translateArrow(context, node.operand);
      switch (node.operator) {
        case 'first':
          return parallel(context, from, operand, null);
        case 'second':
          return parallel(context, from, null, operand);
        case 'left':
          return either(context, from, [operand, null], to);
        case 'right':
          return either(context, from, [null, operand], to);
      }
    }
  }
}

function translateComposition(
  context: Context,
  node: Extract<TypedArrowExpression, { kind: 'compose' }>,
  from: TypeId,
  to: TypeId,
): Term {
  const { program } = context;
  const left = translateArrow(context, node.left);
  const right = translateArrow(context, node.right);
  switch (node.operator) {
    case '>>>':
      return program.compose(left, right);
    case '<<<':
      return program.compose(right, left);
    case '&&&':
      return program.tuple([left, right]);
    case '***':
      return parallel(context, from, left, right);
    case '|||':
      return either(context, from, [left, right], null);
    case '+++':
      return either(context, from, [left, right], to);
  }
}

/** On a pair: an arrow for each component, or null to leave it as it is. */
function parallel(context: Context, from: TypeId, left: Term | null, right: Term | null): Term {
  const { program } = context;
  const parts = [left, right].map((arrow, index) => {
    const component = program.project(from, index);
    return arrow === null ? component : program.compose(component, arrow);
  });
  return program.tuple(parts);
}

/**
 * On an Either: an arrow for each side, or null to leave it as it is; the results go back into
 * the sum `to`, or as they are where it is null.
 */
function either(context: Context, from: TypeId, sides: readonly (Term | null)[], to: TypeId | null): Term {
  const { program } = context;
  const node = program.types.node(from);
  if (node.kind !== 'sum') throw new Error(`an Either is expected, not a ${node.kind}`);
  const arms = sides.map((arrow, index) => {
    const payload = program.project(program.types.pair(UNIT, node.constructors[index].payload), 1);
    const result = arrow === null ? payload : program.compose(payload, arrow);
    return to === null ? result : program.compose(result, program.inject(to, index));
  });
  const input = program.tuple([program.constant(from, UNIT, null), program.identity(from)]);
  return program.compose(input, program.case(UNIT, from, arms));
}

/** From the environment to the output of the last command. */
export function translateBlock(context: Context, block: TypedBlock, scope: Scope): Term {
  const { program } = context;
  const stages: Term[] = [];
  let current = scope;
  for (const [i, command] of block.commands.entries()) {
    context.visit(command.span);
    if (command.kind === 'let') {
      const value = namedValue(context, command.value, current);
      const bound = bindPattern(context, value.scope, command.pattern, value.place);
      stages.push(...value.stages, ...bound.stages);
      current = bound.scope;
    } else if (command.kind === 'bind') {
      const output = translateCommand(context, command.command, current);
      stages.push(program.tuple([program.identity(current.type), output]));
      const extended = current.extend(program, output.to);
      const bound = bindPattern(context, extended, command.pattern, extended.newest);
      stages.push(...bound.stages);
      current = bound.scope;
    } else {
      const output = translateCommand(context, command, current);
      if (i === block.commands.length - 1) return program.sequence(scope.type, [...stages, output]);
      const kept = program.tuple([program.identity(current.type), output]);
      stages.push(kept, program.project(kept.to, 0));
    }
  }
  return program.sequence(scope.type, [...stages, program.constant(current.type, UNIT, null)]);
}

type Output = Exclude<TypedCommand, { kind: 'let' | 'bind' }>;

function translateCommand(context: Context, command: TypedCommand, scope: Scope): Term {
  const { program } = context;
  switch (command.kind) {
    case 'let':
    case 'bind':
      throw new Error(`a ${command.kind} gives no output`);
    case 'feed': {
      const argument = translateExpression(context, command.argument, scope);
      return program.compose(argument, translateArrow(context, command.arrow));
    }
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

function translateCase(context: Context, command: Extract<Output, { kind: 'case' }>, scope: Scope): Term {
  const subject = namedValue(context, command.subject, scope);
  const patterns = command.arms.map((arm) => arm.pattern);
  const body = matchArms(context, subject.scope, subject.place, patterns, (arm, armScope) =>
    translateBlock(context, command.arms[arm].body, armScope),
  );
  return context.program.sequence(scope.type, [...subject.stages, body]);
}
