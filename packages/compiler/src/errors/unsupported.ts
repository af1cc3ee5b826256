import type { Diagnostic, Span } from '@smc/protocol';
import { error, label } from './error.ts';

/** What is part of the language, and not part of this compiler yet. `what` as in `lists of types`. */
export function notSupportedYet(
  span: Span,
  what: string,
  help = 'It is part of the language, and will come.',
): Diagnostic {
  return error('E0190', `not supported yet: ${what}`, [label(span)], [help]);
}
