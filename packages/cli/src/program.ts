import { Command, CommanderError } from 'commander';
import { addCommand, type CommandDefinition, type Environment, type Misused } from './command.ts';
import { EXIT, type ExitStatus, Stop } from './exit.ts';
import { beginJournalThread } from './journal-thread.ts';
import { Output } from './output.ts';

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Each command loads what it needs, and no other: `smc check` has no use for a web server. */
  readonly load: (words: readonly string[]) => Promise<CommandDefinition>;
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'new',
    summary: 'start a project: a machine, a test, a README',
    load: async () => (await import('./commands/new.ts')).create,
  },
  {
    name: 'check',
    summary: 'parse and type-check',
    load: async () => (await import('./commands/check.ts')).check,
  },
  {
    name: 'build',
    summary: 'compile to bytecode, and print the fingerprint of each machine',
    load: async () => (await import('./commands/build.ts')).build,
  },
  {
    name: 'run',
    summary: 'run inputs on a machine in this process, and print each reply',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'test',
    summary: 'run the test blocks of source files',
    load: async () => (await import('./commands/test.ts')).test,
  },
  {
    name: 'fmt',
    summary: 'lay out source files in the one format',
    load: async () => (await import('./commands/fmt.ts')).fmt,
  },
  {
    name: 'explain',
    summary: 'show what a diagnostic means, with an example',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  {
    name: 'disasm',
    summary: 'show the instructions, with source lines',
    load: async () => (await import('./commands/disasm.ts')).disasm,
  },
  {
    name: 'diff',
    summary: 'show what changed between two versions, what is derived, and what a way back loses',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'node',
    summary: 'run a node, until SIGINT or SIGTERM',
    load: async (words) => {
      const isOfNoUse = ['--memory', '--help', '-h'].some((each) => words.includes(each));
      if (words.find((each) => !each.startsWith('-')) === 'node' && !isOfNoUse) beginJournalThread();
      return (await import('./commands/node.ts')).node;
    },
  },
  {
    name: 'dev',
    summary: 'run a node with a file on it; save the file, and what runs is upgraded',
    load: async () => (await import('./commands/dev.ts')).dev,
  },
  {
    name: 'deploy',
    summary: 'deploy what is new and upgrade what differs: all, or nothing',
    load: async () => (await import('./commands/deploy.ts')).deploy,
  },
  {
    name: 'upgrade',
    summary: 'upgrade machines that run, from the version that the upgrade names: all, or nothing',
    load: async () => (await import('./commands/upgrade.ts')).upgrade,
  },
  {
    name: 'remove',
    summary: 'take a machine off, with its state; its history stays',
    load: async () => (await import('./commands/remove.ts')).remove,
  },
  {
    name: 'call',
    summary: 'send inputs to a machine on a node, and print the replies',
    load: async () => (await import('./commands/call.ts')).call,
  },
  {
    name: 'status',
    summary: 'show what runs on a node',
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'history',
    summary: 'show what was deployed, upgraded and refused',
    load: async () => (await import('./commands/history.ts')).history,
  },
  {
    name: 'state',
    summary: 'show the state of a machine',
    load: async () => (await import('./commands/state.ts')).state,
  },
  {
    name: 'backup',
    summary: 'write what a node keeps into a file, also while it runs',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  {
    name: 'restore',
    summary: 'make the directory of a node of a backup',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  {
    name: 'repair',
    summary: 'set aside what is damaged of what a node keeps, so that it starts',
    load: async () => (await import('./commands/repair.ts')).repair,
  },
  {
    name: 'keygen',
    summary: 'make a pair of keys, to sign bundles with and to know them by',
    load: async () => (await import('./commands/keygen.ts')).keygen,
  },
];

/** Commands of the design that are not there yet: said so, and not taken for a slip of the finger. */
const PLANNED = ['rollback', 'interfaces'];

function usage(code: string, message: string): Stop {
  const hint = 'smc --help lists the commands, smc COMMAND --help explains one.';
  return new Stop(EXIT.usage, code, message, hint);
}

/**
 * Runs `smc` with these words (without the program's name) and gives its exit status. Only a
 * mistake of ours throws.
 */
export async function smc(
  words: readonly string[],
  version: string,
  environment: Environment,
): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.done;
  const output = new Output(environment, words.includes('--json'));
  const misused: Misused = (stop) => {
    output.stopped(stop);
    return Promise.resolve(stop.status);
  };
  const planned = words.find((word) => !word.startsWith('-'));
  if (planned !== undefined && PLANNED.includes(planned)) {
    return misused(usage('not-supported', `smc ${planned} is not supported yet`));
  }
  const program = new Command('smc')
    .description('Services that are upgraded while they run: a compiler, a node, and what talks to it.')
    .version(version)
    .option('--json', 'print machine-readable output on stdout')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void environment.stdout.write(text),
      writeErr: (text) => void environment.stderr.write(text),
      // Told below, as all else that ends a command.
      outputError: () => {},
    })
    .showSuggestionAfterError(true)
    .addHelpText(
      'after',
      '\nExit status: 0 done; 1 refused (type error, fault, stale upgrade); 2 wrong usage;\n3 no node was reached, or it is not known what became of a change.' +
        '\n\nExample:\n  smc run counter.sm --state Incr Incr Read',
    );
  const ends = new Map<string, Misused>();
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary);
    if (!words.includes(name)) continue;
    ends.set(
      name,
      addCommand(command, await load(words), environment, (ended) => (status = ended)),
    );
  }
  if (words.every((word) => word === '--json')) {
    program.outputHelp({ error: true });
    return misused(usage('usage', 'no command is named'));
  }
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end with 0.
    if (error.exitCode === 0) return EXIT.done;
    const end = ends.get(program.args[0]) ?? misused;
    return end(usage('usage', error.message.replace(/^error: /, '')));
  }
  return status;
}
