import { connectHttp, systemClock } from '@smc/client';
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { Changes } from '../changes.ts';
import { one, type CommandDefinition } from '../command.ts';
import { Development } from '../development.ts';
import { EXIT } from '../exit.ts';
import { Keyboard } from '../keyboard.ts';
import { declareNode, gaveUp, startLocal } from '../local-node.ts';
import type { Output } from '../output.ts';
import { checkSource } from '../sources.ts';

const ABOUT = `
The state is kept: what becomes of it is derived, or said by an upgrade in the file, in which
import deployed as old is what runs. Errors are shown, and change nothing; where no way leads on
it says what to write. The node keeps nothing on disk, and no baseline is read or written.

While it runs, each a key on a terminal, else a line of stdin:
`;

const HELP = `h  this, and where operations are called
s  the state of each machine
r  start afresh what no way leads to: its state is lost
d  remove what is gone from the file: its state is lost
q  end`;

/** `smc dev FILE`: a node with this file on it, that follows what is saved. */
export const dev: CommandDefinition = {
  example: 'smc dev counter.sm\nsmc dev counter.sm --http 0 --tcp 0',
  declare: (command) => {
    command.argument('<file>', 'source file (.sm)');
    declareNode(command);
    command.addHelpText('after', `${ABOUT}  ${HELP.replaceAll('\n', '\n  ')}`);
  },
  async run(words, output, environment) {
    const file = one(words, 0);
    // That it is not there is told now; later it may come back.
    checkSource(file);
    const ended = environment.untilEnded();
    const node = await startLocal(words, output);
    const changes = new Changes({ newSources: false });
    const keyboard = new Keyboard(environment.stdin);
    const { clock = systemClock } = environment;
    const untilEnded = (over?: AbortSignal): Promise<void> =>
      Promise.race([environment.untilEnded(over), keyboard.interrupted]);
    const client = connectHttp(node.url, { clock });
    const development = new Development(file, node.url, client, output, { clock, untilEnded });
    try {
      const following = follow(development, changes, keyboard, ended, output);
      const failed = await Promise.race([following, node.failure]);
      if (failed instanceof Error) throw gaveUp(failed);
    } finally {
      keyboard.close();
      changes.close();
    }
    output.note('stopping');
    await node.close();
    return EXIT.done;
  },
};

/**
 * One thing after the other, to its end: a save that comes while another is handled waits for it, and
 * of several the last counts.
 */
async function follow(
  development: Development,
  changes: Changes,
  keyboard: Keyboard,
  ended: Promise<void>,
  output: Output,
): Promise<void> {
  const save = async (): Promise<void> => {
    await development.save(changes.begin());
    changes.watch();
  };
  await save();
  output.note('save the file and what runs is upgraded; h for help, q to end');
  for (;;) {
    const news = await Promise.race([
      ended.then(() => 'ended' as const),
      changes.next().then(() => 'saved' as const),
      keyboard.next().then(() => 'key' as const),
    ]);
    if (news === 'ended') return;
    const changed = changes.changed();
    if (changed.length > 0) {
      // A key that was pressed after a save is about what becomes of it.
      if (news === 'key') await changes.next();
      output.note(`\n${changed.map(newsOf).join(', ')}`);
      await save();
      continue;
    }
    const key = keyboard.take();
    if (key === 'q') return;
    if (key !== null) await press(key, development, output);
  }
}

/** What became of a file, in words. */
function newsOf(path: string): string {
  return `${relative('.', path)} ${existsSync(path) ? 'saved' : 'is gone'}`;
}

async function press(key: string, development: Development, output: Output): Promise<void> {
  if (key === 'r') return development.startAfresh();
  if (key === 'd') return development.removeGone();
  if (key === 's') return development.showStates();
  if (key === 'h') {
    output.note(HELP);
    return development.showAddresses();
  }
  // Not for Enter, with which one parts what was from what comes.
  if (/^[!-~]/.test(key)) output.note(`${key} means nothing here; h for help`);
}
