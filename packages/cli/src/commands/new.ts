import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { one, type CommandDefinition } from '../command.ts';
import { EXIT, Stop } from '../exit.ts';

/** `smc new NAME`: a project to start from. */
export const create: CommandDefinition = {
  example: 'smc new shop\ncd shop && smc test',
  declare: (command) => command.argument('<name>', 'the folder of the project, which must be new or empty'),
  async run(words, output) {
    const folder = one(words, 0);
    const name = basename(folder);
    if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) {
      const help = 'It starts with a letter, and has letters, digits, - and _.';
      throw new Stop(EXIT.usage, 'bad-name', `${JSON.stringify(name)} is no name for a project`, help);
    }
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw new Stop(EXIT.usage, 'not-empty', `${folder} is there already, and is not empty`);
    }
    const written: string[] = [];
    for (const [file, text] of Object.entries(filesOf(name))) {
      const path = join(folder, file);
      try {
        mkdirSync(join(path, '..'), { recursive: true });
        // Never over a file that came between.
        writeFileSync(path, text, { flag: 'wx' });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Stop(EXIT.usage, 'no-file', `${path} can not be written: ${why}`);
      }
      written.push(path);
      output.line(path);
    }
    output.data({ folder, files: written });
    output.note(`\nNext:\n  cd ${folder}\n  smc test\n  smc dev ${name.toLowerCase()}.sm`);
    return EXIT.done;
  },
};

/** The name of the machine: `my-shop` is `MyShop`. */
const machineName = (name: string): string =>
  name
    .split(/[-_]+/)
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');

/** By path in the folder: what a project starts with. */
function filesOf(name: string): Readonly<Record<string, string>> {
  const machine = machineName(name);
  const file = `${name.toLowerCase()}.sm`;
  return {
    [file]: `--| A counter, to start from.
machine ${machine} {
  state { count: Int = 0 }

  invariant s -> s.count >= 0

  --| How many there are.
  on Read -> Int {
    s <- get
    return -< s.count
  }

  --| Some more; gives how many there are then.
  on Add(by: Int = 1) -> Int {
    s <- get
    put -< { ...s, count: s.count + by }
    return -< s.count + by
  }
}

test "it counts" for ${machine} {
  Add => 1
  Add(by: 2) => 3
  Read => 3
}
`,
    'README.md': `# ${name}

\`\`\`
smc test                 # runs the tests
smc fmt                  # lays the sources out
smc run ${file} Add Read  # runs inputs in this process

smc dev ${file}          # a node with the machine on it, in another terminal
smc call ${machine} "Add(by: 2)" Read
\`\`\`

Save \`${file}\` while \`smc dev\` runs, and the running machine is upgraded, its state kept. Where nobody can tell
what becomes of the state, it says what to write into the file.
\`smc deploy ${file}\` brings it to a node of its own (\`smc node\`); \`smc diff deployed ${file}\` says before
what that would do.

Once it is deployed, write \`import deployed as old\` at the top of \`${file}\`: then \`smc check\` compares it with
what is deployed (in \`.smc/baseline/\`, which is to be committed), and says what \`upgrade old.${machine} -> ${machine} { … }\`
has to say.
`,
    // The baselines are to be committed.
    '.gitignore': '*.smb\n!/.smc/baseline/*.smb\nsmc-data/\n',
    '.editorconfig': `root = true

[*]
charset = utf-8
end_of_line = lf
insert_final_newline = true

[*.sm]
indent_style = space
indent_size = 2
max_line_length = 100
`,
  };
}
