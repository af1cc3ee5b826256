import { usesOf } from '../combinators/translate/uses.ts';
import { format } from '../syntax/index.ts';
import type * as tree from '../syntax/tree.ts';
import type { Clauses } from '../types/clauses.ts';
import { display, prune, typesIn } from '../types/type.ts';
import type {
  MachineSignature,
  OperationSignature,
  SumDeclaration,
  Type,
  TypedConversion,
  TypedFun,
  TypedUpgrade,
  TypedWay,
} from '../types/typed.ts';
import { differ } from '../types/unify.ts';
import { ConversionPrinter, type ConversionSource } from './conversion-source.ts';
import { makesUp } from './made-up.ts';
import type { Names } from './names.ts';
import { renamesOfRecord } from './renames.ts';

/**
 * A whole upgrade as source, what is written in it and what is derived: the same upgrade, where it
 * is compiled beside the newer version. A conversion of a declared type is a clause of its own; what
 * can then be derived around it is left to that, since a clause can not use another one.
 */

/** What is known of an upgrade that is to be written out. */
export interface UpgradeToWrite {
  readonly typed: TypedUpgrade;
  readonly clauses: Clauses;
  /** The clauses of the file, each as it stands there. */
  readonly written: readonly string[];
  readonly names: Names;
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
  /** Whether defaults, initial values or failures are derived at all, in clauses or not. */
  readonly isMadeUp: boolean;
}

/** The source of an upgrade. */
export function upgradeSource(upgrade: UpgradeToWrite): UpgradeSource {
  const printer = new UpgradePrinter(upgrade);
  const [derived, around] = [printer.clauses(), printer.around()];
  const { alias } = upgrade.names;
  const { name } = upgrade.typed.new;
  const head = `upgrade ${alias}.${name} -> ${name}`;
  // A type that has no name there may head none: then it is as it is.
  const shown = laidOut(head, around)?.slice(1, -1) ?? around;
  const comments = around.length === 0 ? [] : [AROUND, ...shown.map(commented)];
  const blocks = [upgrade.written, derived, comments].filter((block) => block.length > 0);
  const lines = blocks.flatMap((block, i) => (i === 0 ? block : ['', ...block]));
  const text = laidOut(head, lines);
  if (text === null) throw new Error(`the source of an upgrade can not be read: ${lines.join('\n')}`);
  return { text: `${text.join('\n')}\n`, derived, around, isMadeUp: printer.isMadeUp() };
}

const AROUND = '-- Derived around what is renamed; to change it, write it in place of the renames:';

const commented = (line: string): string => `-- ${line.replace(/^ {2}/, '')}`;

/** The lines of an upgrade with these clauses, in the one layout; null where they are none. */
function laidOut(head: string, clauses: readonly string[]): readonly string[] | null {
  const source = clauses.length === 0 ? `${head} {}\n` : `${head} {\n${clauses.join('\n')}\n}\n`;
  const formatted = format(source, 'upgrade.sm');
  return formatted.ok ? formatted.text.trimEnd().split('\n') : null;
}

/** The type clauses that say what derived functions do. */
interface TypeClause {
  readonly direction: 'forward' | 'back';
  readonly name: string;
  /** Whether renames say it, which are written already: nothing would be left for them to say. */
  readonly isRenamed: boolean;
  readonly fun: TypedFun;
}

/** What a variable of the older version, and of the newer one, is called. */
const OLDER = 'older';
const NEWER = 'newer';

class UpgradePrinter {
  readonly #upgrade: UpgradeToWrite;
  readonly #printer: ConversionPrinter;
  /** Writes all of a conversion where it stands. */
  readonly #whole: ConversionPrinter;
  readonly #types: readonly TypeClause[];

  constructor(upgrade: UpgradeToWrite) {
    this.#upgrade = upgrade;
    this.#types = typeClauses(upgrade);
    // One type can be several objects, and have a function for each.
    const owned = new Set(this.#types.map(({ fun }) => fun));
    this.#printer = new ConversionPrinter(upgrade.names, upgrade.typed, (fun) => owned.has(fun));
    this.#whole = new ConversionPrinter(upgrade.names, upgrade.typed, () => false);
  }

  clauses(): readonly string[] {
    return [...this.#state(), ...this.#conversions(), ...this.#ways('forward'), ...this.#ways('back')];
  }

  /** What is derived around renames, and makes something up. */
  around(): readonly string[] {
    const { span } = this.#upgrade.typed;
    const renamed = Map.groupBy(
      this.#types.filter(({ isRenamed }) => isRenamed),
      ({ name }) => name,
    );
    // Both directions: where one is written, renames no longer say the other.
    const types = [...renamed.values()]
      .filter((clauses) => clauses.some(({ fun }) => makesUp(fun.body, span)))
      .flat()
      .flatMap(({ direction, name, fun }) => this.#typeClause(this.#whole, name, direction, fun) ?? []);
    // A type with parameters has a function for each of its uses.
    return [...new Set([...types, ...this.#ways('forward', true), ...this.#ways('back', true)])];
  }

  /** Whether anything is derived that the other version does not have. */
  isMadeUp(): boolean {
    const { typed } = this.#upgrade;
    const roots = rootsOf(typed).flatMap((each) => each.roots);
    return [...roots, ...functionsIn(roots)].some(
      ({ body, span }) => span === typed.span && makesUp(body, span),
    );
  }

  // --------------------------------------------------------------------------- state

  #state(): readonly string[] {
    const { typed, clauses } = this.#upgrade;
    if (clauses.migration !== null) return [];
    const renames = clauses.renamesOfState(typed.old.state, typed.new.state);
    if (clauses.stateFields.size + renames.length > 0) return this.#initialFields();
    const forward = this.#conversion(typed.migration, OLDER);
    const isBackKnown = typed.back === null || clauses.back !== null;
    const back = isBackKnown ? null : this.#conversion(typed.back, NEWER);
    if (forward === null || (back === null && !isBackKnown)) return this.#initialFields();
    if (forward.isSame) return [];
    const lines = [`state ${forward.pattern} -> ${forward.body}`];
    return back === null ? lines : [...lines, `back ${back.pattern} -> ${back.body}`];
  }

  /** `state.note _ -> ""`: fields that are new take their initial values. The rest is derived around them. */
  #initialFields(): readonly string[] {
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
    if (body.kind !== 'record' || !before.every(isKept)) return [];
    return body.fields.flatMap(({ name, value }) => {
      if (hasSource(name) || clauses.stateFields.has(name)) return [];
      const made = this.#printer.constant(value);
      return made === null ? [] : [`state.${name} _ -> ${made}`];
    });
  }

  // --------------------------------------------------------------------------- types

  /** Those of one type together; where one direction can not be written, none is. */
  #conversions(): readonly string[] {
    const own = this.#types.filter(({ isRenamed }) => !isRenamed);
    return [...Map.groupBy(own, ({ name }) => name)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, clauses]) => {
        const lines = new Map<string, string | null>();
        for (const { direction, fun } of clauses)
          lines.set(direction, this.#typeClause(this.#printer, name, direction, fun));
        const all = [...lines.values()];
        return all.includes(null) ? [] : ['forward', 'back'].flatMap((each) => lines.get(each) ?? []);
      });
  }

  /** `Item older -> …`; null where it can not be written. */
  #typeClause(
    printer: ConversionPrinter,
    name: string,
    direction: TypeClause['direction'],
    { parameter: pattern, body, span }: TypedFun,
  ): string | null {
    const [head, variable] = direction === 'forward' ? [name, OLDER] : [`back ${name}`, NEWER];
    const made = printer.conversion({ pattern, body, span }, variable);
    return made && `${head} ${made.pattern} -> ${made.body}`;
  }

  #conversion(conversion: TypedConversion, name: string): ConversionSource | null {
    return this.#printer.conversion(conversion, name);
  }

  // ---------------------------------------------------------------------- operations

  /** `isAround`: of those that renames speak of, which make something up; else of all others. */
  #ways(direction: 'forward' | 'back', isAround = false): readonly string[] {
    const { typed } = this.#upgrade;
    const isForward = direction === 'forward';
    const [from, to] = isForward ? [typed.old, typed.new] : [typed.new, typed.old];
    const ways = isForward ? typed.operations : typed.backOperations;
    return ways.flatMap((way) => {
      if (way.kind !== 'adapter' || way.isWritten) return [];
      if (this.#isRenamed(isForward ? way.name : way.to) !== isAround) return [];
      if (isAround && ![way.request, way.reply].some(({ body }) => makesUp(body, typed.span))) return [];
      const printer = isAround ? this.#whole : this.#printer;
      const text = this.#way(printer, way, operationOf(from, way.name), operationOf(to, way.to));
      return text === null ? [] : [`${isForward ? '' : 'back '}on ${text}`];
    });
  }

  /** Whether renames say what becomes of an operation of the old version, or of its parameters. */
  #isRenamed(operation: string): boolean {
    const { operationRenames, parameterRenames } = this.#upgrade.clauses;
    return (
      operationRenames.some(({ source }) => source === operation) ||
      parameterRenames.some((rename) => rename.operation === operation)
    );
  }

  #way(
    printer: ConversionPrinter,
    way: TypedWay & { readonly kind: 'adapter' },
    from: OperationSignature,
    to: OperationSignature,
  ): string | null {
    const request = printer.request(way.request, from, to);
    if (request === null) return null;
    const reply = printer.conversion(way.reply, 'reply');
    // A reply that is left out is derived.
    const written = reply === null || reply.isSame ? '' : ` reply ${reply.pattern} -> ${reply.body}`;
    if (request.isSame && written === '' && way.name === way.to) return null;
    return `${way.name}${request.pattern} -> ${way.to}${request.body}${written}`;
  }
}

// ------------------------------------------------------------------------ types with clauses

/** The functions of a derived upgrade that a clause for a type can say. */
function typeClauses({ typed, clauses, names }: UpgradeToWrite): readonly TypeClause[] {
  const inKeys = sumsOfKeys(typed.old);
  const isState = (older: Type): boolean => older.kind === 'record' && !differ(older, typed.old.state);
  const renamed = (declaration: SumDeclaration): string | null =>
    clauses.typeRenames.find(({ source }) => source === declaration)?.target.name ?? null;
  const found: TypeClause[] = [];
  for (const { direction, roots } of rootsOf(typed)) {
    for (const fun of functionsIn(roots)) {
      if (fun.span !== typed.span) continue;
      const [from, to] = [prune(fun.parameter.type), prune(fun.result)];
      const [older, newer] = direction === 'forward' ? [from, to] : [to, from];
      const spoken = renameOf(older, newer, clauses);
      if (spoken !== null) {
        found.push({ direction, name: spoken, isRenamed: true, fun });
        continue;
      }
      // Sets and keys of maps are converted by derived conversions only.
      if (older.kind === 'sum' && inKeys.has(older.declaration)) continue;
      // It would convert the state, too, which may be derived in another way.
      if (isState(older)) continue;
      const name = names.typeOf(older, newer, renamed);
      if (name !== null) found.push({ direction, name, isRenamed: false, fun });
    }
  }
  return found;
}

/** What renames call a type of the old version that they speak of; null where there are none. */
function renameOf(
  older: Type,
  newer: Type,
  { fieldRenames, constructorRenames, argumentRenames, typeRenames }: Clauses,
): string | null {
  const renames =
    older.kind === 'sum'
      ? [...constructorRenames, ...argumentRenames].filter(({ owner }) => owner === older.declaration)
      : older.kind === 'record' && newer.kind === 'record'
        ? renamesOfRecord(fieldRenames, older, newer)
        : [];
  const renamed =
    older.kind === 'sum' ? typeRenames.find(({ source }) => source === older.declaration) : undefined;
  // By the name in the new version, as in a clause.
  if (renamed !== undefined) return renamed.target.name;
  const [clause] = renames.map((each) => each.clause).filter(({ kind }) => kind === 'rename');
  return clause?.kind === 'rename' ? typeName(clause.from) || display(older) : null;
}

/** Of `Item.price` or `St.Paid.at` what is the type, which may stand after its import; empty where there is none. */
function typeName(path: readonly tree.Name[]): string {
  const isType = path.findIndex(({ text }) => /^[A-Z]/.test(text));
  return path
    .slice(0, isType + 1)
    .map(({ text }) => text)
    .join('.');
}

/** The conversions of an upgrade in each direction. */
function rootsOf(typed: TypedUpgrade): readonly {
  readonly direction: TypeClause['direction'];
  readonly roots: readonly TypedConversion[];
}[] {
  const forward = [typed.migration];
  const back = typed.back === null ? [] : [typed.back];
  for (const way of typed.operations) {
    if (way.kind !== 'adapter') continue;
    forward.push(way.request);
    back.push(way.reply);
  }
  for (const way of typed.backOperations) {
    if (way.kind !== 'adapter') continue;
    back.push(way.request);
    forward.push(way.reply);
  }
  return [
    { direction: 'forward', roots: forward },
    { direction: 'back', roots: back },
  ];
}

/** All that are called in some conversions, each once. */
function functionsIn(roots: readonly TypedConversion[]): ReadonlySet<TypedFun> {
  const found = new Set<TypedFun>();
  const open = roots.map(({ body }) => body);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const callee of usesOf({ kind: 'expression', node }).callees) {
      if (callee.kind !== 'fun' || found.has(callee.fun)) continue;
      found.add(callee.fun);
      open.push(callee.fun.body);
    }
  }
  return found;
}

/** The sums in what is an item of a set or a key of a map. */
function sumsOfKeys({ state, operations }: MachineSignature): ReadonlySet<SumDeclaration> {
  const found = new Set<SumDeclaration>();
  const roots = operations.flatMap(({ parameters, reply }) => [...parameters.map(({ type }) => type), reply]);
  for (const root of [state, ...roots]) {
    for (const type of typesIn(root)) {
      const key = type.kind === 'set' ? type.item : type.kind === 'map' ? type.key : null;
      if (key === null) continue;
      for (const inner of typesIn(key)) if (inner.kind === 'sum') found.add(inner.declaration);
    }
  }
  return found;
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
