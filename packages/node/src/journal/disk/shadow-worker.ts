import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { StateSlice } from '../checkpoint.ts';
import type { ShadowOptions, ShadowRequest } from './messages.ts';
import { ShadowReader } from './shadow-reader.ts';
import type { ThreadAnswer } from './thread.ts';

/** The thread that makes large states: it does what it is asked, and answers. */

/** How far the thread stands back where others want the processor: it gets about a tenth of what they get. */
const NICENESS = 10;
const NICENESS_MAX = 19;

const port = parentPort;
if (port === null) throw new Error('this is a thread of a journal, and no program');

// Elsewhere than on Linux this would be the priority of the whole process.
if (process.platform === 'linux') setPriority(Math.min(getPriority() + NICENESS, NICENESS_MAX));

const reader = new ShadowReader(workerData as ShadowOptions);
/** Of the state that is asked for. */
let slices: { readonly machine: number; readonly left: Iterator<StateSlice> } | null = null;

function handle(request: ShadowRequest): StateSlice | null {
  if (request.kind === 'follow') {
    reader.follow(request.position, request.machines);
    return null;
  }
  if (slices?.machine !== request.machine) {
    slices = { machine: request.machine, left: reader.slices(request)[Symbol.iterator]() };
  }
  const next = slices.left.next();
  if (next.done !== true) return next.value;
  slices = null;
  return null;
}

port.on('message', (request: ShadowRequest) => {
  let answer: ThreadAnswer<StateSlice | null>;
  try {
    answer = { ok: true, value: handle(request) };
  } catch (error) {
    answer = { ok: false, message: (error as Error).message, isJournal: false };
  }
  const moved = answer.ok && answer.value !== null ? [answer.value.bytes.buffer as ArrayBuffer] : [];
  port.postMessage(answer, moved);
});
