import type { Log } from '@smc/node';
import { pino } from 'pino';

/** A log in lines of JSON: time, level, message and facts. A module of its own, since few load it. */
export function jsonLog(write: (line: string) => void): Log {
  const logger = pino(
    {
      // Without the name of the computer, which whoever gathers logs knows.
      base: { pid: process.pid },
      formatters: { level: (level) => ({ level }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    { write: (line) => write(line.trimEnd()) },
  );
  return {
    info: (facts, message) => logger.info(facts, message),
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
  };
}
