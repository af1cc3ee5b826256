/**
 * A function of the host from generated source: the body of a function of `parameters`. Null where
 * the host does not make one: it forbids it (EvalError), or its parser has a limit that we do not know.
 *
 * The body starts with a number of its own. Of two equal texts the host makes one code, and
 * notes for both together what they meet; but what two programs meet has nothing to do with
 * each other, also where they have an operation that is the same.
 */
export function functionOf(
  parameters: readonly string[],
  body: string,
): ((...given: unknown[]) => unknown) | null {
  made += 1;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- made of the alphabets of `source.ts` and `dispatch.ts` alone
    return new Function(...parameters, `'use strict'; ${made};\n${body}`) as (...given: unknown[]) => unknown;
  } catch {
    return null;
  }
}

let made = 0;
