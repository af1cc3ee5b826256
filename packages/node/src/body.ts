import { readInput, valueFromJson } from '@smc/protocol';
