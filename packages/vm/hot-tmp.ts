import { load, Instance } from '@smc/vm';
const { counter } = await import(process.argv[2] + '/bench/workloads/counters.ts');
const l: any = load(counter.image); const p = l.program; const steps = counter.steps(p); const inst = new Instance(p.initial);
let best = 1e9; for (let r = 0; r < 60; r++) { const t = performance.now(); for (let k = 0; k < 20; k++) for (const { operation, input } of steps) p.step(inst, operation, input, 0); best = Math.min(best, (performance.now() - t) / 20 / steps.length * 1e6); }
console.log(process.argv[2], best.toFixed(1), 'ns');
