import type { Diagnostic, Span } from '@smc/protocol';
import { error, label } from './error.ts';

/** Diagnostics about patterns. */

/** `missing` are patterns that no arm takes. */
export function missingArms(span: Span, missing: readonly string[], more: boolean): Diagnostic {
  const quoted = missing.map((pattern) => `\`${pattern}\``);
  const list = quoted.join(', ') + (more ? ', …' : '');
  const one = missing.length === 1 && !more;
  return error(
    'E0240',
    `${list} ${one ? 'is' : 'are'} not handled`,
    [label(span)],
    [
      `A \`case\` says what to do for every value. Add ${one ? 'an arm' : 'arms'}: ${missing.map((pattern) => `\`${pattern} -> …\``).join(', ')}; or \`_ -> …\` for all that is left.`,
    ],
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

export function refutablePattern(span: Span, missing: string): Diagnostic {
  return error(
    'E0242',
    `this pattern does not match \`${missing}\``,
    [label(span)],
    ['A pattern that names parts must match every value. Use `case`, with an arm for each shape.'],
  );
}

export function caseTooLarge(span: Span): Diagnostic {
  return error(
    'E0243',
    'this `case` has too many combinations to be checked',
    [label(span)],
    ['Match on less at once: put a `case` into the arms of another.'],
  );
}
