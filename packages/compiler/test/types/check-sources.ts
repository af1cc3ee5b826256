import { decodeBundle, encodeUtf8, lineStarts, positionAt, type Diagnostic } from '@smc/protocol';
import type { LoadedBundle } from '../../src/sources.ts';
import { checkModules, type CheckedModules } from '../../src/types/check.ts';
import { parse, type Module } from '../../src/syntax/index.ts';

/** Parses and checks a program of one or more files, by name; the first is the entry. A `.smb` is no bundle. */
export function checkSources(
  sources: ReadonlyMap<string, string>,
): CheckedModules & { readonly syntax: readonly Diagnostic[] } {
  const modules = new Map<string, Module>();
  const syntax: Diagnostic[] = [];
  const files = new Map<string, LoadedBundle>();
  for (const [file, text] of sources) {
    if (file.endsWith('.smb')) {
      const decoded = decodeBundle(encodeUtf8(text));
      files.set(file, { file, bundle: null, defect: decoded.ok ? null : decoded.malformed.message });
      continue;
    }
    const parsed = parse(text, file);
    modules.set(file, parsed.module);
    syntax.push(...parsed.diagnostics);
  }
  const [entry] = sources.keys();
  const resolve = (_from: string, path: string): string => path.replace(/^\.\//, '');
  return {
    ...checkModules(modules, entry, resolve, {
      files,
      deployed: null,
      givesCode: () => false,
      carriedOut: () => [],
      ofCarriedOut: 'refused',
    }),
    syntax,
  };
}

/** The same for one file. */
export function checkText(text: string): ReturnType<typeof checkSources> {
  return checkSources(new Map([['main.sm', text]]));
}

/** Code and place of each diagnostic, `E0201 5:15`: what a test of one mistake compares. */
export function places(text: string): string[] {
  const { syntax, diagnostics } = checkText(text);
  const starts = lineStarts(text);
  return [...syntax, ...diagnostics].map(({ code, labels }) => {
    const { line, column } = positionAt(text, starts, labels[0].span.start);
    return `${code} ${line}:${column}`;
  });
}
