import { test } from 'vitest';
import { upgradeUnderLoad } from '../support/load.ts';

test('2,000 upgrades under 20 connections lose nothing', { timeout: 1_800_000 }, () =>
  upgradeUnderLoad(2_000),
);
