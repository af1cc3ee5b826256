import { virtualMachine } from './peers/vm.ts';
import { twins } from './peers/in-place.ts';
const [, , tier, ...names] = process.argv;
const vm =
  tier === 'twins'
    ? { ...twins, workloads: ['counter', 'pair', 'ledger', 'foldSmall', 'foldLarge', ...twins.workloads] }
    : virtualMachine(tier as any);
const ready = new Map<string, any>();
const alone = process.env.ALONE;
for (const name of vm.workloads) {
  if (alone && !names.includes(name)) continue;
  const p: any = await vm.prepare(name);
  ready.set(name, p);
  for (let i = 0; i < p.passesOfLap; i++) p.pass();
}
for (const name of names) {
  const p = ready.get(name);
  const seen: number[] = [];
  for (
    let round = 0, start = performance.now();
    round < 100000 && performance.now() - start < 4000;
    round++
  ) {
    const t = process.hrtime.bigint();
    p.pass();
    seen.push(Number(process.hrtime.bigint() - t) / p.stepsOfPass);
  }
  const late = seen.slice(seen.length >> 1).sort((a, b) => a - b);
  console.log(name, 'median', late[late.length >> 1].toFixed(1), 'min', late[0].toFixed(1));
}
