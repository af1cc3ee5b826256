import { setPriority } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { StateSlice } from '../checkpoint.ts';
import { Shadow } from '../shadow.ts';
import type { ShadowOptions, ShadowRequest } from './messages.ts';
import { headRows, readStates } from './reading.ts';
import { groupOf, type GroupRow } from './rows.ts';
import { FILES } from './schema.ts';
import type { ThreadAnswer } from './thread.ts';

/** The thread that makes large states of checkpoint and log, for the checkpoint that is being written. It only reads. */

/** Groups that are read at once: between them nothing keeps the log of SQLite from starting anew. */
const PAGE_GROUPS = 16;

/** How far the thread stands back where others want the processor: it gets about a tenth of what they get. */
const NICENESS = 10;

/** How long a read waits where the database is opened or changed by others, which is seldom. */
const BUSY_MILLIS = 5_000;

const port = parentPort;
if (port === null) throw new Error('this is a thread of a journal, and no program');

// Elsewhere than on Linux this would be the priority of the whole process.
if (process.platform === 'linux') setPriority(NICENESS);

const { directory, jit } = workerData as ShadowOptions;
const database = new DatabaseSync(join(directory, FILES.journal), { readOnly: true, timeout: BUSY_MILLIS });
const selectImage = database.prepare('SELECT bytes FROM images WHERE digest = ?');
const blobs = {
  get: (digest: string) => selectImage.get(digest)?.['bytes'] as Uint8Array | undefined,
};

let shadow: Shadow | null = null;
/** Of the state that is asked for. */
let slices: { readonly machine: number; readonly left: Iterator<StateSlice> } | null = null;

function handle(request: ShadowRequest): StateSlice | null {
  if (request.kind === 'follow') {
    follow(request.position, request.machines);
    return null;
  }
  if (slices?.machine !== request.machine) {
    if (shadow === null) throw new Error('no machine is followed');
    slices = { machine: request.machine, left: shadow.slices(request)[Symbol.iterator]() };
  }
  const next = slices.left.next();
  if (next.done !== true) return next.value;
  slices = null;
  return null;
}

/** Has the states of these machines as of a position. They are those of the last checkpoint, or are read from it. */
function follow(position: number, machines: readonly number[]): void {
  const { newest } = database
    .prepare('SELECT max(position) AS newest FROM checkpoints WHERE complete = 1')
    .get() as { newest: number | null };
  const start = newest ?? 0;
  if (shadow === null || shadow.position !== start || !shadow.narrow(machines)) {
    shadow = null;
    shadow = begun(start, machines);
  }
  for (let at = start; at < position; at = shadow.position) {
    const groups = groupsOf('first > ? AND first <= ?', at, position);
    if (groups.length === 0) throw new Error(`the log has nothing after position ${at}`);
    for (const group of groups) shadow.add(group);
  }
}

function begun(start: number, machines: readonly number[]): Shadow {
  const made = new Shadow(machines, blobs, jit);
  if (start === 0) return made;
  const which = 'structural = 1 AND first > ? AND first <= ?';
  for (let at = 0; ; at = made.position) {
    const groups = groupsOf(which, at, start);
    if (groups.length === 0) break;
    for (const group of groups) made.addBefore(group);
  }
  const { machines: rows } = headRows(database, start);
  made.start(start, (machine) => {
    const row = rows.find((each) => each.machine === machine);
    if (row === undefined) throw new Error(`the machine ${machine} is in no checkpoint`);
    const parts: Uint8Array[] = [];
    for (const item of readStates(database, start, row)) if (item.kind === 'states') parts.push(item.bytes);
    return Buffer.concat(parts);
  });
  return made;
}

function groupsOf(
  which: string,
  from: number,
  to: number,
): readonly NonNullable<ReturnType<typeof groupOf>>[] {
  const rows = database
    .prepare(`SELECT * FROM log WHERE ${which} ORDER BY first LIMIT ${PAGE_GROUPS}`)
    .all(from, to);
  return rows.map((row) => {
    const group = groupOf(row as unknown as GroupRow);
    if (group === null) throw new Error(`the log is damaged at position ${String(row['first'])}`);
    return group;
  });
}

port.on('message', (request: ShadowRequest) => {
  let answer: ThreadAnswer<StateSlice | null>;
  try {
    answer = { ok: true, value: handle(request) };
  } catch (error) {
    // What is left of it is of no use.
    shadow = null;
    slices = null;
    answer = { ok: false, message: (error as Error).message, isJournal: false };
  }
  const moved = answer.ok && answer.value !== null ? [answer.value.bytes.buffer as ArrayBuffer] : [];
  port.postMessage(answer, moved);
});
