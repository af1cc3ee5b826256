import { test } from 'vitest';
import { fillAndKill } from '../support/instances.ts';
import { randomNumbers } from '../support/random.ts';

test.runIf(process.platform === 'linux')(
  'a node has 200,000 instances in the memory of a few',
  { timeout: 3_600_000 },
  () => fillAndKill({ instances: 200_000, limit: 16, heap: 96, process: 300 }, randomNumbers()),
);
