/** The types that a generated expression can have. */
export type ExpressionType = 'Int' | 'String' | 'Bool' | 'Ints' | 'Strings';

/** What can be used in an expression, as it is written. */
export interface Variable {
  readonly name: string;
  readonly type: ExpressionType;
}

/** A way to make an expression; `make` gives one of a type, of less depth, with further variables. */
type Form = (make: (type: ExpressionType, ...more: readonly Variable[]) => string, n: number) => string;

const FORMS: Readonly<Record<ExpressionType, readonly Form[]>> = {
  Int: [
    (make) => `${make('Int')} + ${make('Int')}`,
    (make) => `(${make('Int')} - ${make('Int')}) * ${make('Int')}`,
    (make, n) => `${make('Int')} / ${n + 1} + ${make('Int')} % ${n + 2}`,
    (make) => `Int.min(${make('Int')}, ${make('Int')})`,
    (make) => `if ${make('Bool')} { ${make('Int')} } else { ${make('Int')} }`,
    (make) => `List.sum(${make('Ints')})`,
    (make) => `String.length(${make('String')})`,
    (make) => `Option.withDefault(List.get(${make('Ints')}, ${make('Int')}), ${make('Int')})`,
    (make) => `case Int.parse(${make('String')}) { None -> ${make('Int')}
      Some(parsed) -> ${make('Int', { name: 'parsed', type: 'Int' })} }`,
    (make) => `(let part = ${make('Int')} in ${make('Int', { name: 'part', type: 'Int' })})`,
    (make) => `case (${make('Bool')}, ${make('Bool')}) { (true, _) -> ${make('Int')}
      (false, true) -> ${make('Int')}
      (_, false) -> ${make('Int')} }`,
  ],
  String: [
    (make) => `${make('String')} ++ ${make('String')}`,
    (make) => `Int.toString(${make('Int')})`,
    (make) => `String.toUpper(${make('String')})`,
    (make) => `String.join(${make('Strings')}, ", ")`,
    (make) => `if ${make('Bool')} { ${make('String')} } else { ${make('String')} }`,
    (make, n) => `String.slice(${make('String')}, 0, ${n})`,
  ],
  Bool: [
    (make) => `${make('Int')} < ${make('Int')}`,
    (make) => `${make('Int')} == ${make('Int')}`,
    (make) => `${make('Bool')} && ${make('Int')} >= ${make('Int')}`,
    (make) => `${make('Int')} > ${make('Int')} || ${make('String')} == ${make('String')}`,
    (make) => `!String.isEmpty(${make('String')})`,
    (make) => `List.any(${make('Ints')}, each -> ${make('Bool', { name: 'each', type: 'Int' })})`,
  ],
  Ints: [
    (make) => `[${make('Int')}, ${make('Int')}]`,
    (make) => `List.map(${make('Ints')}, x -> ${make('Int', { name: 'x', type: 'Int' })})`,
    (make) => `List.filter(${make('Ints')}, x -> ${make('Bool', { name: 'x', type: 'Int' })})`,
    (make) => `List.range(0, ${make('Int')})`,
    (make) => `List.map(${make('Strings')}, word -> String.length(word))`,
  ],
  Strings: [
    (make) => `[${make('String')}, ${make('String')}]`,
    (make) => `String.split(${make('String')}, " ")`,
    (make) => `List.filter(${make('Strings')}, word -> ${make('Bool', { name: 'word', type: 'String' })})`,
    (make) => `${make('Strings')} ++ [${make('String')}]`,
  ],
};

const LITERALS: Readonly<Record<ExpressionType, (n: number) => string>> = {
  Int: (n) => String(n),
  String: (n) => JSON.stringify(['open', 'a line\n', 'two words', ''][n % 4]),
  Bool: (n) => String(n % 2 === 0),
  Ints: (n) => `[1, ${n}]`,
  Strings: () => '["x", "y"]',
};

/** Random expressions of a type. */
export class Expressions {
  private readonly random: () => number;

  /** `random` gives positive integers. */
  constructor(random: () => number) {
    this.random = random;
  }

  /** A random integer from `least` to `most`. */
  upTo(least: number, most: number): number {
    return least + ((this.random() >> 4) % (most - least + 1));
  }

  /** An expression of at most that depth. */
  of(type: ExpressionType, variables: readonly Variable[], depth: number): string {
    const n = this.upTo(0, 99);
    const fitting = variables.filter((variable) => variable.type === type);
    if (depth === 0 || n < 15) {
      return fitting.length === 0 || n % 3 === 0 ? LITERALS[type](n) : fitting[n % fitting.length].name;
    }
    const forms = FORMS[type];
    const form = forms[this.upTo(0, forms.length - 1)];
    return form((part, ...more) => bracketed(this.of(part, [...variables, ...more], depth - 1)), n);
  }
}

/** What could be read in another way beside an operator stands in brackets; the formatter takes away needless ones. */
const bracketed = (text: string): string => (/^[\w.]+(\(.*\))?$|^"/.test(text) ? text : `(${text})`);
