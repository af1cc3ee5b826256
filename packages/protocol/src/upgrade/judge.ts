import { encodeImage } from '../encode.ts';
import { codeFingerprint, interfaceFingerprint, shortFingerprint } from '../fingerprint.ts';
import type { Fingerprints, Image, Operation, OperationParameter, OperationWay, Upgrade } from '../image.ts';
import { showOperation, showType } from '../text.ts';
import { type TypeId, type TypeTable, UNIT } from '../type.ts';
import { type Converted, isInOld, settle } from './clauses.ts';
import { sameOperation, TypeComparison } from './compare.ts';
import { type Leaf, UnitReads, unreadInside, unreadParts } from './reads.ts';
import { Part } from './symbolic-value.ts';

/**
 * The judge of upgrades, one for compiler and node: the node reaches from the bytes the
 * verdict that the compiler reached from the source.
 *
 * What is refused is refused by the first of these codes that fits: `stale` (`judgeStale`,
 * which needs no more than the header), then `malformed` and `unverified` (decoder and
 * verifier), then `ill-typed` and `lossy` (`judge`). Where several machines are deployed
 * together, each of these stages is for all of them before the next begins.
 */
export interface Refusal {
  readonly ok: false;
  readonly code: 'stale' | 'ill-typed' | 'lossy';
  /** One sentence that names both sides; what is long is cut off. */
  readonly message: string;
  /** The place: steps from `state`, or an operation; empty where the whole is meant. */
  readonly path: readonly string[];
  /** Of `lossy` alone: all that is lost, `path` first. */
  readonly lost?: readonly (readonly string[])[];
  /** Of clauses that name nothing alone: the drops, by index, that give up nothing. */
  readonly needless?: readonly number[];
}

/** What is known of an upgrade that is right. */
export interface Judgement {
  readonly ok: true;
  /** Parts of the old state, and of old requests, that a clause gives up. */
  readonly dropped: readonly (readonly string[])[];
  /** Parts of the new state and of new requests that the ways back do not read; null where there is no way back. */
  readonly lostOnWayBack: readonly (readonly string[])[] | null;
}

/** What runs: its fingerprints and the `emit` number of its image. */
export interface Running {
  readonly fingerprints: Fingerprints;
  readonly emit: number;
}

/**
 * Whether an upgrade is from what runs. Another compiler may emit other code for the same
 * source: then what counts is that state and interface are the same, and a note says so.
 */
export function judgeStale(
  running: Running,
  upgrade: Pick<Upgrade, 'machine' | 'old' | 'oldEmit'>,
): Refusal | { readonly ok: true; readonly note: string | null } {
  const { machine, old, oldEmit } = upgrade;
  const { code, state, interface: spoken } = running.fingerprints;
  const isOfSameTypes = old.state === state && old.interface === spoken;
  if (old.code === code && !isOfSameTypes) {
    const [what, told, actual] =
      old.state === state ? ['interface', old.interface, spoken] : ['state', old.state, state];
    return refuse(
      'stale',
      `the upgrade of ${machine} is from ${shortFingerprint(code)}, which is running, and says that its ${what} is ${shortFingerprint(told)}, but it is ${shortFingerprint(actual)}`,
      [],
    );
  }
  if (old.code === code) return { ok: true, note: null };
  if (oldEmit !== running.emit && isOfSameTypes) {
    const note = `${machine} runs ${shortFingerprint(code)}, and the upgrade is from ${shortFingerprint(old.code)}, which another compiler emitted (emit ${oldEmit}, not ${running.emit}): state and interface are the same`;
    return { ok: true, note };
  }
  return refuse(
    'stale',
    `the upgrade of ${machine} is from ${shortFingerprint(old.code)}, but ${shortFingerprint(code)} is running`,
    [],
  );
}

/**
 * Judges an upgrade from a running image to a new one. Both images and the unit of the
 * upgrade are verified already: all functions have their types, and use neither state nor clock.
 */
export function judge(old: Image, next: Image, upgrade: Upgrade): Refusal | Judgement {
  const illTyped =
    checkMachine(old, next, upgrade) ??
    checkChange(old, next) ??
    checkConversions(old, next, upgrade) ??
    checkWays(old, next, upgrade);
  if (illTyped !== null) return illTyped;
  const reads = new UnitReads(upgrade.unit);
  const values = [
    stateRead(old, reads.of(upgrade.migration)),
    ...requestsRead(old, upgrade.operations, reads),
  ];
  const back = upgrade.back === null ? [] : [stateRead(next, reads.of(upgrade.back))];
  if (back.length > 0) back.push(...requestsRead(next, upgrade.backOperations, reads));
  if ([...values, ...back].includes(null)) {
    return refuse('ill-typed', `the conversions of ${old.name} are too large to tell what they read`, [
      'state',
    ]);
  }
  const { clauses, unit } = upgrade;
  const settled = settle(old.unit.types, values.filter(isKnown), { clauses, types: unit.types });
  const { lost, dropped } = settled;
  if (lost.length > 0) return lossy(old, lost);
  const nameless = checkClauses(old, upgrade);
  if (nameless !== null) return nameless;
  // An operation is dropped by its way: a clause may say so, too.
  const gone = new Set(upgrade.operations.flatMap(({ kind, name }) => (kind === 'dropped' ? [name] : [])));
  const needless = settled.needless.filter((i) => {
    const { type, path } = clauses[i];
    return type !== null || path.length !== 1 || !gone.has(path[0]);
  });
  if (needless.length > 0) return { ...namesNothing(old, upgrade, needless[0]), needless };
  return {
    ok: true,
    dropped: dropped.map(({ path }) => path),
    lostOnWayBack:
      upgrade.back === null
        ? null
        : back.filter(isKnown).flatMap(({ unread }) => unread.map(({ path }) => path)),
  };
}

/** Null where the code is too much to tell. */
type Read = Converted | null;

const isKnown = (read: Read): read is Converted => read !== null;

/** What a conversion leaves unread of the state. */
function stateRead({ unit, state }: Image, used: Part | null): Read {
  return used && readOf(unit.types, ['state'], state, used);
}

/** What the adapters leave unread of the parameters of each operation. */
function requestsRead(image: Image, ways: readonly OperationWay[], reads: UnitReads): Read[] {
  const operations = new Map(image.operations.map((operation) => [operation.name, operation]));
  return ways.flatMap((way): Read[] => {
    if (way.kind !== 'adapter') return [];
    const used = reads.of(way.request);
    if (used === null) return [null];
    const { parameters } = operations.get(way.name)!;
    return parameters.map(({ name, type }, i) => {
      // One parameter is the input, several are the components of a tuple.
      const part = parameters.length === 1 || used.whole ? used : used.parts.get(i);
      return readOf(image.unit.types, [way.name, name], type, part ?? new Part());
    });
  });
}

function readOf(types: TypeTable, path: readonly string[], type: TypeId, used: Part): Converted {
  return { path, type, unread: unreadParts(types, type, used, path) };
}

function lossy(old: Image, found: readonly Leaf[]): Refusal {
  // No clause speaks of the whole state, and none gives up a constructor that stays: what is in them can be.
  const { types } = old.unit;
  const lost = found.flatMap((leaf) => {
    const isWhole = leaf.path.length === 1 || leaf.isPayload === true;
    return isWhole && types.node(leaf.type).kind === 'record' ? unreadInside(types, leaf) : [leaf];
  });
  const { path, type } = lost[0];
  const others = lost.slice(1, 1 + LOST_SHOWN_MAX).map((leaf) => shownPath(leaf.path));
  const more = others.length === 0 ? '' : ` (nor ${others.join(', ')})`;
  const reader = path[0] === 'state' ? 'the migration' : `the adapter of ${path[0]}`;
  const message =
    `${shownPath(path)}, ${showType(types, type)} in the running ${old.name}, would be lost: ` +
    `${reader} does not read it${more}, and no clause drops it`;
  return { ...refuse('lossy', message, path), lost: lost.map((leaf) => leaf.path) };
}

const LOST_SHOWN_MAX = 8;

/** A path as people see it: `state.items[].price`. */
export function showPath(path: readonly string[]): string {
  return path.join('.').replaceAll('.[', '[');
}

const PATH_LENGTH_SHOWN_MAX = 200;

function shownPath(path: readonly string[]): string {
  const text = showPath(path);
  return text.length <= PATH_LENGTH_SHOWN_MAX ? text : `${text.slice(0, PATH_LENGTH_SHOWN_MAX)}…`;
}

function refuse(code: Refusal['code'], message: string, path: readonly string[]): Refusal {
  return { ok: false, code, message, path };
}

const illTyped = (message: string, ...path: readonly string[]): Refusal => refuse('ill-typed', message, path);

function checkMachine(old: Image, next: Image, upgrade: Upgrade): Refusal | null {
  for (const { name, what } of [
    { name: next.name, what: 'leads to' },
    { name: upgrade.machine, what: 'is of' },
  ]) {
    if (name !== old.name)
      return illTyped(`${old.name} is running, and the upgrade ${what} ${name}: a machine keeps its name`);
  }
  if (old.key !== next.key) {
    return illTyped(
      `the key of ${old.name} is ${KEYS[old.key]} in what runs, and ${KEYS[next.key]} in the new version`,
    );
  }
  return null;
}

/** What leads to the code that it is from would never be stale: sent twice, its migration would run twice. */
function checkChange(old: Image, next: Image): Refusal | null {
  const [before, after] = [old, next].map((image) => codeFingerprint(encodeImage(image)));
  return before === after ? illTyped(`the upgrade of ${old.name} leads to the code that it is from`) : null;
}

const KEYS = { none: 'none', string: 'a String', int: 'an Int' } as const;

function checkConversions(old: Image, next: Image, upgrade: Upgrade): Refusal | null {
  const { types, functions } = upgrade.unit;
  const check = (index: number, name: string, from: Image, to: Image): Refusal | null => {
    const sides = [
      { verb: 'takes', own: functions[index].from, image: from },
      { verb: 'gives', own: functions[index].to, image: to },
    ];
    for (const { verb, own, image } of sides) {
      if (new TypeComparison(types, image.unit.types).same(own, image.state)) continue;
      const which = image === old ? 'running' : 'new';
      const stateText = showType(image.unit.types, image.state);
      return illTyped(
        `the ${name} of ${old.name} ${verb} ${showType(types, own)}, the ${which} state is ${stateText}`,
        'state',
      );
    }
    return null;
  };
  return (
    check(upgrade.migration, 'migration', old, next) ??
    (upgrade.back === null ? null : check(upgrade.back, 'way back', next, old))
  );
}

/** What is in no old value can be neither renamed nor given up. */
function checkClauses(old: Image, upgrade: Upgrade): Refusal | null {
  const index = upgrade.clauses.findIndex((clause) => !isInOld(old, clause, upgrade.unit.types));
  return index < 0 ? null : namesNothing(old, upgrade, index);
}

function namesNothing(old: Image, { clauses, unit }: Upgrade, index: number): Refusal {
  const { kind, type, path } = clauses[index];
  const what = [...(type === null ? [] : [showType(unit.types, type)]), ...path];
  const why =
    kind === 'drop'
      ? 'it gives up nothing: there is no such part, or it is kept'
      : `the running ${old.name} has no such part`;
  return illTyped(`the clause \`${kind} ${shownPath(what)}\` names nothing; ${why}`, ...path);
}

/** One side of the adapters: an image, and what it is called in messages. */
interface Side {
  readonly image: Image;
  readonly which: 'running' | 'new';
  readonly operations: ReadonlyMap<string, Operation>;
  /** Types of the unit of the upgrade with those of the image. */
  readonly fromUnit: TypeComparison;
  /** Types of the image with those of the other side. */
  readonly across: TypeComparison;
}

function sideOf(image: Image, which: Side['which'], other: Image, upgrade: Upgrade): Side {
  const { types } = image.unit;
  return {
    image,
    which,
    operations: new Map(image.operations.map((operation) => [operation.name, operation])),
    fromUnit: new TypeComparison(upgrade.unit.types, types),
    across: new TypeComparison(types, other.unit.types),
  };
}

function checkWays(old: Image, next: Image, upgrade: Upgrade): Refusal | null {
  const running = sideOf(old, 'running', next, upgrade);
  const coming = sideOf(next, 'new', old, upgrade);
  const sameInterface = interfaceFingerprint(old) === interfaceFingerprint(next);
  const seen = new Set<string>();
  for (const way of upgrade.operations) {
    if (seen.has(way.name)) return illTyped(`the operation ${way.name} is there twice`, way.name);
    seen.add(way.name);
    const refusal = checkWay(running, coming, upgrade, way, sameInterface);
    if (refusal !== null) return refusal;
  }
  for (const { name } of old.operations) {
    if (!seen.has(name)) {
      return illTyped(
        `the operation ${name} of the running ${old.name} has no way to the new version: nothing says what its clients get`,
        name,
      );
    }
  }
  for (const way of upgrade.backOperations) {
    const refusal = checkWay(coming, running, upgrade, way, sameInterface);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Whether requests for an operation of `from`, and replies to them, can go the way to `to`. */
function checkWay(
  from: Side,
  to: Side,
  upgrade: Upgrade,
  way: OperationWay,
  sameInterface: boolean,
): Refusal | null {
  const unknown = (side: Side, name: string): Refusal =>
    illTyped(`the ${side.which} ${side.image.name} has no operation ${name}`, way.name);
  const source = from.operations.get(way.name);
  if (source === undefined) return unknown(from, way.name);
  if (way.kind !== 'identity' && sameInterface) {
    return illTyped(
      `${way.name} is no longer itself, though both interfaces are equal: clients could not be told apart`,
      way.name,
    );
  }
  if (way.kind === 'dropped') return null;
  const name = way.kind === 'identity' ? way.name : way.to;
  const goal = to.operations.get(name);
  if (goal === undefined) return unknown(to, name);
  if (way.kind === 'identity') {
    if (sameOperation(from.image, source, to.image, goal, from.across)) return null;
    const sides = `${from.which} ${showOperation(from.image, source)}, ${to.which} ${showOperation(to.image, goal)}`;
    return illTyped(`the operation ${name} is not the same on both sides: ${sides}`, name);
  }
  const { types, functions } = upgrade.unit;
  const request = functions[way.request];
  const reply = functions[way.reply];
  const fits =
    isInputOf(types, request.from, from.fromUnit, source.parameters) &&
    isInputOf(types, request.to, to.fromUnit, goal.parameters) &&
    to.fromUnit.same(reply.from, goal.reply) &&
    from.fromUnit.same(reply.to, source.reply);
  if (fits) return null;
  const sides = `${from.which} ${showOperation(from.image, source)} to ${to.which} ${showOperation(to.image, goal)}`;
  const given = `${showType(types, request.from)} -> ${showType(types, request.to)}, and back ${showType(types, reply.from)} -> ${showType(types, reply.to)}`;
  return illTyped(`the adapter of ${way.name} does not lead from ${sides}: it takes ${given}`, way.name);
}

/** Whether a type is what an operation takes: unit, the one parameter's, or the tuple of all. */
function isInputOf(
  types: TypeTable,
  type: TypeId,
  comparison: TypeComparison,
  parameters: readonly OperationParameter[],
): boolean {
  if (parameters.length === 0) return type === UNIT;
  const parts =
    parameters.length === 1 ? [type] : types.node(type).kind === 'tuple' ? types.components(type)! : [];
  return (
    parts.length === parameters.length && parts.every((part, i) => comparison.same(part, parameters[i].type))
  );
}
