export { smc } from './program.ts';
