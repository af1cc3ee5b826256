import { fill } from './start/measure.ts';
await fill('/tmp/w/memory-scratch/million', 1_000_000);
