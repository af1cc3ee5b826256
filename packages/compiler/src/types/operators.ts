import type { BinaryOperator } from '../syntax/tree.ts';
import * as errors from '../errors/types.ts';
import type { Inference } from './inference.ts';
import { BOOL, display, INT, isError, prune, STRING, TIME, ERROR } from './type.ts';
import type { Type, TypedExpression } from './typed.ts';

/** Types of operators, given those of their operands. */

const operandReason = (side: string, operator: string, { type }: TypedExpression): errors.Reason => ({
  statement: (expected) => `the ${side} of \`${operator}\` is ${expected}`,
  declared: null,
  help:
    operator === '+' && ['string', 'list'].includes(prune(type).kind)
      ? ['`++` joins strings and lists.']
      : operator === '!'
        ? ['`!` takes what stands right behind it: of a comparison it is `!(a == b)`.']
        : [],
});

/** The type of what a binary operator gives. */
export function binaryType(
  operator: BinaryOperator,
  left: TypedExpression,
  right: TypedExpression,
  inference: Inference,
): Type {
  const both = (type: Type): Type => {
    inference.fit(left, type, operandReason('left side', operator, left));
    inference.fit(right, type, operandReason('right side', operator, right));
    return type;
  };
  const numbers = (): Type => {
    const time = [left, right].find(({ type }) => prune(type).kind === 'time');
    if (time === undefined) return both(INT);
    const help =
      operator === '-'
        ? '`Time.diffMillis(a, b)` is the time between two, and `Time.addMillis(t, -1000)` one before.'
        : '`Time.addMillis(t, 1000)` is a time after another.';
    inference.report(errors.operatorType(time.span, operator, TIME, 'Int', help));
    return ERROR;
  };
  const same = (): boolean => {
    const apart = inference.apartHelp(left);
    return inference.fit(right, left.type, {
      statement: (type) => `both sides of \`${operator}\` have one type; the left side is ${type}`,
      declared: { span: left.span, text: display(left.type) },
      help: apart === null ? [] : [apart],
    });
  };
  switch (operator) {
    case '||':
    case '&&':
      return both(BOOL);
    case '==':
    case '!=':
      same();
      return BOOL;
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (same()) inference.later(() => checkOrdered(operator, left, inference));
      return BOOL;
    case '++':
      if (same()) inference.later(() => checkJoined(left, inference));
      return isError(left.type) ? right.type : left.type;
    case '+':
      if (prune(left.type).kind !== 'string' || prune(right.type).kind !== 'string') return numbers();
      inference.report(errors.operatorType(left.span, '+', STRING, 'Int', '`++` joins two strings.'));
      return STRING;
    case '-':
    case '*':
    case '/':
    case '%':
      return numbers();
  }
}

function checkOrdered(operator: string, operand: TypedExpression, inference: Inference): void {
  const type = prune(operand.type);
  if (type === ERROR || [INT, STRING, TIME].some(({ kind }) => kind === type.kind)) return;
  const help = '`==` and `!=` compare values of any type.';
  inference.report(
    type.kind === 'unknown'
      ? errors.typeNotKnown(operand.span, 'it can not be compared')
      : errors.operatorType(operand.span, operator, type, 'Int, String and Time', help),
  );
}

function checkJoined(operand: TypedExpression, inference: Inference): void {
  const type = prune(operand.type);
  if (type === ERROR || ['string', 'list', 'bytes'].includes(type.kind)) return;
  const help =
    type.kind === 'int'
      ? '`Int.toString(n)` makes a String of an Int.'
      : 'It joins two strings, two lists, or two Bytes.';
  inference.report(
    type.kind === 'unknown'
      ? errors.typeNotKnown(operand.span, 'it can not be joined')
      : errors.operatorType(operand.span, '++', type, 'strings, lists and Bytes', help),
  );
}

/** The type of what `-` or `!` gives. */
export function unaryType(operator: '-' | '!', operand: TypedExpression, inference: Inference): Type {
  const type = operator === '-' ? INT : BOOL;
  // Of what does not fit, the whole may have been meant in another way.
  return inference.fit(operand, type, operandReason('operand', operator, operand)) ? type : ERROR;
}
