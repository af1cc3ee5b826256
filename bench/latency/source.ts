/** The machine that is loaded beside those of `workloads/`. */
export const LARGE = 'large';

/** So many operations are about 6,000 instructions. */
export const LARGE_OPERATIONS = 33;

/**
 * A machine with so many operations, each of which looks at some of its eight fields and changes two: about 180
 * instructions each.
 */
export function largeSource(operations: number): string {
  const fields = Array.from({ length: 8 }, (_, field) => `    part${field}: Int = ${field},`);
  const on = Array.from({ length: operations }, (_, index) => {
    const [a, b, c] = [index % 8, (index + 3) % 8, (index + 5) % 8];
    return `
  on Move${index}(amount: Int) -> Int {
    s <- get
    let next = (s.part${a} * ${index + 3} + amount) % ${1009 + index}
    let bound = Int.min(Int.max(s.part${b}, next), ${5000 + index})
    if bound < s.part${c} {
      put -< { ...s, part${a}: next, part${b}: bound + 1 }
      return -< bound - next
    } else {
      put -< { ...s, part${c}: next - amount, part${b}: if next == ${index} { 0 } else { bound } }
      return -< next
    }
  }`;
  });
  return `machine Large {\n  state {\n${fields.join('\n')}\n  }\n${on.join('\n')}\n}\n`;
}
