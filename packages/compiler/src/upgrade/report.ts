import { fingerprints, sumsInOtherForm, writingFunctions, type Diagnostic, type Image } from '@smc/protocol';
import { usesOf } from '../combinators/translate/uses.ts';
import { recordOf } from '../types/type.ts';
import type {
  MachineSignature,
  Type,
  TypedConversion,
  TypedFun,
  TypedUpgrade,
  TypedWay,
} from '../types/typed.ts';
import type { ComparedVersions, MachinePair } from '../versions.ts';
import { operationChanges, stateChanges, type Change, type OperationChange } from './changes.ts';
import { Names } from './names.ts';
import { writtenPath, writtenSteps } from './steps.ts';
import { upgradeSource, type UpgradeSource } from './upgrade-source.ts';

/** What there is to say of two versions of a program, as data: what changed, and what that means for whom. */

/** The report of two versions. */
export interface UpgradeReport {
  /** By name. */
  readonly machines: readonly MachineReport[];
}

/** The report of one machine. */
export interface MachineReport {
  readonly name: string;
  readonly change: MachinePair['change'];
  /** Code fingerprints, 64 hex digits each; null where the version does not have it. */
  readonly code: { readonly old: string | null; readonly new: string | null };
  /** The kinds of its keys, where they differ: then no upgrade leads from one to the other. */
  readonly key: { readonly old: MachineSignature['key']; readonly new: MachineSignature['key'] } | null;
  readonly state: readonly Change[];
  readonly operations: readonly OperationChange[];
  /** Whether the clauses of an upgrade in the file of the new version count. */
  readonly isWritten: boolean;
  /** What leads from the old version to the new one; null unless it is upgraded. */
  readonly upgrade: UpgradeDetail | null;
  /** Why it is refused: each names both places, and the clause to write. */
  readonly diagnostics: readonly Diagnostic[];
}

/** An upgrade, and what it means. Paths are those of clauses: `items.price`, `Add.note`; `state` for the whole state. */
export interface UpgradeDetail {
  /** The name under which `source` wants the old version to be imported, and whether the file does so. */
  readonly alias: string;
  readonly isImported: boolean;
  /** The whole, to be pasted into the file of the new version. */
  readonly source: string;
  /** Clauses that the file has, as they stand there. */
  readonly written: readonly string[];
  /** The clauses of `source` that nobody wrote. */
  readonly derived: readonly string[];
  /** What is derived around renames, as clauses that could take their place; comments in `source`. */
  readonly around: readonly string[];
  /** What else is derived (defaults, initial values, failures) and no clause could say; comments in `source`, too. */
  readonly unsayable: readonly string[];
  /** Parts of the old state and of old requests that a clause gives up. */
  readonly dropped: readonly string[];
  readonly wayBack: WayBack | null;
  /** What old clients lose on the new version. */
  readonly oldClients: readonly ClientLoss[];
  /** What new clients lose on the old version: on an older node, and after a rollback. */
  readonly newClients: readonly ClientLoss[];
  /** Operations that did not change the state, and are served by one that can: not by GET any more. */
  readonly writes: readonly string[];
  /** Sums that are strings in JSON now, and were objects with a tag, or the other way round. */
  readonly inOtherForm: readonly { readonly name: string; readonly isText: boolean }[];
}

/** The way back; a machine without one can not be rolled back. */
export interface WayBack {
  /** Parts of the new state that the old one does not hold. */
  readonly loses: readonly string[];
  /** Constructors on which it fails. */
  readonly fails: readonly string[];
  /** Whether it is written, and uses `fail`. */
  readonly mayFail: boolean;
}

/** What a client of the one version loses on the other. */
export interface ClientLoss {
  readonly operation: string;
  /**
   * `gone`: it is not served. `request`: values for which the request fails. `reply`: values for
   * which there is no reply. `parameter`: it is not passed on. `written`: a clause may `fail`.
   */
  readonly kind: 'gone' | 'request' | 'reply' | 'parameter' | 'written';
  /** The constructor or the parameter; empty for the whole. */
  readonly path: string;
}

/** The report of versions that were compared. */
export function reportOf({ machines, sources }: ComparedVersions): UpgradeReport {
  return { machines: machines.map((pair) => machineReport(pair, sources)) };
}

function machineReport(pair: MachinePair, sources: ReadonlyMap<string, string>): MachineReport {
  const { name, change, old, new: next, clauses, diagnostics } = pair;
  const codeOf = (version: MachinePair['old']): string | null =>
    version === null ? null : fingerprints(version.image).code;
  const [older, newer] = [old?.machine, next?.machine];
  const isBoth = older !== undefined && newer !== undefined && change !== 'unchanged';
  return {
    name,
    change,
    code: { old: codeOf(old), new: codeOf(next) },
    key: isBoth && older.key !== newer.key ? { old: older.key, new: newer.key } : null,
    state: isBoth ? stateChanges(older, newer, clauses) : [],
    operations: isBoth ? operationChanges(older, newer, clauses) : [],
    isWritten: pair.written !== null,
    upgrade: detailOf(pair, sources),
    diagnostics,
  };
}

/** The upgrade of a machine as source, which is in both versions; null unless it is upgraded. */
export function sourceOf(
  { old, new: next, upgrade, written, clauses }: MachinePair,
  sources: ReadonlyMap<string, string>,
): (UpgradeSource & { readonly alias: string; readonly written: readonly string[] }) | null {
  if (old === null || next === null || upgrade === null || clauses === null) return null;
  const names = new Names(old.module, next.module, written?.old.qualifier?.text ?? null);
  const texts = (written?.clauses ?? []).map(({ span }) =>
    (sources.get(span.file) ?? '').slice(span.start, span.end),
  );
  const source = upgradeSource({ typed: upgrade.typed, clauses, written: texts, names });
  return { ...source, alias: names.alias, written: texts };
}

function detailOf(pair: MachinePair, sources: ReadonlyMap<string, string>): UpgradeDetail | null {
  const source = sourceOf(pair, sources);
  const { upgrade } = pair;
  if (upgrade === null || source === null) return null;
  const { typed, judgement } = upgrade;
  const lost = judgement.lostOnWayBack ?? [];
  const back = pair.clauses?.back ?? null;
  return {
    alias: source.alias,
    isImported: pair.new?.module.imports.has(source.alias) ?? false,
    source: source.text,
    written: source.written,
    derived: source.derived,
    around: source.around,
    unsayable: source.unsayable,
    dropped: distinct(judgement.dropped.map((path) => writtenPath(typed.old, path))),
    wayBack: typed.back && {
      loses: distinct(
        lost.filter(([first]) => first === 'state').map((path) => writtenPath(typed.new, path)),
      ),
      fails: distinct(typed.backFails.map((path) => writtenSteps(typed.new.state, path.split('.')))),
      mayFail: back !== null && canFail(back),
    },
    oldClients: losses(typed.old, typed.operations, judgement.dropped, typed),
    newClients: [
      ...unserved(typed).map((operation): ClientLoss => ({ operation, kind: 'gone', path: '' })),
      ...losses(typed.new, typed.backOperations, lost, typed),
    ],
    writes: writes(pair.old!.image, pair.new!.image, typed.operations),
    inOtherForm: sumsInOtherForm(pair.old!.image, pair.new!.image),
  };
}

/** Operations that did not change the state, and are served by one that can. */
function writes(old: Image, next: Image, ways: readonly TypedWay[]): readonly string[] {
  const writing = (image: Image): ReadonlySet<string> => {
    const functions = writingFunctions(image.unit);
    return new Set(image.operations.flatMap(({ name, body }) => (functions[body] ? [name] : [])));
  };
  const [before, after] = [writing(old), writing(next)];
  return ways.flatMap((way) => {
    if (way.kind === 'dropped' || before.has(way.name)) return [];
    return after.has(way.kind === 'identity' ? way.name : way.to) ? [way.name] : [];
  });
}

/** Operations of the new version that the old one can not serve. */
function unserved({ new: next, backOperations }: TypedUpgrade): readonly string[] {
  const served = new Set(backOperations.map(({ name }) => name));
  return next.operations.map(({ name }) => name).filter((name) => !served.has(name));
}

/** What clients of a version lose on these ways; `lost` has the parameters that are not passed on among others. */
function losses(
  machine: MachineSignature,
  ways: readonly TypedWay[],
  lost: readonly (readonly string[])[],
  typed: TypedUpgrade,
): readonly ClientLoss[] {
  return ways.flatMap((way): ClientLoss[] => {
    const { name: operation } = way;
    if (way.kind === 'identity') return [];
    if (way.kind === 'dropped') return [{ operation, kind: 'gone', path: '' }];
    const own = machine.operations.find(({ name }) => name === operation)!;
    const input = recordOf(own.parameters);
    const written = (type: Type, paths: readonly (readonly string[])[]): readonly string[] =>
      distinct(paths.map((path) => writtenSteps(type, path)));
    const parameters = lost.filter(([first]) => first === operation).map((path) => path.slice(1));
    const [requests, replies] = [way.requestFails, way.replyFails].map((fails) =>
      fails.map((path) => path.split('.')),
    );
    // A reply is of the version that serves it.
    const other = (machine === typed.old ? typed.new : typed.old).operations.find(
      ({ name }) => name === way.to,
    )!;
    const mayFail = [way.request, way.reply].some(
      (conversion) => conversion.span !== typed.span && canFail(conversion),
    );
    return [
      ...written(input, parameters).map((path): ClientLoss => ({ operation, kind: 'parameter', path })),
      ...written(input, requests).map((path): ClientLoss => ({ operation, kind: 'request', path })),
      ...written(other.reply, replies).map((path): ClientLoss => ({ operation, kind: 'reply', path })),
      ...(mayFail ? [{ operation, kind: 'written', path: '' } as const] : []),
    ];
  });
}

/** Whether a conversion calls `fail`, or a function that does. */
function canFail({ body }: TypedConversion): boolean {
  const seen = new Set<TypedFun>();
  const open = [body];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const callee of usesOf({ kind: 'expression', node }).callees) {
      if (callee.kind === 'primitive' && callee.name === 'fail') return true;
      if (callee.kind !== 'fun' || seen.has(callee.fun)) continue;
      seen.add(callee.fun);
      open.push(callee.fun.body);
    }
  }
  return false;
}

const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts)];
