import { testRun } from './vitest.config.ts';

export default testRun(['test/soak/**/*.test.ts']);
