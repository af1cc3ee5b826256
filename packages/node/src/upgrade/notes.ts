import {
  failingFunctions,
  type Judgement,
  type OperationWay,
  shortFingerprint,
  showPath,
  sumsInOtherForm,
} from '@smc/protocol';
import type { InterfaceLoss } from '../interfaces.ts';
import { STEP_LIMITS } from '../limits.ts';
import type { Version } from '../version.ts';
import type { LoadedUpgrade } from './load.ts';
import type { Machine } from '../state.ts';

/**
 * What whoever upgrades a machine should know: what is given up, what clients of the versions
 * before it lose, what may fail, and what a rollback would lose. An upgrade with such notes is
 * right all the same.
 */
export function notesOf(
  { interfaces, version: running }: Machine,
  { upgrade, functions }: LoadedUpgrade,
  version: Version,
  { dropped, lostOnWayBack: lost }: Judgement,
): string[] {
  const losses = interfaces.losses(version, upgrade.operations, functions);
  const failing = failingFunctions(upgrade.unit);
  const old = mayFail(upgrade.operations, failing);
  const notes = dropped.length === 0 ? [] : [`it drops ${listed(dropped.map(showPath))}`];
  notes.push(...lossNotes(losses, interfaces.current.fingerprint));
  const returned = interfaces.returned(version, upgrade.operations, functions);
  if (returned !== null && returned.again.length > 0)
    notes.push(
      `${clientsOf([shortFingerprint(returned.fingerprint)])} have again what was dropped: ${listed(returned.again)}`,
    );
  const writing = writingWays(running, version, upgrade.operations);
  if (writing.length > 0)
    notes.push(`can change the state now, and is refused to old clients that send GET: ${listed(writing)}`);
  for (const { name, isText } of sumsInOtherForm(running.image, version.image))
    notes.push(
      `in JSON every ${name} is ${isText ? 'a string' : 'an object with a tag'} now, also for clients that name no interface`,
    );
  if (old.length > 0) notes.push(`for old clients may fail: ${listed(old)}`);
  if (upgrade.back === null || lost === null) return [...notes, 'there is no way back'];
  if (lost.length > 0) notes.push(`the way back loses ${listed(lost.map(showPath))}`);
  const back = [...(failing[upgrade.back] ? ['the state'] : []), ...mayFail(upgrade.backOperations, failing)];
  if (back.length > 0) notes.push(`on the way back may fail: ${listed(back)}`);
  return notes;
}

/** Operations that did not change the state, and are served by one that can. */
function writingWays(running: Version, next: Version, ways: readonly OperationWay[]): string[] {
  const isReadOnly = ({ program, operationIndex }: Version, name: string): boolean =>
    program.operations[operationIndex.get(name)!].readOnly;
  return ways.flatMap((way) => {
    if (way.kind === 'dropped') return [];
    const to = way.kind === 'identity' ? way.name : way.to;
    return isReadOnly(running, way.name) && !isReadOnly(next, to) ? [way.name] : [];
  });
}

/** Adapters that may come to a FAIL. */
function mayFail(ways: readonly OperationWay[], failing: readonly boolean[]): string[] {
  return ways.flatMap((way) => {
    if (way.kind !== 'adapter') return [];
    const request = failing[way.request] ? [`the request of ${way.name}`] : [];
    return failing[way.reply] ? [...request, `the reply of ${way.name}`] : request;
  });
}

/** Names in a note, and notes of one kind; more are counted. */
const SHOWN_MAX = 5;

/** Names in a note. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_MAX).join(', ');
  return names.length > SHOWN_MAX ? `${shown} and ${names.length - SHOWN_MAX} more` : shown;
}

/** Interfaces from which the same is lost stand together. */
function lossNotes(losses: readonly InterfaceLoss[], current: string): string[] {
  const lost = new Map<string, string[]>();
  for (const { fingerprint, dropped, tooFar, isForgotten } of losses) {
    const given = [
      isForgotten ? `all operations, as a machine serves ${STEP_LIMITS.interfacesMax} interfaces` : '',
      isForgotten || dropped.length === 0 ? '' : listed(dropped),
      isForgotten || tooFar.length === 0
        ? ''
        : `${listed(tooFar)}, as more than ${STEP_LIMITS.chainLengthMax} adapters would lead there`,
    ];
    for (const what of given) {
      if (what !== '') lost.set(what, [...(lost.get(what) ?? []), fingerprint]);
    }
  }
  const notes = [...lost].map(([what, fingerprints]) => {
    const older = fingerprints.filter((each) => each !== current).map(shortFingerprint);
    const isCurrent = older.length < fingerprints.length;
    const who = [...(isCurrent ? ['old clients'] : []), ...(older.length === 0 ? [] : [clientsOf(older)])];
    return `${who.join(' and ')} lose ${what}`;
  });
  const more = notes.length - SHOWN_MAX;
  return more > 0
    ? [...notes.slice(0, SHOWN_MAX), `clients of other interfaces lose others: ${more} more of these notes`]
    : notes;
}

const clientsOf = (interfaces: readonly string[]): string =>
  `clients of the interface${interfaces.length === 1 ? '' : 's'} ${listed(interfaces)}`;
