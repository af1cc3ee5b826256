import { basename } from 'node:path';
import { printDefinitions } from '@smc/compiler';
import { disassemble, encodeBundle, fingerprints, shortFingerprint } from '@smc/protocol';
import { declareSigning, signed } from '../signing.ts';
import { option, several, type CommandDefinition } from '../command.ts';
import { declareEnvironment, environmentOf } from '../baseline.ts';
import { EXIT, Refused, Stop } from '../exit.ts';
import { writeFile } from '../files.ts';
import { canonical, compileFile, diagnosticsData, mergeBundles, showDiagnostics } from '../sources.ts';

const FORMS = ['core', 'cam'];

/** `smc build FILE… [-o OUT.smb]`: one bundle of all the machines of the files. */
export const build: CommandDefinition = {
  example: 'smc build counter.sm -o counter.smb\nsmc build counter.sm --emit core',
  declare: (command) => {
    command
      .argument('<file...>', 'source files (.sm)')
      .option('-o, --output <file>', 'where the bundle goes (default: the first file, ending in .smb)')
      .option(
        '--emit <form>',
        'print an intermediate form and write nothing: core (combinators) or cam (bytecode)',
      );
    declareSigning(command);
    declareEnvironment(command);
  },
  async run(words, output) {
    const form = option(words, 'emit');
    if (form === 'js') throw new Stop(EXIT.usage, 'not-supported', '--emit js is not supported yet');
    if (form !== undefined && !FORMS.includes(form)) {
      throw new Stop(EXIT.usage, 'usage', `--emit takes ${FORMS.join(' or ')}, not ${form}`);
    }
    const files = several(words, 0);
    const environment = environmentOf(words);
    const compiled = files.map((file) => ({ file, compilation: compileFile(file, { environment }) }));
    const found = diagnosticsData(...compiled.map(({ compilation }) => compilation));
    const refused = compiled.filter(({ compilation }) => showDiagnostics(compilation, output));
    if (refused.length > 0) {
      output.data(found);
      throw new Refused();
    }
    const bundles = compiled.map(({ file, compilation }) => ({ file, bundle: compilation.bundle! }));
    const bundle = canonical(mergeBundles(bundles));
    if (form === 'core') {
      for (const { compilation } of compiled) {
        for (const machine of compilation.terms!.machines) output.line(printDefinitions(machine));
      }
    } else if (form === 'cam') {
      for (const [i, image] of bundle.images.entries()) output.line(disassemble(image, bundle.debug[i]));
    }
    const out = option(words, 'output') ?? `${basename(files[0]).replace(/\.sm$/, '')}.smb`;
    if (form === undefined) {
      writeFile(out, signed(encodeBundle(bundle), words, output));
      for (const image of bundle.images)
        output.line(`${image.name} ${shortFingerprint(fingerprints(image).code)}`);
    }
    output.data({
      machines: bundle.images.map((image) => ({ name: image.name, ...fingerprints(image) })),
      ...found,
      ...(form === undefined ? { output: out } : {}),
    });
    return EXIT.done;
  },
};
