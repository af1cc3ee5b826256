import type { ArrowExpression, BinaryOperator } from './tree.ts';

/** How tight operators bind, for the grammar and for the layout. */

/** An operator between two arrows. */
export type ComposeOperator = Extract<ArrowExpression, { kind: 'compose' }>['operator'];

/** Of operators of expressions; all are left associative, but comparisons, which are not chained. */
export const OPERATOR_PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '++': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};

/** Of operators of arrows; all are right associative. */
export const COMPOSE_PRECEDENCE: Readonly<Record<ComposeOperator, number>> = {
  '>>>': 1,
  '<<<': 1,
  '|||': 2,
  '+++': 2,
  '&&&': 3,
  '***': 3,
};
