import { test } from 'vitest';
import { killInTurmoil } from '../support/turmoil.ts';
import { randomNumbers } from '../support/random.ts';

test(
  '300 nodes that are killed with little memory, under upgrades and removals, lose nothing',
  { timeout: 3_600_000 },
  () => killInTurmoil(300, randomNumbers()),
);
