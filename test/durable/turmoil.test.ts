import { test } from 'vitest';
import { killInTurmoil } from '../support/turmoil.ts';
import { randomNumbers } from '../support/random.ts';

test('nodes that are killed with little memory, under upgrades and removals, lose nothing and do nothing twice', () =>
  killInTurmoil(8, randomNumbers()));
