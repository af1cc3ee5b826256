import type { Diagnostic, Span } from '@smc/protocol';
import { error, label } from './error.ts';

/** Diagnostics about files that are imported. */

/** E0280: a file that can not be imported. */
export function importMissing(span: Span, path: string): Diagnostic {
  return error(
    'E0280',
    `the file \`${path}\` can not be read`,
    [label(span)],
    ['The path is relative to the file that imports it.'],
  );
}

/** E0280: a file that can not be imported. */
export function importsTooMany(span: Span, filesMax: number): Diagnostic {
  return error(
    'E0280',
    `the imported files are too many or too large; there can be at most ${filesMax}`,
    [label(span)],
    ['Import fewer files.'],
  );
}

/** E0282: a bundle that is damaged, or of another version of the format. */
export function bundleDamaged(span: Span, file: string, defect: string): Diagnostic {
  return error(
    'E0282',
    `the bytecode in \`${file}\` can not be read: ${defect}`,
    [label(span)],
    [
      'Build it again with `smc build`. Where it is a baseline, take it from the version control, or remove it and deploy again.',
    ],
  );
}

/** E0283: `import deployed`, and nothing was deployed. */
export function nothingDeployed(span: Span): Diagnostic {
  return error(
    'E0283',
    'nothing has been deployed in this environment yet',
    [label(span)],
    [
      '`smc deploy` keeps what it deployed under `.smc/`. Deploy the first version without this import, or name the environment with `--env`.',
    ],
  );
}
