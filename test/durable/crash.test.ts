import { test } from 'vitest';
import { killUnderLoad } from '../support/crashes.ts';
import { randomNumbers } from '../support/random.ts';

test('30 nodes that are killed under load and upgrades lose nothing, and do nothing twice', () =>
  killUnderLoad(30, randomNumbers()));
