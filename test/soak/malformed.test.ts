import { expect, test } from 'vitest';
import { malformedStorms } from '../support/hostility.ts';
import { startNodeProcess } from '../support/process.ts';
import { randomNumbers } from '../support/random.ts';
import { TALLY } from '../support/tally.ts';

test('100,000 malformed connections are answered or dropped', { timeout: 3_600_000 }, async () => {
  const node = await startNodeProcess();
  expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
  await malformedStorms(node, 33_334, randomNumbers());
  expect(await node.stop()).toBe(0);
});
