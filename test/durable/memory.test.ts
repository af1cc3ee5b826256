import { test } from 'vitest';
import { fillAndKill } from '../support/instances.ts';
import { randomNumbers } from '../support/random.ts';

test.runIf(process.platform === 'linux')(
  'a node has many more instances than memory, and loses none of them',
  () => fillAndKill({ instances: 30_000, limit: 3, heap: 64, process: 250 }, randomNumbers()),
);
