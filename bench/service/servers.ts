import { createServer } from 'node:net';
import { connectHttp } from '@smc/client';
import { startNode } from '@smc/node';
import { encodeBundle } from '@smc/protocol';
import { imageOf } from '../workloads/workload.ts';

/**
 * The processes that are measured, one for each run: `servers.ts node` or `servers.ts echo`. They tell
 * their port to the process that started them.
 */

/** What comes goes back: as fast as a server in this runtime can be. */
function serveEcho(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('error', () => socket.destroy());
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

/** A node with the counter, whose log is in memory. */
async function serveNode(): Promise<number> {
  const node = await startNode({ httpPort: 0, linesPort: 0, report: (error) => console.error(error) });
  const noDebug = {
    files: [],
    functions: [],
    fieldOrder: [],
    typeNames: [],
    documentation: [],
    carriedOut: [],
  };
  const bundle = encodeBundle({ images: [imageOf('counter.sm')], upgrades: [], debug: [noDebug] });
  const deployed = await connectHttp(node.url!).deploy(bundle);
  if (!deployed.ok) throw new Error(deployed.error.message);
  return node.linesPort!;
}

const port = await (process.argv[2] === 'echo' ? serveEcho() : serveNode());
process.send!({ port });
process.once('disconnect', () => process.exit());
