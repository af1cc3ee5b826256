import { disassemble } from '@smc/protocol';
import { one, type CommandDefinition } from '../command.ts';
import { EXIT } from '../exit.ts';
import { loadBundle } from '../sources.ts';

/** `smc disasm FILE`: the instructions of a source file or a bundle, with source lines. */
export const disasm: CommandDefinition = {
  example: 'smc disasm counter.sm',
  declare: (command) => command.argument('<file>', 'source file (.sm) or bytecode (.smb)'),
  async run(words, output) {
    const bundle = loadBundle(one(words, 0), output);
    const texts = bundle.images.map((image, i) => disassemble(image, bundle.debug[i]));
    output.line(texts.join('\n'));
    output.data({ machines: bundle.images.map(({ name }, i) => ({ name, text: texts[i] })) });
    return EXIT.done;
  },
};
