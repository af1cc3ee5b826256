import { posix } from 'node:path';
import { compile, render } from '@smc/compiler';
import type { Bundle } from '@smc/protocol';

/** The bundle of sources given by name; the first is the one compiled. Fails with what the compiler says. */
export function bundleOf(sources: Readonly<Record<string, string>>): Bundle {
  const compilation = compile(Object.keys(sources)[0], {
    read: (file) => sources[file] ?? null,
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (from, path) => posix.join(posix.dirname(from), path),
  });
  if (compilation.bundle !== null) return compilation.bundle;
  const text = (file: string): string | null => compilation.sources.get(file) ?? null;
  throw new Error(
    compilation.diagnostics.map((diagnostic) => render(diagnostic, text, { color: false })).join('\n'),
  );
}
