import { Worker } from 'node:worker_threads';

/** The sources of threads, beside this one, without their endings. */
type ThreadFile = 'worker' | 'shadow-worker';

/** Begins a thread, which takes its time: nobody waits for it to end that has not asked it for something. */
export function beginThread(file: ThreadFile, options?: unknown): Worker {
  // The sources run as they are, and what is built from them beside them.
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./${file}.${ending}`, import.meta.url), {
    workerData: options,
    execArgv: [],
  });
  worker.unref();
  return worker;
}
