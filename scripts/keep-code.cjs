// Runs a built command, `node scripts/keep-code.cjs FILE ARGUMENT…`, and keeps the code that V8 made of it.
const { renameSync, writeFileSync } = require('node:fs');
const { load } = require('../packages/cli/bin/load.cjs');

const [node, , file, ...words] = process.argv;
process.argv = [node, file, ...words];
const program = load(file, words);
process.on('exit', () => {
  for (const [kept, code] of program.code()) {
    writeFileSync(`${kept}.new`, code);
    renameSync(`${kept}.new`, kept);
  }
});
program.run();
