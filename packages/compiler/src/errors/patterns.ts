import type { Diagnostic, Span } from '@smc/protocol';
import { error, label } from './error.ts';

/** Diagnostics about patterns. */

/** `missing` are patterns that no arm takes. */
export function missingArms(span: Span, missing: readonly string[], more: boolean): Diagnostic {
  const every = 'A `case` says what to do for every value.';
  if (missing.length === 1 && missing[0] === '_') {
    return error(
      'E0240',
      'all other values are not handled',
      [label(span)],
      [`${every} Add an arm: \`_ -> …\`.`],
    );
  }
  const quoted = missing.map((pattern) => `\`${pattern}\``);
  const one = missing.length === 1 && !more;
  const arms = missing.map((pattern) => `\`${pattern} -> …\``).join(', ');
  return error(
    'E0240',
    `${quoted.join(', ')}${more ? ', …' : ''} ${one ? 'is' : 'are'} not handled`,
    [label(span)],
    [`${every} Add ${one ? 'an arm' : 'arms'}: ${arms}; or \`_ -> …\` for all others.`],
  );
}

/** `by` is the earlier arm that takes all of it, if it is one alone. */
export function redundantArm(span: Span, by: Span | null): Diagnostic {
  const labels = [label(span, 'never reached')];
  if (by !== null) labels.push(label(by, 'takes all that this arm would'));
  return error('E0241', 'this arm is never reached', labels, [
    'The arms before it take every value that it could. Take it out, or move it up.',
  ]);
}

/** E0242: a pattern that may not match. */
export function refutablePattern(span: Span, missing: string): Diagnostic {
  return error(
    'E0242',
    `this pattern does not match \`${missing}\``,
    [label(span)],
    ['A pattern that names parts must match every value. Use `case`, with an arm for each shape.'],
  );
}

/** E0243: a case that is too large to check. */
export function caseTooLarge(span: Span): Diagnostic {
  return error(
    'E0243',
    'this `case` has too many combinations to be checked',
    [label(span)],
    ['Match on less at once: put a `case` into the arms of another.'],
  );
}
