import { type Journal, MemoryJournal, NO_LOG } from '@smc/node';
import { expect, test, vi } from 'vitest';
import { addressOf, logRecovery, startLocal, ToldToEnd } from '../src/local-node.ts';
import { Output } from '../src/output.ts';

test('a recovery breaks off when the node is told to end, and closes its journal', async () => {
  const output = new Output(
    { stdout: { write: () => {} }, stderr: { write: () => {} }, environment: {} },
    false,
  );
  let isClosed = false;
  const journal: Journal = new MemoryJournal();
  journal.close = () => void (isClosed = true);
  const keep = () => Promise.resolve({ journal, directory: 'd', limits: {} });
  const words = { arguments: [], options: { http: '0', tcp: '0' } };
  const started = startLocal(words, output, { keep, isEnded: () => true });
  await expect(started).rejects.toBeInstanceOf(ToldToEnd);
  expect(isClosed).toBe(true);
});

test('a journal that is opened for long is said to be', async () => {
  const output = new Output(
    { stdout: { write: () => {} }, stderr: { write: () => {} }, environment: {} },
    false,
  );
  const told: string[] = [];
  const log = { ...NO_LOG, info: (_: object, message: string) => void told.push(message) };
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const keep = () => {
    // It is told from when it begins on.
    const opened = Promise.resolve().then(() => void vi.advanceTimersByTime(2_500));
    return opened.then(() => ({ journal: new MemoryJournal(), directory: 'd', limits: {} }));
  };
  const words = { arguments: [], options: { http: '0', tcp: '0' } };
  const started = startLocal(words, output, { keep, log, isEnded: () => true });
  await expect(started).rejects.toBeInstanceOf(ToldToEnd);
  vi.advanceTimersByTime(10_000);
  vi.useRealTimers();
  expect(told).toEqual(Array(2).fill('recovery: opening the journal'));
});

test('an address of IPv6 is one that clients take', () => {
  expect(addressOf('127.0.0.1', 4041)).toBe('127.0.0.1:4041');
  expect(addressOf('::1', 4041)).toBe('[::1]:4041');
});

test('a recovery that takes long says what it does', () => {
  const told: unknown[] = [];
  let now = 0;
  const log = { ...NO_LOG, info: (facts: object, message: string) => void told.push([message, facts]) };
  const progress = logRecovery(
    log,
    () => false,
    () => (now += 2_000),
  );
  progress({ from: 7, at: 7, last: 7, notes: [] });
  progress({ from: 7, at: 8, last: 10, notes: [] });
  expect(told).toEqual([
    ['recovery: reading the checkpoint', {}],
    ['recovery', { done: 1, of: 3 }],
  ]);
});
