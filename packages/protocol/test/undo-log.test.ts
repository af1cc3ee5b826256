// What is undone, and that nothing stays that was.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { UndoLog } from '@smc/protocol';
import { describe, expect, it } from 'vitest';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Stands for a map: says what is done to it. */
class Recorder {
  readonly calls: unknown[] = [];

  restore(slot: number, old: unknown, size: number): void {
    this.calls.push([slot, old, size]);
  }

  trim(): void {
    this.calls.push('trim');
  }
}

const countTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** What an entry of the log holds. */
function added(log: UndoLog, slot: number): WeakRef<object>[] {
  const [recorder, old] = [new Recorder(), [slot]];
  log.add(recorder, slot, old, 0);
  return [new WeakRef(recorder), new WeakRef(old)];
}

describe('a log of changes', () => {
  it('takes them back, the last first, and has the rest trimmed after it', () => {
    const log = new UndoLog();
    const recorder = new Recorder();
    log.add(recorder, 1, 'a', 10);
    log.clear();
    for (const [slot, old] of ['b', undefined, 'c'].entries()) log.add(recorder, slot, old, 10 * slot);
    log.undo();
    log.undo();
    expect(recorder.calls).toEqual([[2, 'c', 20], [1, undefined, 10], [0, 'b', 0], 'trim', 'trim', 'trim']);
  });

  it.each(['clear', 'undo'] as const)('holds nothing of a step after it: %s', async (end) => {
    const log = new UndoLog();
    const held = [100, 3].flatMap((count) => {
      const refs = countTo(count).flatMap((i) => added(log, i));
      log[end]();
      return refs;
    });
    // What was made or looked at stays until the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(held.filter((each) => each.deref() !== undefined)).toHaveLength(0);
    // It is still in use.
    added(log, 0);
  });
});
