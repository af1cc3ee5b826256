import { startNode, type RunningNode } from '@smc/node';
import { option, refuseOptions, type CommandDefinition, type Words } from '../command.ts';
import { EXIT, Stop } from '../exit.ts';

const DEFAULT_HTTP_PORT = 4040;
const DEFAULT_TCP_PORT = 4041;

/** `smc node`: a node in this process, until SIGINT or SIGTERM. */
export const node: CommandDefinition = {
  example: 'smc node --memory',
  declare: (command) =>
    command
      .option('--memory', 'keep the log in memory: what the node holds is gone when it ends')
      .option('--http <port>', `port for HTTP, 0 for any (default: ${DEFAULT_HTTP_PORT})`)
      .option('--tcp <port>', `port for lines, 0 for any (default: ${DEFAULT_TCP_PORT})`)
      .option('--data <dir>', 'the directory that keeps the log'),
  async run(words, output, environment) {
    refuseOptions(words, ['data']);
    if (words.options['memory'] !== true) {
      throw new Stop(
        EXIT.usage,
        'not-supported',
        'a log on disk is not supported yet',
        'With --memory the node runs, and forgets everything when it ends.',
      );
    }
    const httpPort = port(words, 'http', DEFAULT_HTTP_PORT);
    const linesPort = port(words, 'tcp', DEFAULT_TCP_PORT);
    const report = (error: unknown): void => {
      output.error(
        `a defect of the node: ${error instanceof Error ? error.message : String(error)}`,
        'Please report it.',
      );
    };
    const running = await start(() => startNode({ httpPort, linesPort, report }));
    output.line(
      `ready: ${running.url} (HTTP), 127.0.0.1:${running.linesPort} (lines); nothing is kept on disk`,
    );
    output.data({ ready: true, http: running.url, tcp: { host: '127.0.0.1', port: running.linesPort } });
    const failed = await Promise.race([environment.untilEnded().then(() => null), running.failure]);
    if (failed !== null) throw new Stop(EXIT.refused, 'failed', `the node gave up: ${failed.message}`);
    output.note('stopping');
    await running.close();
    return EXIT.done;
  },
};

function port(words: Words, name: string, otherwise: number): number {
  const text = option(words, name);
  if (text === undefined) return otherwise;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= 65_535) return number;
  throw new Stop(EXIT.usage, 'usage', `--${name} takes a port from 0 to 65535, not ${text}`);
}

async function start(begin: () => Promise<RunningNode>): Promise<RunningNode> {
  try {
    return await begin();
  } catch (error) {
    const { code, port: taken, message } = error as NodeJS.ErrnoException & { port?: number };
    if (code === 'EADDRINUSE') {
      throw new Stop(
        EXIT.refused,
        'port-taken',
        `port ${taken} of 127.0.0.1 is taken`,
        'Another node may run there: smc status asks it. --http and --tcp choose other ports.',
      );
    }
    throw new Stop(EXIT.refused, 'not-started', `the node can not start: ${message}`);
  }
}
