import { test } from 'vitest';
import { killUnderLoad } from '../support/crashes.ts';
import { randomNumbers } from '../support/random.ts';

test(
  '30 nodes that are killed under load and upgrades lose nothing, and do nothing twice',
  { timeout: 300_000 },
  () => killUnderLoad(30, randomNumbers()),
);
