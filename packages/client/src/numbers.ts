/**
 * That the numbers among options are none below the least of each; `NaN` is a wrong one, as is what is no number. Such
 * an option is a broken precondition: it would make a loop or a queue without a bound, or a request that no one answers.
 */
export function checkNumbers<N extends string>(
  options: { readonly [name in NoInfer<N>]?: unknown },
  least: Readonly<Record<N, number>>,
): void {
  for (const name of Object.keys(least) as N[]) {
    const value = options[name];
    if (value !== undefined && !(isNumber(value) && value >= least[name]))
      throw new Error(`${name} is a number, at least ${least[name]}, and not ${String(value)}`);
  }
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}
