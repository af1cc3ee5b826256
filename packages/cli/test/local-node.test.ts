import { type Journal, MemoryJournal } from '@smc/node';
import { expect, test } from 'vitest';
import { startLocal, ToldToEnd } from '../src/local-node.ts';
import { Output } from '../src/output.ts';

test('a recovery breaks off when the node is told to end, and closes its journal', async () => {
  const output = new Output(
    { stdout: { write: () => {} }, stderr: { write: () => {} }, environment: {} },
    false,
  );
  let isClosed = false;
  const journal: Journal = new MemoryJournal();
  journal.close = () => void (isClosed = true);
  const keeping = { journal, directory: 'd', limits: {} };
  const words = { arguments: [], options: { http: '0', tcp: '0' } };
  const started = startLocal(words, output, { keeping, isEnded: () => true });
  await expect(started).rejects.toBeInstanceOf(ToldToEnd);
  expect(isClosed).toBe(true);
});
