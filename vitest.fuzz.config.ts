import { testRun } from './vitest.config.ts';

export default testRun(['test/fuzz/**/*.test.ts']);
