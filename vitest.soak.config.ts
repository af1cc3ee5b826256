import { defineConfig } from 'vitest/config';
import { common } from './vitest.config.ts';

export default defineConfig({ test: { ...common, include: ['test/soak/**/*.test.ts'] } });
