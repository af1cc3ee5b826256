import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { smcNode, pin, withServer, redis, program } from '../bench/service/servers.ts';
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
const [which, depth, seconds, keep] = process.argv.slice(2);
const starting: any = which === 'redis' ? redis : which === 'constant' ? program('constant.ts') : smcNode(which as any, keep as any);
const protocol = which === 'constant' ? 'http' : which;
await withServer(starting, async (server: any) => {
  const load = fork(fileURLToPath(new URL('../bench/service/load.ts', import.meta.url)), [server.port, protocol, 50, depth, seconds].map(String), { env: { ...process.env, NODE_OPTIONS: '' } });
  if (process.env.NOPIN === undefined) { pin(server.child, 0); pin(load, 1); }
  await once(load, 'message');
  const cpu = () => { const f = readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(f[11]) + Number(f[12])) * 1e4; };
  const b = cpu();
  const [m] = await once(load, 'message') as any;
  const a = cpu();
  if (process.env.THREADS) { const { readdirSync } = await import('node:fs'); for (const t of readdirSync(`/proc/${server.child.pid}/task`)) { const f = readFileSync(`/proc/${server.child.pid}/task/${t}/stat`, 'utf8'); const n = f.slice(f.indexOf('('), f.indexOf(')') + 1); const g = f.split(') ')[1].split(' '); if (+g[11] + +g[12] > 5) console.log(t, n, 'user', g[11], 'sys', g[12]); } }
  console.log(which, keep, depth, 'per second', Math.round(m.figures.perSecond), 'us', ((a - b) / (m.figures.perSecond * Number(seconds))).toFixed(2), 'p99', m.figures.p99.toFixed(2));
});
