// Loads a CommonJS file as `require` does, with the code that V8 made of it when it was built: most of what a
// short command does would else be to compile functions. Node's own compile cache keeps what is compiled when
// a file is loaded, and not the functions in it that were called. Code of another V8 is not taken.
//
// A command that only reads sources is over before the last of V8's compilers, TurboFan, wins back what it
// costs: it is left out for these. V8 takes no code that was made with other flags, so there are two of it.
const { readFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { constants, Script } = require('node:vm');

/** The commands that only read sources. */
const READING = new Set(['check', 'diff', 'explain', 'fmt']);

const isShort = ([command, ...words]) => READING.has(command) && !words.includes('--watch');

/** A node needs little of what others do: to take in the code of all of it would take longer than that little. */
const kindOf = (words) => (isShort(words) ? 'short' : words[0] === 'node' ? 'node' : 'long');

/** Where the code of a file is kept, as it is for a command. */
const codeFileOf = (file, words) => `${file}.${kindOf(words)}.code`;

/** A file that is loaded for a command: the first of its words. */
function load(file, words) {
  if (isShort(words)) setFlagsFromString('--no-turbofan');
  // The bundle is ASCII.
  const script = new Script(wrap(readFileSync(file, 'latin1')), {
    filename: file,
    // What a node is made of other commands load too, and it is kept for one.
    cachedData: codeOf(codeFileOf(file, words)) ?? codeOf(codeFileOf(file, ['node'])),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  /** Files beside it that it has loaded. */
  const beside = new Map();
  const require = createRequire(file);
  const requireBeside = (id) => {
    if (!BESIDE.test(id)) return require(id);
    if (!beside.has(id)) beside.set(id, load(join(dirname(file), id), words));
    return beside.get(id).run();
  };
  let exports = null;
  return {
    run() {
      if (exports !== null) return exports;
      const module = { exports: {} };
      script.runInThisContext()(
        module.exports,
        Object.assign(requireBeside, require),
        module,
        file,
        dirname(file),
      );
      exports = module.exports;
      return exports;
    },
    /** What was compiled until now, of a file and of those beside it, by where it is kept. */
    code: () =>
      new Map([
        [codeFileOf(file, words), script.createCachedData()],
        ...[...beside.values()].flatMap((each) => [...each.code()]),
      ]),
  };
}

/** What is built into files of its own, as few commands need it. */
const BESIDE = /^\.\/\w+\.cjs$/;

function codeOf(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

module.exports = { load };
