// A change that `smc` asks for, and what signals do to the process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TalkingProcess } from './support/process.ts';

test('a signal ends the process, once the change is answered', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'smc-patience-'));
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  // After a stale upgrade it is asked what runs, which this one never says.
  const server = createServer((request, reply) => {
    if (request.method === 'GET') return ask();
    return reply.writeHead(409).end('{"error":{"code":"stale","message":"it runs another code"}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  writeFileSync(
    join(folder, 'main.sm'),
    'machine One {\n  state { n: Int = 0 }\n  on Get -> Int { return -< 1 }\n}\n',
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const deploy = new TalkingProcess(['deploy', 'main.sm', '--to', url], folder);
  try {
    await asked;
    deploy.signal('SIGINT');
    // By the signal, and with no status.
    expect(await deploy.ended).toBe(null);
  } finally {
    deploy.signal('SIGKILL');
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
