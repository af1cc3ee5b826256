import type { Host } from '../host.ts';
import type { Log } from '../ports.ts';

/** Looks at a commit, in the time that one may take. */
const LOOKS = 5;

/**
 * Tells of a disk that takes long for a commit, and when it is over: nobody is answered meanwhile, and a node that is to
 * end waits for it. Until what it gives is called.
 */
export function watchStalls(host: Host, commitMillisMax: number, log: Log): () => void {
  let isStalled = false;
  const look = (): void => {
    const age = host.commitAgeMillis;
    if (age > commitMillisMax === isStalled) return;
    isStalled = !isStalled;
    if (isStalled) {
      const millis = Math.round(age);
      log.warn(
        { millis },
        'the disk takes long for a commit, and all replies wait for it: the node is not ready',
      );
    } else log.info({}, 'the disk takes commits again');
  };
  const looks = setInterval(look, Math.ceil(commitMillisMax / LOOKS));
  looks.unref();
  const end = (): void => clearInterval(looks);
  // Then no commit is under way, and none is done.
  void host.failure.then(end);
  return end;
}
