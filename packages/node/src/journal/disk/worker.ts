import { parentPort } from 'node:worker_threads';
import { JournalError } from '../error.ts';
import type { Recovered } from '../../ports.ts';
import type { StoreAnswer, StoreRequest } from './messages.ts';
import { Store } from './store.ts';
import type { ThreadAnswer } from './thread.ts';

/** The thread that waits for the disk: it does what it is asked, one after the other, and answers. */

/** Of what is read, given at once. */
const PAGE_BYTES = 512 * 1024;
const PAGE_ITEMS_MAX = 256;

const port = parentPort;
if (port === null) throw new Error('this is the thread of a journal, and no program');

let store: Store | null = null;
let reading: Iterator<Recovered> | null = null;
/** What a checkpoint has left to do, also one of the node before: a step for each request. */
let cleaning: Iterator<void> | null = null;
/** What is looked at beside all else. */
let checking: Iterator<string | null, void> | null = null;

function opened(): Store {
  if (store === null) throw new Error('the journal is not open');
  return store;
}

/** What was read, or whether there is more to do. */
function handle(request: StoreRequest): Partial<StoreAnswer> {
  switch (request.kind) {
    case 'open': {
      const { directory, ...history } = request.options;
      store = Store.open(directory, history);
      return {};
    }
    case 'read':
      // What was begun before, and was of no use, is not gone on with.
      reading?.return?.();
      reading = opened().read(request.unusable);
      return { items: nextPage(reading) };
    case 'next':
      return { items: reading === null ? [] : nextPage(reading) };
    case 'append':
      opened().append(request.groups);
      return {};
    case 'begin':
      opened().beginCheckpoint(request.head);
      return {};
    case 'slice':
      opened().addSlice(request.slice);
      return {};
    case 'end':
      cleaning = opened().endCheckpoint();
      return { isOver: cleaning.next().done === true };
    case 'clean': {
      const { done } = (cleaning ??= opened().clean()).next();
      if (done === true) cleaning = null;
      return { isOver: done === true };
    }
    case 'check': {
      const { done, value } = (checking ??= opened().check()).next();
      return { isOver: done === true, note: value ?? null };
    }
    case 'close':
      store?.close();
      store = null;
      return {};
  }
}

function nextPage(items: Iterator<Recovered>): readonly Recovered[] {
  const page: Recovered[] = [];
  let bytes = 0;
  while (page.length < PAGE_ITEMS_MAX && bytes < PAGE_BYTES) {
    const next = items.next();
    if (next.done === true) break;
    page.push(next.value);
    bytes += bytesOf(next.value);
  }
  return page;
}

function bytesOf(item: Recovered): number {
  switch (item.kind) {
    case 'group':
      return item.group.blobs.reduce((sum, { bytes }) => sum + bytes.length, item.group.bytes.length);
    case 'states':
    case 'kept':
    case 'sessions':
      return item.bytes.length;
    case 'begin':
    case 'checkpoint':
      return 0;
  }
}

port.on('message', (request: StoreRequest) => {
  let answer: ThreadAnswer<StoreAnswer>;
  try {
    answer = { ok: true, value: { items: [], isOver: true, note: null, ...handle(request) } };
  } catch (error) {
    const { message } = error as Error;
    answer = { ok: false, message, isJournal: error instanceof JournalError };
  }
  port.postMessage(answer);
  if (request.kind === 'close') port.close();
});
