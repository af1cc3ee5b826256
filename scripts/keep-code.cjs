// Runs a built command, `node scripts/keep-code.cjs FILE ARGUMENT…`, and keeps the code that V8 made of it.
const { renameSync, writeFileSync } = require('node:fs');
const { codeFileOf, load } = require('../packages/cli/bin/load.cjs');

const [node, , file, ...words] = process.argv;
process.argv = [node, file, ...words];
const program = load(file, words);
process.on('exit', () => {
  const kept = codeFileOf(file, words);
  writeFileSync(`${kept}.new`, program.code());
  renameSync(`${kept}.new`, kept);
});
program.run();
