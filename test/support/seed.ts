// Runs before each test file: all laws start from one seed, so that a run fails because of what was changed, and
// not by luck. A law that fails prints `{ seed, path }`, which can be pasted into its parameters.
import fc from 'fast-check';

const text = process.env['SMC_TEST_SEED'] ?? '1';
const seed = Number(text);
if (text.trim() === '' || !Number.isInteger(seed)) throw new Error(`SMC_TEST_SEED is no integer: ${text}`);

fc.configureGlobal({ seed });
