import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { compile, printDefinitions, render } from '@smc/compiler';
import { encodeBundle, decodeBundle, disassemble } from '@smc/protocol';
const host = { read: (f: string) => { try { return readFileSync(f, 'utf8'); } catch { return null; } }, resolve: (from: string, p: string) => normalize(join(dirname(from), p)) };
for (const f of process.argv.slice(2)) {
  console.log('=====', f);
  const c = compile(f, host);
  for (const d of c.diagnostics) console.log(render(d, (x: string) => c.sources.get(x) ?? null, { color: false }));
  if (c.bundle) {
    for (const m of c.terms!.machines) console.log(printDefinitions(m));
    for (const m of c.terms!.upgrades) console.log('upgrade', printDefinitions(m));
    const b = encodeBundle(c.bundle); const d = decodeBundle(b);
    console.log(b.length, d.ok, d.ok || d.malformed);
  }
}
