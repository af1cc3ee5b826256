import type { Span } from '@smc/protocol';
import * as patterns from '../errors/patterns.ts';
import * as errors from '../errors/types.ts';
import { coverage } from './exhaustiveness.ts';
import type { Inference, Wanted } from './inference.ts';
import { ERROR } from './type.ts';
import type { Type, TypedExpression, TypedPattern } from './typed.ts';
import { differ } from './unify.ts';

/** What expressions and commands have in common where they choose. */

/** The one type of branches, arms or items; of two that differ, the one that does not fit what is wanted is blamed. */
export function joinBranches(
  what: 'if' | 'case' | 'list',
  branches: readonly { readonly type: Type; readonly span: Span }[],
  wanted: Wanted | null,
  inference: Inference,
): Type {
  const [first, ...others] = branches;
  for (const branch of others) {
    if (inference.unify(first.type, branch.type, branch.span)) continue;
    const firstIsWrong =
      wanted !== null && differ(first.type, wanted.type) && !differ(branch.type, wanted.type);
    const [wrong, other] = firstIsWrong ? [first, branch] : [branch, first];
    inference.report(errors.branchesDiffer({ what, wrong, other, wanted }));
    return wanted?.type ?? ERROR;
  }
  return first.type;
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
