import {
  codeFingerprint,
  type DeployedMachine,
  type Envelope,
  judge,
  judgeStale,
  openBundle,
  shortFingerprint,
} from '@smc/protocol';
import type { DeployEvent } from '../event.ts';
import type { InterfaceReturn } from '../interfaces.ts';
import { problem, type Problem } from '../problem.ts';
import type { Machine, NodeState } from '../state.ts';
import type { Version } from '../version.ts';
import { type Loaded, type LoadedUpgrade, loadUpgrade, loadVersion } from './load.ts';
import { listed, notesOf } from './notes.ts';

/**
 * What a bundle would do to a node, found without changing it. The stages follow each other
 * for all machines together, and the first that fails refuses the whole bundle: stale;
 * malformed and unverified; ill-typed and lossy (the judge). What comes after them looks at the
 * states of the machines (`Deployment`).
 */
export type Plan =
  | {
      readonly ok: true;
      /** Of the machines that the bundle changes. */
      readonly parts: readonly PlannedParts[];
      readonly machines: readonly DeployedMachine[];
    }
  /** `about`: the running machines whose history should tell. */
  | { readonly ok: false; readonly problem: Problem; readonly about: readonly string[] };

/** What a bundle has for one machine. */
export interface Intention {
  readonly name: string;
  /** Index of its image in the bundle. */
  readonly index: number;
  readonly code: string;
  readonly running: Machine | null;
  readonly kind: 'deployment' | 'upgrade' | 'unchanged';
  /** Index of its upgrade in the bundle; null where there is none. */
  readonly upgradeIndex: number | null;
  readonly notes: readonly string[];
}

type Staged<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem; readonly about: string | null };

export function plan(node: NodeState, event: DeployEvent): Plan {
  const opened = openBundle(event.bundle);
  if (!opened.ok) {
    const { message, offset } = opened.malformed;
    return refusal(problem('malformed', `the bundle does not decode: ${message} (at byte ${offset})`), null);
  }
  const envelope = opened.value;
  if (envelope.images.length === 0)
    return refusal(problem('bad-request', 'the bundle holds no machine'), null);
  const names = new Set(envelope.images.map(({ name }) => name));
  const alone = envelope.upgrades.find(({ machine }) => !names.has(machine));
  if (alone !== undefined) {
    const message = `the bundle has an upgrade of ${alone.machine}, and not the machine that it leads to`;
    return refusal(problem('bad-request', message), null);
  }
  const intended = inStages(envelope.images, (_, index) => intend(node, envelope, index, event.mode));
  if (!intended.ok) return refusal(intended.problem, intended.about);
  const room = checkRoom(node, event, intended.value);
  if (room !== null) return refusal(room, null);
  const active = intended.value.filter((intention) => intention.kind !== 'unchanged');
  const loaded = inStages(active, (intention) => loadParts(node, envelope, intention));
  if (!loaded.ok) return refusal(loaded.problem, loaded.about);
  const judged = inStages(loaded.value, judgeParts);
  if (!judged.ok) return refusal(judged.problem, judged.about);
  const judgedParts = new Map(judged.value.map((parts) => [parts.intention.name, parts]));
  const machines = intended.value.map((intention) => {
    const parts = judgedParts.get(intention.name);
    return describe(parts?.intention ?? intention, parts?.upgrade ?? null);
  });
  return { ok: true, parts: judged.value, machines };
}

/** One stage for all: its results, or the first refusal. */
function inStages<A, B>(items: readonly A[], stage: (item: A, index: number) => Staged<B>): Staged<B[]> {
  const values: B[] = [];
  for (const [index, item] of items.entries()) {
    const result = stage(item, index);
    if (!result.ok) return result;
    values.push(result.value);
  }
  return { ok: true, value: values };
}

function intend(
  node: NodeState,
  envelope: Envelope,
  index: number,
  mode: DeployEvent['mode'],
): Staged<Intention> {
  const { name, bytes } = envelope.images[index];
  const code = codeFingerprint(bytes);
  const running = node.machines.get(name) ?? null;
  const found = envelope.upgrades.findIndex((upgrade) => upgrade.machine === name);
  const upgradeIndex = found < 0 ? null : found;
  const intention = { name, index, code, running, upgradeIndex, notes: [] };
  if (running === null) {
    if (mode === 'deploy') return { ok: true, value: { ...intention, kind: 'deployment' } };
    const message = `${name} does not run here, so there is nothing to upgrade: deploy it first`;
    return refuse(problem('unknown-machine', message), null);
  }
  const equal = running.version.fingerprints.code === code;
  if (equal && (mode === 'deploy' || upgradeIndex === null)) {
    return { ok: true, value: { ...intention, kind: 'unchanged' } };
  }
  return checkStale(envelope, running, intention);
}

function checkStale(
  envelope: Envelope,
  running: Machine,
  intention: Omit<Intention, 'kind'>,
): Staged<Intention> {
  const { name, code, upgradeIndex } = intention;
  const { fingerprints, image } = running.version;
  if (upgradeIndex === null) {
    const message = `${name} runs ${shortFingerprint(fingerprints.code)}, and the bundle has ${shortFingerprint(code)} without an upgrade from it`;
    return refuse(problem('stale', message), name);
  }
  const verdict = judgeStale({ fingerprints, emit: image.emit }, envelope.upgrades[upgradeIndex]);
  if (!verdict.ok) return refuse(problem(verdict.code, verdict.message), name);
  const notes = verdict.note === null ? [] : [verdict.note];
  return { ok: true, value: { ...intention, kind: 'upgrade', notes } };
}

function checkRoom(node: NodeState, event: DeployEvent, intentions: readonly Intention[]): Problem | null {
  const { machinesMax, blobBytesMax, pendingUpgradesMax } = node.limits;
  const fresh = intentions.filter(({ name }) => !node.histories.has(name)).length;
  if (node.histories.size + fresh > machinesMax) {
    return problem('too-large', `the node has had ${node.histories.size} machines, and takes ${machinesMax}`);
  }
  if (node.blobs.bytes + event.bundle.length > blobBytesMax) {
    const way =
      node.rows.isInMemory === true
        ? 'in memory it keeps also that of machines that were removed, until it ends'
        : 'smc remove takes off a machine, and frees what it has';
    const message = `the node holds ${node.blobs.bytes} bytes of code, and takes ${blobBytesMax}; ${way}`;
    return problem('too-large', message);
  }
  const waiting = intentions.find(({ kind, running }) => {
    const upgrades = kind === 'upgrade' ? running?.instances.keyed?.pendingUpgrades : undefined;
    return upgrades !== undefined && upgrades >= pendingUpgradesMax;
  });
  if (waiting !== undefined) {
    const message = `the states of ${waiting.name} are still written after ${pendingUpgradesMax} upgrades; try again later`;
    return problem('busy', message);
  }
  return null;
}

/** A machine as it is to run. */
export interface PlannedParts {
  readonly intention: Intention;
  readonly version: Version;
  /** Null for a deployment; `body` is its encoding. */
  readonly upgrade: LoadedUpgrade | null;
  readonly body: Uint8Array;
}

function loadParts({ jit }: NodeState, envelope: Envelope, intention: Intention): Staged<PlannedParts> {
  const { name, index, running, upgradeIndex } = intention;
  const about = running === null ? null : name;
  // The bundle is not kept, so that what is kept of it is copied out.
  const copy = ({ bytes }: { readonly bytes: Uint8Array }): Uint8Array => bytes.slice();
  const version = loadVersion(name, copy(envelope.images[index]), copy(envelope.debug[index]), jit);
  if (!version.ok) return refuse(version.problem, about);
  if (intention.kind !== 'upgrade' || upgradeIndex === null) {
    return { ok: true, value: { intention, version: version.value, upgrade: null, body: NO_BODY } };
  }
  const part = envelope.upgrades[upgradeIndex];
  const body = copy(part);
  const upgrade: Loaded<LoadedUpgrade> = loadUpgrade(part, body, jit);
  if (!upgrade.ok) return refuse(upgrade.problem, about);
  return { ok: true, value: { intention, version: version.value, upgrade: upgrade.value, body } };
}

const NO_BODY = new Uint8Array(0);

function judgeParts(parts: PlannedParts): Staged<PlannedParts> {
  const { intention, upgrade, version } = parts;
  const { running, name, index } = intention;
  if (upgrade === null || running === null) return { ok: true, value: parts };
  if (upgrade.upgrade.image !== index) {
    return refuse(problem('ill-typed', `the upgrade of ${name} leads to the image of another machine`), name);
  }
  const verdict = judge(running.version.image, version.image, upgrade.upgrade);
  if (!verdict.ok) return refuse(problem(verdict.code, verdict.message), name);
  const { interfaces } = running;
  const returned = interfaces.returned(version, upgrade.upgrade.operations, upgrade.functions);
  if (returned !== null && returned.changed.length > 0)
    return refuse(problem('interface-again', changedText(name, returned)), name);
  const notes = [...intention.notes, ...notesOf(running, upgrade, version, verdict)];
  return { ok: true, value: { ...parts, intention: { ...intention, notes } } };
}

function changedText(name: string, { fingerprint, changed }: InterfaceReturn): string {
  const [are, they, them] = changed.length === 1 ? ['is', 'it', 'it'] : ['are', 'they', 'them'];
  return (
    `the new interface of ${name} is ${shortFingerprint(fingerprint)}, which it had before, and ` +
    `${listed(changed)} ${are} not what ${they} ${are === 'is' ? 'was' : 'were'}: clients of then could not be ` +
    `told from new ones, and would mean another thing by ${them}; make it another interface: ` +
    'add an operation, or give one another name'
  );
}

/** What is reported of a machine, if the bundle is taken. */
function describe(
  { name, kind, code, running, notes }: Intention,
  upgrade: LoadedUpgrade | null,
): DeployedMachine {
  const results = { deployment: 'deployed', upgrade: 'upgraded', unchanged: 'unchanged' } as const;
  return {
    name,
    result: results[kind],
    from: running?.version.fingerprints.code ?? null,
    code,
    back: upgrade !== null && upgrade.upgrade.back !== null,
    notes,
  };
}

function refuse(refused: Problem, about: string | null): Staged<never> {
  return { ok: false, problem: refused, about };
}

function refusal(refused: Problem, about: string | null): Plan {
  return { ok: false, problem: refused, about: about === null ? [] : [about] };
}
