import { test } from 'vitest';
import { killUnderLoad } from '../support/crashes.ts';
import { randomNumbers } from '../support/random.ts';

test('300 nodes that are killed lose nothing, and do nothing twice', { timeout: 3_600_000 }, () =>
  killUnderLoad(300, randomNumbers()),
);
