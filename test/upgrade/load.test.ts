import { test } from 'vitest';
import { upgradeUnderLoad } from '../support/load.ts';

test('50 upgrades under 20 connections lose nothing', () => upgradeUnderLoad(50));
