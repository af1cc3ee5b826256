import { Command, CommanderError } from 'commander';
import { addCommand, type CommandDefinition, type Environment } from './command.ts';
import { build } from './commands/build.ts';
import { call } from './commands/call.ts';
import { check } from './commands/check.ts';
import { deploy } from './commands/deploy.ts';
import { disasm } from './commands/disasm.ts';
import { history } from './commands/history.ts';
import { node } from './commands/node.ts';
import { run } from './commands/run.ts';
import { state } from './commands/state.ts';
import { status } from './commands/status.ts';
import { upgrade } from './commands/upgrade.ts';
import { EXIT, type ExitStatus } from './exit.ts';

const COMMANDS: readonly CommandDefinition[] = [
  check, build, run, disasm, node, deploy, upgrade, call, status, history, state,
];

/** Commands of the design that are not there yet: said so, and not taken for a slip of the finger. */
const PLANNED = [
  'new', 'test', 'fmt', 'diff', 'explain', 'dev', 'rollback', 'remove', 'interfaces', 'backup', 'restore', 'repair', 'keygen',
];

/**
 * Runs `smc` with these words (without the program's name) and gives its exit status. Only a
 * mistake of ours throws.
 */
export async function smc(words: readonly string[], version: string, environment: Environment): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.done;
  const planned = words.find((word) => !word.startsWith('-'));
  if (planned !== undefined && PLANNED.includes(planned)) {
    environment.stderr.write(`error: smc ${planned} is not supported yet; see smc --help\n`);
    return EXIT.usage;
  }
  const program = new Command('smc')
    .description('Services that are upgraded while they run: a compiler, a node, and what talks to it.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void environment.stdout.write(text),
      writeErr: (text) => void environment.stderr.write(text),
    })
    .showSuggestionAfterError(true)
    .showHelpAfterError('(smc --help lists the commands, smc COMMAND --help explains one)')
    .addHelpText(
      'after',
      '\nExit status: 0 done; 1 refused (type error, fault, stale upgrade); 2 wrong usage; 3 no node there.' +
        '\n\nExample:\n  smc run counter.sm --state Incr Incr Read',
    );
  for (const definition of COMMANDS) addCommand(program, definition, environment, (ended) => (status = ended));
  if (words.length === 0) {
    program.outputHelp({ error: true });
    return EXIT.usage;
  }
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end with 0; commander has said what is wrong with anything else.
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  return status;
}
