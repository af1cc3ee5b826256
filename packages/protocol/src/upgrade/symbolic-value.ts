/**
 * Symbolic values: what is known of a value inside a block of code, as parts of the block's
 * argument. They answer one question, which parts of its argument a function uses.
 *
 * A step leads from a value to a part of it, and its type says what the step is: a component
 * of a tuple or record, the payload of a constructor, (0) any item of a list or set, or (0) any
 * key and (1) any value of a map.
 */

const NONE: ReadonlyMap<never, never> = new Map<never, never>();

/** A part of a block's argument, and how the block used it. */
export class Part {
  /** All of it was used: computed with, compared, or carried into the result. */
  whole = false;
  /** Its constructor, or how many items it has, decided something. */
  inspected = false;
  #parts: Map<number, Part> | null = null;

  /** The parts of it that were looked at, by step. */
  get parts(): ReadonlyMap<number, Part> {
    return this.#parts ?? NONE;
  }

  at(step: number): Part {
    let part = this.#parts?.get(step);
    if (part === undefined) {
      part = new Part();
      // Most parts are leaves: the map is made when it is needed.
      this.#parts ??= new Map();
      this.#parts.set(step, part);
    }
    return part;
  }
}

/**
 * A value that may be one of these parts of the argument, or one built of these components,
 * or one of these closures: all that can reach this place. Without any it holds nothing of
 * the argument.
 */
export interface SymbolicValue {
  readonly parts: ReadonlySet<Part>;
  readonly components: ReadonlyMap<number, SymbolicValue>;
  /** The body of each closure, and what it is closed over. */
  readonly closures: ReadonlyMap<Summary, SymbolicValue>;
}

/** What a block does with its argument: which parts it uses, and what it gives. */
export interface Summary {
  readonly argument: Part;
  readonly result: SymbolicValue;
}

const NO_PARTS: ReadonlySet<Part> = new Set();

/** Nothing of the argument: a constant, or what was computed. */
export const NOTHING: SymbolicValue = { parts: NO_PARTS, components: NONE, closures: NONE };

export const partSymbol = (part: Part): SymbolicValue => ({ ...NOTHING, parts: new Set([part]) });

export const closureSymbol = (body: Summary, environment: SymbolicValue): SymbolicValue => ({
  ...NOTHING,
  closures: new Map([[body, environment]]),
});

/** A value with these components, by step. */
export function builtSymbol(components: Iterable<readonly [number, SymbolicValue]>): SymbolicValue {
  const known = [...components].filter(([, component]) => component !== NOTHING);
  return known.length === 0 ? NOTHING : { ...NOTHING, components: new Map(known) };
}

/** Code whose analysis takes more work than this is not analysed: a bound for untrusted code. */
export const ANALYSIS_WORK_MAX = 2_000_000;

/** The analysis of one unit, with its bound; a step of work is a symbol that is looked at. */
export class Analysis {
  #work = 0;

  /** Whether the bound was reached; results are worthless then. */
  get exhausted(): boolean {
    return this.#work > ANALYSIS_WORK_MAX;
  }

  spend(work: number): void {
    this.#work += work;
  }

  /** The part of a value that a step leads to. */
  select(symbol: SymbolicValue, step: number): SymbolicValue {
    this.spend(1 + symbol.parts.size);
    const known = symbol.components.get(step) ?? NOTHING;
    if (symbol.parts.size === 0) return known;
    const parts = new Set<Part>();
    for (const part of symbol.parts) parts.add(part.at(step));
    return this.join({ ...NOTHING, parts }, known);
  }

  /** A value that may be either; `a` itself where `b` adds nothing to it. */
  join(a: SymbolicValue, b: SymbolicValue): SymbolicValue {
    this.spend(1 + b.parts.size);
    if (a === b || b === NOTHING || this.exhausted) return a;
    if (a === NOTHING) return b;
    const parts = [...b.parts].every((part) => a.parts.has(part))
      ? a.parts
      : new Set([...a.parts, ...b.parts]);
    const components = this.#joinEach(a.components, b.components);
    const closures = this.#joinEach(a.closures, b.closures);
    const same = parts === a.parts && components === a.components && closures === a.closures;
    return same ? a : { parts, components, closures };
  }

  #joinEach<K>(
    a: ReadonlyMap<K, SymbolicValue>,
    b: ReadonlyMap<K, SymbolicValue>,
  ): ReadonlyMap<K, SymbolicValue> {
    let joined: Map<K, SymbolicValue> | null = null;
    for (const [key, symbol] of b) {
      const known = a.get(key);
      const both = known === undefined ? symbol : this.join(known, symbol);
      if (both === known) continue;
      joined ??= new Map(a);
      joined.set(key, both);
    }
    return joined ?? a;
  }

  /** Uses all of a value. */
  use(symbol: SymbolicValue, seen: Set<SymbolicValue> = new Set()): void {
    this.spend(1 + symbol.parts.size);
    if (seen.has(symbol) || this.exhausted) return;
    seen.add(symbol);
    for (const part of symbol.parts) part.whole = true;
    for (const component of symbol.components.values()) this.use(component, seen);
    for (const environment of symbol.closures.values()) this.use(environment, seen);
  }

  /** Uses the constructor of a sum, or how many items there are. */
  inspect(symbol: SymbolicValue): void {
    this.spend(1 + symbol.parts.size);
    for (const part of symbol.parts) part.inspected = true;
  }

  /** What a block gives for an argument, which it uses as its summary says. */
  apply(summary: Summary, argument: SymbolicValue): SymbolicValue {
    this.useLike(summary.argument, argument);
    return this.resultFor(summary, argument);
  }

  /** Uses a value as a block uses its argument. */
  useLike(used: Part, argument: SymbolicValue): void {
    this.spend(1);
    if (argument === NOTHING || this.exhausted) return;
    if (used.whole) this.use(argument);
    else {
      if (used.inspected) this.inspect(argument);
      for (const [step, part] of used.parts) this.useLike(part, this.select(argument, step));
    }
  }

  /** The result of a block, with the parts of its argument replaced. */
  resultFor(summary: Summary, argument: SymbolicValue): SymbolicValue {
    const byPart = new Map<Part, SymbolicValue>();
    this.#locate(summary.argument, argument, byPart);
    const known = new Map<SymbolicValue, SymbolicValue>();
    const replace = (symbol: SymbolicValue): SymbolicValue => {
      this.spend(1 + symbol.parts.size);
      if (symbol === NOTHING || this.exhausted) return NOTHING;
      const before = known.get(symbol);
      if (before !== undefined) return before;
      // Loops, not callbacks: a value is as deep as its type, and so is this recursion.
      const components = new Map<number, SymbolicValue>();
      for (const [step, inner] of symbol.components) components.set(step, replace(inner));
      const closures = new Map<Summary, SymbolicValue>();
      for (const [body, inner] of symbol.closures) closures.set(body, replace(inner));
      let replaced: SymbolicValue = { parts: NO_PARTS, components, closures };
      for (const part of symbol.parts) replaced = this.join(replaced, byPart.get(part)!);
      known.set(symbol, replaced);
      return replaced;
    };
    return replace(summary.result);
  }

  #locate(part: Part, symbol: SymbolicValue, byPart: Map<Part, SymbolicValue>): void {
    if (this.exhausted) return;
    byPart.set(part, symbol);
    for (const [step, inner] of part.parts) this.#locate(inner, this.select(symbol, step), byPart);
  }
}
