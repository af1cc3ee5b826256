import { one, type CommandDefinition } from '../command.ts';
import { EXIT, Stop } from '../exit.ts';
import { EXPLANATIONS } from '../explanations.ts';

/** `smc explain CODE`: the page of a diagnostic. */
export const explain: CommandDefinition = {
  example: 'smc explain E0204',
  declare: (command) => command.argument('<code>', 'the code of a diagnostic, such as E0204'),
  async run(words, output) {
    const given = one(words, 0);
    const code = given.toUpperCase();
    const page = EXPLANATIONS.get(code);
    if (page === undefined) {
      const near = [...EXPLANATIONS.keys()].filter((known) => known.startsWith(code.slice(0, 4)));
      const hint = near.length === 0 ? 'A code is E and four digits: E0204.' : `Near it: ${near.join(', ')}.`;
      throw new Stop(EXIT.usage, 'unknown-code', `no diagnostic has the code ${JSON.stringify(given)}`, hint);
    }
    output.line(page.trimEnd());
    output.data({ code, page });
    return EXIT.done;
  },
};
