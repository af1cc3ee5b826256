import { format } from '../syntax/index.ts';
import { prune } from '../types/type.ts';
import type {
  MachineSignature,
  OperationSignature,
  TypedConversion,
  TypedExpression,
  TypedWay,
} from '../types/typed.ts';
import { ConversionPrinter } from './conversion-source.ts';
import { type Direction, functionsIn } from './derived.ts';
import { makesUp } from './made-up.ts';
import {
  conversionOf,
  type DerivedUpgrade,
  type TypeClause,
  TypeClauses,
  VARIABLES,
} from './type-clauses.ts';

/**
 * A whole upgrade as source, what is written in it and what is derived: the same upgrade, where it
 * is compiled beside the newer version. A conversion of a declared type is a clause of its own; what
 * only hands on what that converts is left to be derived around it.
 */

/** What is known of an upgrade that is to be written out. */
export interface UpgradeToWrite extends DerivedUpgrade {
  /** The clauses of the file, each as it stands there. */
  readonly written: readonly string[];
}

/** An upgrade as source. */
export interface UpgradeSource {
  /** `upgrade old.M -> M { … }`, in the one layout, and a line end. */
  readonly text: string;
  /** The clauses of it that nobody wrote, each in one line as far as that goes. */
  readonly derived: readonly string[];
  /**
   * What is derived around what renames say, and makes something up, as clauses that could take the place of the
   * renames: beside them they would have nothing left to say. In `text` they are comments.
   */
  readonly around: readonly string[];
  /**
   * What else makes something up, and can be no clause beside the others: each as one of the part that it is of,
   * `back state.note _ -> ""`, or that part and `…` where there are no words for it. In `text` they are comments, too.
   */
  readonly unsayable: readonly string[];
}

/** The source of an upgrade. */
export function upgradeSource(upgrade: UpgradeToWrite): UpgradeSource {
  const printer = new UpgradePrinter(upgrade);
  const { derived, around, unsayable } = printer.parts();
  const { alias } = upgrade.names;
  const { name } = upgrade.typed.new;
  const head = `upgrade ${alias}.${name} -> ${name}`;
  const comments = [
    ...commented(AROUND, head, around),
    // Each for itself: what has no words is no clause.
    ...commented(UNSAYABLE, head, unsayable),
  ];
  const blocks = [upgrade.written, derived, comments].filter((block) => block.length > 0);
  const lines = blocks.flatMap((block, i) => (i === 0 ? block : ['', ...block]));
  const text = laidOut(head, lines);
  if (text === null) throw new Error(`the source of an upgrade can not be read: ${lines.join('\n')}`);
  return { text: `${text.join('\n')}\n`, derived, around, unsayable };
}

const AROUND = 'Derived around what is renamed; to change it, write it in place of the renames:';
const UNSAYABLE = 'Derived, too, where no clause can say it beside these:';

/** What is no clause, as comments in the layout that it would have. */
function commented(title: string, head: string, clauses: readonly string[]): readonly string[] {
  if (clauses.length === 0) return [];
  // A type that has no name there may head none: then it is as it is.
  const lines = clauses.flatMap((clause) => laidOut(head, [clause])?.slice(1, -1) ?? [clause]);
  return [title, ...lines.map((line) => line.replace(/^ {2}/, ''))].map((line) => `-- ${line}`);
}

/** The lines of an upgrade with these clauses, in the one layout; null where they are none. */
function laidOut(head: string, clauses: readonly string[]): readonly string[] | null {
  const source = clauses.length === 0 ? `${head} {}\n` : `${head} {\n${clauses.join('\n')}\n}\n`;
  const formatted = format(source, 'upgrade.sm');
  return formatted.ok ? formatted.text.trimEnd().split('\n') : null;
}

/** What is not written yet, and where it is to be told. */
type Place = 'derived' | 'around' | 'unsayable';

class UpgradePrinter {
  readonly #upgrade: UpgradeToWrite;
  readonly #types: TypeClauses;
  readonly #printer: ConversionPrinter;
  readonly #parts: Record<Place, string[]> = { derived: [], around: [], unsayable: [] };
  /** What no clause says as a whole: there clauses for types have their effect. */
  readonly #open: Record<Direction, TypedExpression[]> = { forward: [], back: [] };

  constructor(upgrade: UpgradeToWrite) {
    this.#upgrade = upgrade;
    this.#types = new TypeClauses(upgrade);
    this.#printer = new ConversionPrinter(upgrade.names, upgrade.typed, (fun) => this.#types.isApart(fun));
  }

  parts(): Readonly<Record<Place, readonly string[]>> {
    this.#renamed();
    const state = this.#state();
    const ways = [...this.#ways('forward'), ...this.#ways('back')];
    this.#parts.derived.push(...state, ...this.#conversions(), ...ways);
    const { derived, around, unsayable } = this.#parts;
    // A type with parameters has a function for each of its uses.
    return { derived, around: [...new Set(around)], unsayable };
  }

  // --------------------------------------------------------------------------- state

  #state(): readonly string[] {
    const { typed, clauses } = this.#upgrade;
    const { migration, back } = typed;
    const isBackDerived = back !== null && clauses.back === null;
    const open = (): void => {
      this.#open.forward.push(migration.body);
      if (isBackDerived) this.#open.back.push(back.body);
    };
    if (clauses.migration !== null) {
      if (isBackDerived) this.#open.back.push(back.body);
      return [];
    }
    const renames = clauses.renamesOfState(typed.old.state, typed.new.state);
    const isAllDerived = clauses.stateFields.size + renames.length === 0;
    const lines = isAllDerived ? this.#wholeState(this.#printer) : null;
    if (lines !== null) return lines;
    const initial = this.#initialFields();
    const unsaid = [
      ...this.#unsaidFields('forward', migration, typed.new, initial),
      ...(isBackDerived ? this.#unsaidFields('back', back, typed.old, new Map()) : []),
    ];
    const isInner = unsaid.some(({ isInitial }) => !isInitial);
    const whole = isAllDerived && isInner ? this.#wholeState(this.#types.whole) : null;
    const isAround = [migration, ...(isBackDerived ? [back] : [])].some(({ body }) =>
      this.#types.isAroundRenames(body),
    );
    if (whole !== null && !isAround) return whole;
    open();
    this.#parts.unsayable.push(...unsaid.map(({ text }) => text));
    return [...initial.values()];
  }

  /** `state older -> …` and the way back, none where they would say nothing; null where they can not be written. */
  #wholeState(printer: ConversionPrinter): readonly string[] | null {
    const { typed, clauses } = this.#upgrade;
    const forward = printer.conversion(typed.migration, VARIABLES.forward);
    const isBackKnown = typed.back === null || clauses.back !== null;
    const back = isBackKnown ? null : printer.conversion(typed.back, VARIABLES.back);
    if (forward === null || (back === null && !isBackKnown)) return null;
    if (forward.isSame) return [];
    const lines = [`state ${forward.pattern} -> ${forward.body}`];
    return back === null ? lines : [...lines, `back ${back.pattern} -> ${back.body}`];
  }

  /** `state.note _ -> ""`, by name: fields that are new take their initial values. The rest is derived around them. */
  #initialFields(): ReadonlyMap<string, string> {
    const { typed, clauses } = this.#upgrade;
    const { body } = typed.migration;
    const [before, after] = [fieldNames(typed.old), fieldNames(typed.new)];
    const renames = clauses.renamesOfState(typed.old.state, typed.new.state);
    const hasSource = (name: string): boolean =>
      renames.find(({ target }) => target === name) !== undefined || before.includes(name);
    const isKept = (name: string): boolean =>
      after.includes(renames.find(({ source }) => source === name)?.target ?? name) ||
      clauses.dropsField(typed.old.state, name);
    // A field without counterpart would cost the way back.
    if (body.kind !== 'record' || !before.every(isKept)) return new Map();
    return new Map(
      body.fields.flatMap(({ name, value }): [string, string][] => {
        if (hasSource(name) || clauses.stateFields.has(name)) return [];
        const made = this.#printer.constant(value);
        return made === null ? [] : [[name, `state.${name} _ -> ${made}`]];
      }),
    );
  }

  /** What is made up in fields of the state, and is not `said`; `isInitial`: all of a field, by its initial value. */
  #unsaidFields(
    direction: Direction,
    { pattern, body, span }: TypedConversion,
    { state }: MachineSignature,
    said: ReadonlyMap<string, string>,
  ): readonly { readonly text: string; readonly isInitial: boolean }[] {
    const { typed, clauses } = this.#upgrade;
    const head = direction === 'forward' ? 'state' : 'back state';
    const told = (name: string, value: TypedExpression): string => {
      const made = this.#types.whole.conversion({ pattern, body: value, span }, VARIABLES[direction]);
      return made === null ? `${head}${name} …` : `${head}${name} ${made.pattern} -> ${made.body}`;
    };
    if (body.kind !== 'record' || prune(state).kind !== 'record')
      return this.#types.makesUp(body) ? [{ text: told('', body), isInitial: false }] : [];
    return body.fields.flatMap(({ name, value }) => {
      const isWritten = direction === 'forward' && clauses.stateFields.has(name);
      if (said.has(name) || isWritten || !this.#types.makesUp(value)) return [];
      return [{ text: told(`.${name}`, value), isInitial: value.span !== typed.span }];
    });
  }

  // --------------------------------------------------------------------------- types

  /** Those that have an effect: what they speak of is not written as a part of something else everywhere. */
  #conversions(): readonly string[] {
    const reached = (['forward', 'back'] as const).map((direction) =>
      functionsIn(this.#open[direction], (fun) => this.#types.isWritten(fun)),
    );
    const lines = new Set<string>();
    for (const clause of this.#types.written)
      if (reached.some((functions) => functions.has(clause.fun))) lines.add(this.#typeClause(clause));
    return [...lines];
  }

  /** What is derived around renames of types, and makes something up. */
  #renamed(): void {
    const { span } = this.#upgrade.typed;
    // Both directions: where one is written, renames no longer say the other.
    for (const clauses of Map.groupBy(this.#types.renamed, ({ name }) => name).values())
      if (clauses.some(({ fun }) => makesUp(fun.body, span)))
        this.#parts.around.push(...clauses.map((clause) => this.#typeClause(clause)));
  }

  /** `Item older -> …` */
  #typeClause({ name, direction, fun }: TypeClause): string {
    const made = this.#types.whole.conversion(conversionOf(fun), VARIABLES[direction]);
    const head = direction === 'forward' ? name : `back ${name}`;
    return made === null ? `${head} …` : `${head} ${made.pattern} -> ${made.body}`;
  }

  // ---------------------------------------------------------------------- operations

  /** Those that can be clauses; the others are told elsewhere. */
  #ways(direction: Direction): readonly string[] {
    const { typed } = this.#upgrade;
    const isForward = direction === 'forward';
    const ways = isForward ? typed.operations : typed.backOperations;
    return ways.flatMap((way) => {
      if (way.kind !== 'adapter') return [];
      const [request, reply] = way.isWritten ? [null, null] : this.#wayParts(way, direction);
      if (request === null) this.#open[direction].push(way.request.body);
      if (reply === null) this.#open[isForward ? 'back' : 'forward'].push(way.reply.body);
      return request === null ? [] : [`${request}${reply ?? ''}`];
    });
  }

  /** How a way is written, and its reply, which is derived where it is left out; null where no clause says it. */
  #wayParts(
    way: TypedWay & { readonly kind: 'adapter' },
    direction: Direction,
  ): readonly [string, string | null] | readonly [null, null] {
    const types = this.#types;
    const isForward = direction === 'forward';
    const [isRequestMade, isReplyMade] = [way.request, way.reply].map(({ body }) => types.makesUp(body));
    const isRenamed = this.#isRenamed(isForward ? way.name : way.to);
    const request =
      (isRenamed ? null : this.#request(this.#printer, way, direction)) ??
      (isRequestMade || isReplyMade ? this.#request(types.whole, way, direction) : null);
    const reply =
      (isRenamed ? null : this.#printer.conversion(way.reply, 'reply')) ??
      (isReplyMade ? types.whole.conversion(way.reply, 'reply') : null);
    const isUnsaid = request === null || (isReplyMade && reply === null);
    if (isUnsaid) {
      if (isRequestMade || isReplyMade)
        this.#parts.unsayable.push(`${isForward ? '' : 'back '}on ${way.name} -> ${way.to} …`);
      return [null, null];
    }
    const replied = reply === null || reply.isSame ? null : ` reply ${reply.pattern} -> ${reply.body}`;
    const isAround =
      isRenamed ||
      (isRequestMade && types.isAroundRenames(way.request.body)) ||
      (isReplyMade && types.isAroundRenames(way.reply.body));
    if (isAround) {
      this.#parts.around.push(`${request.text}${replied ?? ''}`);
      return [null, null];
    }
    if (request.isSame && replied === null && way.name === way.to) return [null, null];
    return [request.text, replied];
  }

  /** `on Add(name) -> Put(name: name)` */
  #request(
    printer: ConversionPrinter,
    way: TypedWay & { readonly kind: 'adapter' },
    direction: Direction,
  ): { readonly text: string; readonly isSame: boolean } | null {
    const { old, new: next } = this.#upgrade.typed;
    const [from, to] = direction === 'forward' ? [old, next] : [next, old];
    const made = printer.request(way.request, operationOf(from, way.name), operationOf(to, way.to));
    if (made === null) return null;
    const head = direction === 'forward' ? 'on' : 'back on';
    return { text: `${head} ${way.name}${made.pattern} -> ${way.to}${made.body}`, isSame: made.isSame };
  }

  /** Whether renames say what becomes of an operation of the old version, or of its parameters. */
  #isRenamed(operation: string): boolean {
    const { operationRenames, parameterRenames } = this.#upgrade.clauses;
    return (
      operationRenames.some(({ source }) => source === operation) ||
      parameterRenames.some((rename) => rename.operation === operation)
    );
  }
}

function fieldNames({ state }: MachineSignature): readonly string[] {
  const own = prune(state);
  return own.kind === 'record' ? own.fields.map(({ name }) => name) : [];
}

function operationOf({ operations }: MachineSignature, name: string): OperationSignature {
  const found = operations.find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`an upgrade speaks of the operation ${name}, which is not there`);
  return found;
}
