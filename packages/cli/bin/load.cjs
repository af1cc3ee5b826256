// Loads a CommonJS file as `require` does, with the code that V8 made of it when it was built: most of what a
// short command does would else be to compile functions. Node's own compile cache keeps what is compiled when
// a file is loaded, and not the functions in it that were called. Code of another V8 is not taken.
const { readFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname } = require('node:path');
const { constants, Script } = require('node:vm');

/** Where the code of a file is kept. */
const codeFileOf = (file) => `${file}.code`;

function load(file) {
  // The bundle is ASCII.
  const script = new Script(wrap(readFileSync(file, 'latin1')), {
    filename: file,
    cachedData: codeOf(file),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return {
    run() {
      const module = { exports: {} };
      script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
    },
    /** What was compiled until now. */
    code: () => script.createCachedData(),
  };
}

function codeOf(file) {
  try {
    return readFileSync(codeFileOf(file));
  } catch {
    return undefined;
  }
}

module.exports = { codeFileOf, load };
