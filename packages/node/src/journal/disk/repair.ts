import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { DamagedCheckpoint, JournalError } from '../error.ts';
import { sha256 } from '../blobs.ts';
import { countingOn, nameState, setStateAside } from './condemn.ts';
import { journalError } from './failures.ts';
import { hasDirectory, refuseLink } from './files.ts';
import { blobsBeside, lastTimeOf } from './images.ts';
import { DirectoryLock } from './lock.ts';
import { cover, describeDamage, LogCheck, type LogDamage, lostEntries } from './log-check.ts';
import {
  forgetAfter,
  headRows,
  lastWhole,
  readCheckpoint,
  startsOf,
  stateRows,
  structureSum,
} from './reading.ts';
import {
  addChecksum,
  groupOf,
  type GroupRow,
  headChecksum,
  type ImageRow,
  keptChecksum,
  type KeptRow,
  type MachineRow,
  sessionsChecksum,
  type SessionsRow,
  stateChecksum,
  type StoredStateRow,
} from './rows.ts';
import {
  finishReplacing,
  draftOf,
  keepCopy,
  type Reading,
  orRemove,
  readingsOf,
  removeDraft,
  removeDrafts,
  replaceJournal,
  takeOver,
} from './salvage.ts';
import { CHECKPOINTS_KEPT, COMPLETENESS, FILES } from './schema.ts';
import { openDatabase } from './format.ts';
import { END_DAMAGED, noteEnd, notedEnd } from './log-end.ts';
import { sealCheckpoint } from './seal.ts';

/** Before all numbers that a node can read: what is damaged may be less than any that it has written. */
const LEAST = Number.MIN_SAFE_INTEGER;

/** What a repair found and did. */
export interface RepairReport {
  /** Where everything lies as it was before. */
  readonly copy: string;
  /** What is damaged, missing or lost, a sentence each; none where all is whole. */
  readonly findings: readonly string[];
  /** The position that a node goes on from. */
  readonly last: number;
}

/**
 * Makes a journal that a node can start from of one that is damaged. What can be read is written into a new file;
 * damaged rows, and groups that nothing leads to any more, are set aside in it (table `aside`), and the directory keeps
 * a copy of all files as they were, under a name with `stamp`. Nothing is deleted. Throws a `JournalError` where a node
 * runs, and where nothing can be read.
 */
export function repairDirectory(directory: string, stamp: string): RepairReport {
  const files = [FILES.journal, FILES.repaired];
  if (!hasDirectory(directory) || !files.some((file) => existsSync(join(directory, file))))
    throw new JournalError(`${directory} has no journal`);
  refuseLink(join(directory, FILES.journal));
  const lock = DirectoryLock.take(directory);
  try {
    finishReplacing(directory);
    const copy = keepCopy(directory, stamp);
    const { draft, findings, last } = orRemove(copy, () => bestAttempt(directory, copy));
    replaceJournal(directory, draft);
    return { copy, findings, last };
  } catch (error) {
    throw journalError('repaired', directory, error);
  } finally {
    removeDrafts(directory);
    lock.release();
  }
}

/** A journal that was made of what can be read. */
interface Attempt extends Made {
  readonly draft: string;
  readonly findings: readonly string[];
  /** Whether it leads to all that there are traces of. */
  readonly isAll: boolean;
}

/**
 * Where SQLite's log is damaged, what stands before the damage and the entries behind it give as a rule all there was; else, of
 * all readings, the one counts that lacks the fewest states and entries together.
 */
function bestAttempt(directory: string, copy: string): Attempt {
  let best: Attempt | null = null;
  let failure: unknown = null;
  for (const reading of readingsOf(copy)) {
    const draft = join(directory, draftOf(reading));
    try {
      const each = { ...attempt(copy, reading, draft), draft };
      const isBetter = best === null || each.lost - each.last < best.lost - best.last;
      // There may be no room for more of them.
      if (!isBetter) removeDraft(draft);
      else if (best !== null) removeDraft(best.draft);
      if (isBetter) best = each;
      if (each.isAll) break;
    } catch (error) {
      // Of what another reading makes something is left; a full disk takes that neither.
      if (!(error instanceof JournalError)) throw error;
      removeDraft(draft);
      failure = error;
    }
  }
  if (best === null) throw failure;
  return best;
}

function attempt(copy: string, reading: Reading, draft: string): Omit<Attempt, 'draft'> {
  const database = openDatabase(draft);
  try {
    const findings: string[] = [];
    const reached = takeOver(copy, database, findings, reading);
    const whole = lastWhole(database);
    const made = makeWhole(database, findings);
    const end = Math.max(whole, made.last);
    if (end < reached) findings.push(`the entries from position ${end + 1} to ${reached} at least are lost`);
    // One file, without a log of its own beside it.
    database.exec('PRAGMA journal_mode = DELETE');
    return { ...made, findings, isAll: made.last >= reached && made.lost === 0 };
  } finally {
    database.close();
  }
}

/** What a node can be rebuilt from. */
interface Made {
  /** The position that it goes on from. */
  readonly last: number;
  /** How many states are not there of the checkpoint that it goes on from, and one more; 0 where all of it is. */
  readonly lost: number;
}

/** Sets aside what a node can not be rebuilt from. */
function makeWhole(database: DatabaseSync, findings: string[]): Made {
  database.exec('BEGIN IMMEDIATE');
  const images = wholeImages(database, findings);
  /** Of groups that are set aside now how many entries there were, by the position of the first. */
  const taken = new Map<number, number>();
  for (const row of groupsAfter(database, LEAST)) {
    const group = groupOf(row);
    const lost = group === null ? [] : blobsBeside(group, images);
    if (group !== null && lost.length === 0) continue;
    setGroupAside(database, row, group === null ? 'damaged' : 'an image is lost');
    taken.set(row.first, row.count);
    if (group === null) findings.push(describeDamage({ kind: 'damaged', first: row.first }));
    for (const { what, machine, digest, position } of lost) {
      findings.push(
        `${what} ${digest} is lost, which the version of ${machine} at position ${position} is of: what follows on that goes with it`,
      );
    }
  }
  const { start, lost } = bestStart(database, taken, findings);
  forgetAfter(database, start);
  const last = cutAtGap(database, start, findings);
  takeYounger(database, start, taken, findings);
  nameLost(database, start, last, taken, findings);
  if (notedEnd(database) === null) findings.push(END_DAMAGED);
  noteEnd(database, last);
  for (const row of damagedStates(database)) {
    if (countingOn(database, row).length > 0) continue;
    setStateAside(database, row, row.state);
    findings.push(
      `${nameState(row)} is damaged, as it was at position ${row.position}: no checkpoint needs that`,
    );
  }
  database.exec('COMMIT');
  return { last, lost };
}

/** Sets damaged images aside; gives the digests of the others. Bytes that a group names are whole, whatever stands beside them. */
function wholeImages(database: DatabaseSync, findings: string[]): ReadonlySet<string> {
  const whole = new Set<string>();
  const named = namedBlobs(database);
  const renamed = new Map<string, string>();
  const next = database.prepare('SELECT digest, bytes FROM images WHERE digest > ? ORDER BY digest LIMIT 1');
  for (let row = next.get(''); row !== undefined; row = next.get(String(row['digest']))) {
    const { digest, bytes } = row as unknown as ImageRow;
    const own = sha256(bytes);
    whole.add(own);
    if (own === digest) continue;
    if (named.has(own)) {
      renamed.set(digest, own);
      continue;
    }
    database
      .prepare(`INSERT INTO aside (reason, source, place, bytes) VALUES ('damaged', 'images', ?, ?)`)
      .run(digest, bytes);
    database.prepare('DELETE FROM images WHERE digest = ?').run(digest);
    findings.push(`the image, upgrade or debug data ${digest} is damaged`);
  }
  // The name of one may be that of another by now.
  const rename = database.prepare('UPDATE OR REPLACE images SET digest = ? WHERE digest = ?');
  for (const [digest, own] of renamed) rename.run(`named anew: ${own}`, digest);
  for (const own of renamed.values()) {
    rename.run(own, `named anew: ${own}`);
    findings.push(`the image, upgrade or debug data ${own} stood under a damaged name, and is whole`);
  }
  return whole;
}

/** The digests of all that whole groups name. */
function namedBlobs(database: DatabaseSync): ReadonlySet<string> {
  const named = new Set<string>();
  for (const row of groupsAfter(database, LEAST)) {
    const group = groupOf(row);
    for (const { digest } of group === null ? [] : blobsBeside(group, NONE)) named.add(digest);
  }
  return named;
}

const NONE: ReadonlySet<string> = new Set();

/** The groups behind a position, one after the other: they may be taken out meanwhile. */
function* groupsAfter(database: DatabaseSync, position: number): Generator<GroupRow> {
  const next = database.prepare('SELECT * FROM log WHERE first > ? ORDER BY first LIMIT 1');
  for (let at = position; ;) {
    const row = next.get(at) as unknown as GroupRow | undefined;
    if (row === undefined) return;
    yield row;
    at = row.first;
  }
}

/** The position of the newest checkpoint that is whole, or can be made so in part; else 0, where the log has as much from its start. */
function bestStart(
  database: DatabaseSync,
  taken: ReadonlyMap<number, number>,
  findings: string[],
): { readonly start: number; readonly lost: number } {
  const rows = database
    .prepare('SELECT position, complete FROM checkpoints ORDER BY position DESC')
    .all() as unknown as readonly { readonly position: number; readonly complete: number }[];
  for (const { position, complete } of rows) {
    const why = damageOf(database, position);
    if (why === null) {
      const mark = database.prepare('UPDATE checkpoints SET complete = ? WHERE position = ?');
      mark.run(COMPLETENESS.complete, position);
      // Such a one no start goes on from.
      if (complete !== COMPLETENESS.complete) {
        findings.push(
          `the checkpoint at position ${position} did not count any more, and is whole as it is read now: it counts again`,
        );
      }
      forgetDamaged(database, position, findings);
      return { start: position, lost: 0 };
    }
    // One that was being written is not damaged.
    if (complete !== COMPLETENESS.draft) findings.push(why);
  }
  const reached = reachedFrom(database, 0);
  for (const { position } of rows) {
    // What was deployed stays in a log, so that one begins with its start also where most of it has gone. Where nothing
    // has, a node as it was once is better than one that never was.
    if (position <= reached || taken.has(reached + 1)) break;
    // Better a checkpoint without what is damaged in it than none.
    const { checkpoint, machines } = headRows(database, position);
    if (headChecksum(checkpoint, machines) !== checkpoint.checksum) continue;
    if (structureSum(database, position) !== checkpoint.structure_sum) continue;
    setPartsAside(database, findings);
    const left = machines.map((machine) => recounted(database, position, machine, findings));
    sealCheckpoint(database, checkpoint, left);
    forgetDamaged(database, position, findings);
    return { start: position, lost: 1 + statesOf(machines) - Math.min(statesOf(machines), statesOf(left)) };
  }
  // A node that was never sent anything has a whole journal as well.
  const isEmpty = groupsAfter(database, LEAST).next().done === true;
  if (reached > 0 || (isEmpty && findings.length === 0)) return { start: 0, lost: 0 };
  throw new JournalError(`no node can be rebuilt of it: ${findings.join('; ')}; smc restore takes a backup`);
}

function statesOf(machines: readonly MachineRow[]): number {
  return machines.reduce((sum, { states }) => sum + states, 0);
}

/** Lets go what a start would go on from where the checkpoint at a position is damaged, and is so itself. */
function forgetDamaged(database: DatabaseSync, newest: number, findings: string[]): void {
  let kept = 1;
  for (const position of [...startsOf(database)].filter((each) => each > 0 && each < newest)) {
    // Those before it are being let go.
    if (kept === CHECKPOINTS_KEPT) return;
    const why = damageOf(database, position);
    if (why === null) {
      kept++;
      continue;
    }
    findings.push(`${why}; a newer one is whole`);
    database.prepare('DELETE FROM checkpoints WHERE position = ?').run(position);
  }
}

/** The last position that the log leads to from one without a gap. */
function reachedFrom(database: DatabaseSync, start: number): number {
  let last = start;
  for (const { first, count } of groupsAfter(database, start)) {
    if (first !== last + 1) break;
    last += count;
  }
  return last;
}

/** A machine of a checkpoint with what is there of it. */
function recounted(
  database: DatabaseSync,
  position: number,
  machine: MachineRow,
  findings: string[],
): MachineRow {
  let states = 0;
  let instances = 0;
  let sum = 0;
  for (const { checksum, state } of stateRows(database, position, machine)) {
    states++;
    if (state !== null) instances++;
    sum = addChecksum(sum, checksum);
  }
  if (states !== machine.states || sum !== machine.states_sum) {
    findings.push(
      `${machine.name} has lost states: ${machine.states} were written, ${states} are there; some of these may be older ones`,
    );
    if (machine.keyed === 0) {
      // Parts of one state, which is nothing without the others.
      const { since } = machine;
      const left = 'states WHERE machine = ? AND position BETWEEN ? AND ?';
      setAside(database, left, 'state', machine.machine, since, position);
      states = 0;
      sum = 0;
    }
  }
  if (machine.keyed === 0) instances = 1;
  const here = 'sessions WHERE machine = ? AND position = ?';
  const { found } = database
    .prepare(`SELECT count(*) AS found FROM ${here}`)
    .get(machine.machine, position) as { found: number };
  if (found !== machine.sessions) {
    setAside(database, here, 'reached', machine.machine, position);
    findings.push(
      `${machine.name} has forgotten how far sessions were: old requests, sent again, are done again`,
    );
  }
  const kept = database
    .prepare(
      'SELECT min(first) AS first, max(first + count) AS end FROM kept WHERE machine = ? AND first < ?',
    )
    .get(machine.machine, machine.kept_end) as { first: number | null; end: number | null };
  const isKept = kept.first !== null && kept.end === machine.kept_end;
  const keptFirst = isKept ? Math.max(machine.kept_first, kept.first ?? 0) : machine.kept_end;
  if (keptFirst > machine.kept_first) {
    findings.push(
      `${machine.name} has forgotten ${keptFirst - machine.kept_first} kept requests: sent again, they are done again`,
    );
  }
  const sessions = found === machine.sessions ? found : 0;
  // What lies under these rows is not counted: a start compares them one by one.
  const rows = { states, states_sum: sum, rows: states, rows_sum: sum };
  return { ...machine, ...rows, instances, kept_first: keptFirst, sessions };
}

/** Sets whole rows of a table aside that are nothing without others; `which` begins with the table. */
function setAside(database: DatabaseSync, which: string, column: string, ...values: number[]): void {
  const [table] = which.split(' ');
  database
    .prepare(
      `INSERT INTO aside (reason, source, place, bytes)
         SELECT 'nothing without what is lost', '${table}', machine || ' ' || position, ${column} FROM ${which}`,
    )
    .run(...values);
  database.prepare(`DELETE FROM ${which}`).run(...values);
}

function damageOf(database: DatabaseSync, position: number): string | null {
  try {
    for (const _ of readCheckpoint(database, position, { isThorough: true }));
    return null;
  } catch (error) {
    if (error instanceof DamagedCheckpoint) return error.message;
    throw error;
  }
}

/** The rows of states that are damaged, one after the other: they may be taken out meanwhile. */
function* damagedStates(database: DatabaseSync): Generator<StoredStateRow & { readonly machine: number }> {
  const next = database.prepare(
    `SELECT * FROM states WHERE (machine, key, position) > (?, ?, ?) ORDER BY machine, key, position LIMIT 1`,
  );
  for (let each = next.get(LEAST, '', LEAST); each !== undefined;) {
    const row = each as unknown as StoredStateRow & { readonly machine: number };
    const { machine, key, position, state, checksum } = row;
    if (stateChecksum(machine, position, key, state) !== checksum) yield row;
    each = next.get(machine, key, position);
  }
}

/** Sets damaged states and sessions aside, and damaged kept requests with all older ones. */
function setPartsAside(database: DatabaseSync, findings: string[]): void {
  const aside = database.prepare('INSERT INTO aside (reason, source, place, bytes) VALUES (?, ?, ?, ?)');
  for (const row of damagedStates(database)) {
    setStateAside(database, row, row.state);
    findings.push(`${nameState(row)} is damaged`);
  }
  const nextSessions = database.prepare(
    `SELECT * FROM sessions WHERE (machine, position, part) > (?, ?, ?)
       ORDER BY machine, position, part LIMIT 1`,
  );
  for (let each = nextSessions.get(LEAST, LEAST, LEAST); each !== undefined;) {
    const { machine, position, part, reached, checksum } = each as unknown as SessionsRow;
    each = nextSessions.get(machine, position, part);
    if (sessionsChecksum(machine, position, part, reached) === checksum) continue;
    aside.run('damaged', 'sessions', `${machine} ${position} ${part}`, reached);
    database
      .prepare('DELETE FROM sessions WHERE machine = ? AND position = ? AND part = ?')
      .run(machine, position, part);
  }
  const nextKept = database.prepare(
    'SELECT machine, first, count, checksum, requests FROM kept WHERE (machine, first) > (?, ?) ORDER BY machine, first LIMIT 1',
  );
  for (let each = nextKept.get(LEAST, LEAST); each !== undefined;) {
    const { machine, first, count, requests, checksum } = each as unknown as KeptRow;
    each = nextKept.get(machine, first);
    if (keptChecksum({ machine, first, count, bytes: requests }) === checksum) continue;
    database
      .prepare(
        `INSERT INTO aside (reason, source, place, bytes)
           SELECT 'damaged, or before what is', 'kept', machine || ' ' || first || ' ' || count, requests
             FROM kept WHERE machine = ? AND first <= ?`,
      )
      .run(machine, first);
    database.prepare('DELETE FROM kept WHERE machine = ? AND first <= ?').run(machine, first);
  }
}

/** Sets aside the groups after the first gap behind a position, and after one that is older than what it follows on. */
function cutAtGap(database: DatabaseSync, start: number, findings: string[]): number {
  let next = start + 1;
  let time = timeAt(database, start);
  let isCut = false;
  for (const row of groupsAfter(database, start)) {
    const group = groupOf(row);
    if (!isCut && group !== null && row.first === next && row.time >= time) {
      next += row.count;
      time = lastTimeOf(group);
      continue;
    }
    if (!isCut) {
      isCut = true;
      findings.push(
        row.first === next
          ? `the entries from position ${next} on are older than those before them: they are set aside`
          : `entries from position ${next} to ${row.first - 1} are lost; those from ${row.first} on are set aside, as they follow on what is not there`,
      );
    }
    setGroupAside(database, row, 'after a gap');
  }
  return next - 1;
}

/** The time of the checkpoint at a position, where there is one. */
function timeAt(database: DatabaseSync, position: number): number {
  return Number(
    database.prepare('SELECT time FROM checkpoints WHERE position = ?').get(position)?.['time'] ?? 0,
  );
}

/**
 * Sets aside inputs that are younger than what stays behind them, a checkpoint or what was deployed: what follows on them would
 * seem to be older.
 */
function takeYounger(
  database: DatabaseSync,
  start: number,
  taken: Map<number, number>,
  findings: string[],
): void {
  let time = timeAt(database, start);
  let what = `the checkpoint at position ${start}, which stands for it`;
  const before = database.prepare('SELECT * FROM log WHERE first < ? ORDER BY first DESC LIMIT 1');
  for (let each = before.get(start + 1); each !== undefined;) {
    const row = each as unknown as GroupRow;
    each = before.get(row.first);
    if (row.structural === 1) {
      if (row.time < time) {
        ({ time } = row);
        what = `what was deployed at position ${row.first}; the checkpoint at position ${start} stands for it`;
      }
      continue;
    }
    if (row.time <= time) continue;
    setGroupAside(database, row, 'younger than what stays behind it');
    taken.set(row.first, row.count);
    findings.push(`the group of entries at position ${row.first} is younger than ${what}`);
  }
}

/**
 * Says in the table "aside" too what the log lacks before the checkpoint that a start goes on from: else that would be found
 * again and again. Positions behind the last are given again: what was lost there is no reason any more to lack them.
 */
function nameLost(
  database: DatabaseSync,
  start: number,
  last: number,
  taken: ReadonlyMap<number, number>,
  findings: string[],
): void {
  for (const { first, count } of lostEntries(database)) {
    if (first + count - 1 <= last) continue;
    database
      .prepare(
        `UPDATE aside SET reason = 'lost, and given again' WHERE source = 'log' AND reason = 'lost' AND place = ?`,
      )
      .run(`${first} ${count}`);
  }
  const own = [...taken].map(([first, count]) => ({ first, count })).toSorted((a, b) => a.first - b.first);
  const lose = database.prepare(
    `INSERT INTO aside (reason, source, place, bytes) VALUES ('lost', 'log', ?, NULL)`,
  );
  const note = (found: readonly LogDamage[]): void => {
    for (const damage of found) {
      if (damage.kind !== 'missing') continue;
      lose.run(`${damage.first} ${damage.count}`);
      if (cover(own, damage)) continue;
      findings.push(
        `${describeDamage(damage)}, before the checkpoint at position ${start}, which stands for them`,
      );
    }
  };
  const oldest = database.prepare('SELECT coalesce(min(position), 0) AS position FROM checkpoints').get();
  const check = new LogCheck(Number(oldest?.['position']), lostEntries(database));
  for (const row of groupsAfter(database, LEAST)) {
    const found = check.row(row, true);
    note(found);
    const older = found.find(({ kind }) => kind === 'older');
    // A start needs what was deployed.
    if (older === undefined || row.structural === 1) continue;
    setGroupAside(database, row, 'older than what stands before it');
    lose.run(`${row.first} ${row.count}`);
    findings.push(describeDamage(older));
  }
  note(check.end(start));
}

function setGroupAside(database: DatabaseSync, row: GroupRow, reason: string): void {
  const { first, count, structural, time, checksum, entries } = row;
  database
    .prepare(`INSERT INTO aside (reason, source, place, bytes) VALUES (?, 'log', ?, ?)`)
    .run(reason, `${first} ${count} ${structural} ${time} ${checksum}`, entries);
  database.prepare('DELETE FROM log WHERE first = ?').run(first);
}
