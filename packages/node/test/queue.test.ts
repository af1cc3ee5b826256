import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Queue } from '../src/queue.ts';

describe('a queue', () => {
  it('is a list that is taken from at both ends', () => {
    const actions = fc.array(fc.constantFrom('push', 'push', 'push', 'shift', 'shift', 'pop'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(actions, (names) => {
        const [queue, model] = [new Queue<number>(), [] as number[]];
        for (const [number, name] of names.entries()) {
          if (name === 'push') {
            queue.push(number);
            model.push(number);
          } else
            expect(name === 'shift' ? queue.shift() : queue.pop()).toBe(
              name === 'shift' ? model.shift() : model.pop(),
            );
          expect([queue.length, queue.first, queue.toArray()]).toEqual([model.length, model[0], model]);
        }
      }),
    );
  });

  it('keeps its order however much goes through it', () => {
    const queue = new Queue<number>();
    queue.push(0);
    for (let i = 1; i <= 20_000; i++) {
      queue.push(i);
      expect(queue.shift()).toBe(i - 1);
    }
    expect(queue.toArray()).toEqual([20_000]);
  });

  it('holds nothing that was taken out', async () => {
    const queue = new Queue<object>();
    const taken = Array.from({ length: 3 }, () => {
      const item = {};
      queue.push(item);
      return new WeakRef(item);
    });
    queue.push({});
    for (let i = 0; i < taken.length; i++) queue.shift();
    // A reference that was just made is held up to the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(taken.map((each) => each.deref())).toEqual([undefined, undefined, undefined]);
    expect(queue.length).toBe(1);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
