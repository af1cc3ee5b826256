import type { Span } from '@smc/protocol';
import * as patterns from '../errors/patterns.ts';
import * as errors from '../errors/types.ts';
import { coverage } from './exhaustiveness.ts';
import type { Inference, Wanted } from './inference.ts';
import { ERROR } from './type.ts';
import type { Type, TypedExpression, TypedPattern } from './typed.ts';
import { differ } from './unify.ts';

/** What expressions and commands have in common where they choose. */

interface Branch {
  readonly type: Type;
  readonly span: Span;
}

/** Of the branches that differ, at most so many are told, and so many kinds of them told apart. */
const DIFFERING_MAX = 8;

/**
 * The one type of branches, arms or items. Of those that differ the ones are blamed that do not fit what is
 * wanted, or, where that is not known, what most of them are.
 */
export function joinBranches(
  what: 'if' | 'case' | 'list',
  branches: readonly Branch[],
  wanted: Wanted | null,
  inference: Inference,
): Type {
  const [first, ...others] = branches;
  const failed = others.filter(({ type, span }) => !inference.unify(first.type, type, span));
  if (failed.length === 0) return first.type;
  const other = modelOf(branches, wanted);
  const wrong = branches.filter(({ type }) => differ(type, other.type));
  for (const each of wrong.slice(0, DIFFERING_MAX))
    inference.report(errors.branchesDiffer({ what, wrong: each, other, wanted }));
  return wanted?.type ?? ERROR;
}

/** The branch that the others are measured by. */
function modelOf(branches: readonly Branch[], wanted: Wanted | null): Branch {
  const fitting = wanted === null ? undefined : branches.find(({ type }) => !differ(type, wanted.type));
  if (fitting !== undefined) return fitting;
  const kinds: { readonly model: Branch; count: number }[] = [];
  for (const branch of branches) {
    const kind = kinds.find(({ model }) => !differ(model.type, branch.type));
    if (kind !== undefined) kind.count++;
    else if (kinds.length < DIFFERING_MAX) kinds.push({ model: branch, count: 1 });
  }
  return kinds.reduce((most, kind) => (kind.count > most.count ? kind : most)).model;
}

/** Says which values no arm takes, and which arms take none, when all types are known. */
export function checkArms(
  arms: readonly TypedPattern[],
  subject: TypedExpression,
  span: Span,
  inference: Inference,
): void {
  inference.later(() => {
    const covered = coverage(arms, subject.type);
    const head = { ...span, end: Math.max(subject.span.end, span.start) };
    if (covered === null) return;
    if (covered === 'too large') {
      inference.report(patterns.caseTooLarge(head));
      return;
    }
    if (covered.missing.length > 0)
      inference.report(patterns.missingArms(head, covered.missing, covered.more));
    for (const { arm, by } of covered.redundant) {
      inference.report(patterns.redundantArm(arms[arm].span, by === null ? null : arms[by].span));
    }
  });
}

/** Checks, when all types are known, that a pattern that names something matches every value. */
export function checkIrrefutable(pattern: TypedPattern, inference: Inference): void {
  inference.later(() => {
    const covered = coverage([pattern], pattern.type);
    if (covered === null) return;
    if (covered === 'too large') inference.report(patterns.caseTooLarge(pattern.span));
    else if (covered.example !== null) {
      inference.report(patterns.refutablePattern(pattern.span, covered.example));
    }
  });
}
