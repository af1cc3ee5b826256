import { usesOf } from '../combinators/translate/uses.ts';
import { format } from '../syntax/index.ts';
import type { Clauses } from '../types/clauses.ts';
import { prune, typesIn } from '../types/type.ts';
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
import type { Names } from './names.ts';

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
}

/** The source of an upgrade. */
export function upgradeSource(upgrade: UpgradeToWrite): UpgradeSource {
  const derived = new UpgradePrinter(upgrade).clauses();
  const { alias } = upgrade.names;
  const { name } = upgrade.typed.new;
  const head = `upgrade ${alias}.${name} -> ${name}`;
  const blank = upgrade.written.length > 0 && derived.length > 0 ? [''] : [];
  const lines = [...upgrade.written, ...blank, ...derived];
  const source = lines.length === 0 ? `${head} {}\n` : `${head} {\n${lines.join('\n')}\n}\n`;
  const formatted = format(source, 'upgrade.sm');
  if (!formatted.ok)
    throw new Error(`${formatted.diagnostics[0].message} in the source of an upgrade: ${source}`);
  return { text: formatted.text, derived };
}

/** The type clauses that say what derived functions do. */
interface TypeClause {
  readonly direction: 'forward' | 'back';
  /** Null where renames say it, which are written already: nothing would be left for them to say. */
  readonly name: string | null;
  readonly fun: TypedFun;
}

/** What a variable of the older version, and of the newer one, is called. */
const OLDER = 'older';
const NEWER = 'newer';

class UpgradePrinter {
  readonly #upgrade: UpgradeToWrite;
  readonly #printer: ConversionPrinter;
  readonly #types: readonly TypeClause[];

  constructor(upgrade: UpgradeToWrite) {
    this.#upgrade = upgrade;
    this.#types = typeClauses(upgrade);
    // One type can be several objects, and have a function for each.
    const owned = new Set(this.#types.map(({ fun }) => fun));
    this.#printer = new ConversionPrinter(upgrade.names, upgrade.typed, (fun) => owned.has(fun));
  }

  clauses(): readonly string[] {
    return [...this.#state(), ...this.#conversions(), ...this.#ways('forward'), ...this.#ways('back')];
  }

  // --------------------------------------------------------------------------- state

  #state(): readonly string[] {
    const { typed, clauses } = this.#upgrade;
    if (clauses.migration !== null) return [];
    const renames = clauses.renamesOfState(typed.old.state);
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
    const renames = clauses.renamesOfState(typed.old.state);
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
    const named = this.#types.flatMap(({ name, ...rest }) => (name === null ? [] : [{ name, ...rest }]));
    return [...Map.groupBy(named, ({ name }) => name)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, clauses]) => {
        const lines = new Map<string, string | null>();
        for (const { direction, fun } of clauses) {
          const made = this.#conversion(
            { pattern: fun.parameter, body: fun.body, span: fun.span },
            direction === 'forward' ? OLDER : NEWER,
          );
          const head = direction === 'forward' ? name : `back ${name}`;
          lines.set(direction, made && `${head} ${made.pattern} -> ${made.body}`);
        }
        const all = [...lines.values()];
        return all.includes(null) ? [] : ['forward', 'back'].flatMap((each) => lines.get(each) ?? []);
      });
  }

  #conversion(conversion: TypedConversion, name: string): ConversionSource | null {
    return this.#printer.conversion(conversion, name);
  }

  // ---------------------------------------------------------------------- operations

  #ways(direction: 'forward' | 'back'): readonly string[] {
    const { typed } = this.#upgrade;
    const isForward = direction === 'forward';
    const [from, to] = isForward ? [typed.old, typed.new] : [typed.new, typed.old];
    const ways = isForward ? typed.operations : typed.backOperations;
    return ways.flatMap((way) => {
      if (way.kind !== 'adapter' || way.isWritten || this.#isRenamed(isForward ? way.name : way.to))
        return [];
      const text = this.#way(way, operationOf(from, way.name), operationOf(to, way.to));
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
    way: TypedWay & { readonly kind: 'adapter' },
    from: OperationSignature,
    to: OperationSignature,
  ): string | null {
    const request = this.#printer.request(way.request, from, to);
    if (request === null) return null;
    const reply = this.#conversion(way.reply, 'reply');
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
      if (isRenamed(older, clauses)) {
        found.push({ direction, name: null, fun });
        continue;
      }
      // Sets and keys of maps are converted by derived conversions only.
      if (older.kind === 'sum' && inKeys.has(older.declaration)) continue;
      // It would convert the state, too, which may be derived in another way.
      if (isState(older)) continue;
      const name = names.typeOf(older, newer, renamed);
      if (name !== null) found.push({ direction, name, fun });
    }
  }
  return found;
}

/** Whether renames speak of parts of a type of the old version. */
function isRenamed(
  older: Type,
  { fieldRenames, constructorRenames, argumentRenames, typeRenames }: Clauses,
): boolean {
  if (older.kind !== 'sum') return fieldRenames.some(({ owner }) => !differ(owner, older));
  const { declaration } = older;
  return (
    [...constructorRenames, ...argumentRenames].some(({ owner }) => owner === declaration) ||
    typeRenames.some(({ source }) => source === declaration)
  );
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
