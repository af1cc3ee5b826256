import { DiskJournal, type Journal, type LogGroup, startNode } from '@smc/node';

/**
 * A node that is wrong, in a process of its own as `smc node --data DIR --json` is one: it acknowledges before anything
 * is on disk, and learns of a failure when there is more to write. Tests that say that nothing is lost must find it out.
 */

const directory = process.argv[process.argv.indexOf('--data') + 1];
const disk = await DiskJournal.open(directory);

let writing: Promise<unknown> = Promise.resolve();
let failure: unknown = null;
const journal: Journal = {
  isLasting: true,
  read: () => disk.read(),
  async append(groups: readonly LogGroup[]) {
    await writing;
    if (failure !== null) throw failure;
    writing = Promise.resolve(disk.append(groups)).catch((error: unknown) => (failure = error));
  },
  checkpoint: (head, slices) => disk.checkpoint(head, slices),
  rows: disk.rows,
  check: () => disk.check(),
  close: () => disk.close(),
};

const node = await startNode({ httpPort: 0, linesPort: 0, journal });
console.log(JSON.stringify({ ready: true, http: node.url, tcp: { port: node.linesPort } }));
const failed = await node.failure;
console.error(`the node gave up: ${failed.message}`);
process.exit(1);
