import type { Diagnostic, Label, Span } from '@smc/protocol';
import type { Code } from './codes.ts';

/** An error of a code of the table; the first label is the main one. */
export function error(
  code: Code,
  message: string,
  labels: readonly Label[],
  help: readonly string[],
): Diagnostic {
  return { code, severity: 'error', message, labels, help };
}

/** A marked place, with the words beside the mark. */
export const label = (span: Span, text = ''): Label => ({ span, text });
