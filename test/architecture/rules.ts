// The boundaries of this repository as data. ARCHITECTURE.md says the same in words.

/** What a package's sources may import: packages of ours, and whether they are free of IO, clock and chance. */
export type PackageRule = { readonly imports: readonly string[]; readonly pure: boolean };

export const packageRules: Readonly<Record<string, PackageRule>> = {
  protocol: { imports: [], pure: true },
  compiler: { imports: ['protocol'], pure: true },
  vm: { imports: ['protocol'], pure: true },
  node: { imports: ['protocol', 'vm'], pure: false },
  client: { imports: ['protocol', 'vm'], pure: false },
  sim: { imports: ['protocol', 'vm', 'node'], pure: false },
  lsp: { imports: ['protocol', 'compiler', 'client'], pure: false },
  studio: { imports: ['protocol', 'compiler', 'client'], pure: false },
  cli: {
    imports: ['protocol', 'compiler', 'vm', 'node', 'client', 'sim', 'lsp', 'studio'],
    pure: false,
  },
};

/** Folders outside the packages: they may import any package by its name, never a path into it. */
export const outerFolders: readonly string[] = ['test', 'bench', 'examples', 'scripts'];

/** What the tests of a package have for tests everywhere; for nobody else. */
export const supportFolder = /^packages\/[^/]+\/test\/support\//;

/** A dependency that belongs in one place only. */
export const confined: Readonly<Record<string, string>> = {
  chevrotain: 'packages/compiler/src/syntax/',
  prettier: 'packages/compiler/src/syntax/format/',
};

/** Globals a pure package does not touch: the world, the clock, chance, and ways around this list. */
export const impureGlobals: ReadonlySet<string> = new Set([
  'process',
  'globalThis',
  'console',
  'performance',
  'crypto',
  'fetch',
  'require',
  'setTimeout',
  'setInterval',
  'setImmediate',
]);

/** Members of otherwise pure globals that read the clock or chance. */
export const impureMembers: ReadonlySet<string> = new Set(['Date.now', 'Math.random']);

/** A longer file says in its header comment why it is one file. */
export const lineCountMax = 600;
export const longFileReason = 'Long because';

/** Folders that hold data or generated files, not sources. */
export const ignoredFolders: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  'coverage',
  'fixtures',
  'conformance',
]);
