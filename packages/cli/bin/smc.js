#!/usr/bin/env node
// Plain JavaScript that an old Node can parse: it says what is missing before anything else loads.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const nodeMajorMin = 24;
const nodeMajor = Number.parseInt(process.versions.node, 10);
const main = new URL('../bundle/main.js', import.meta.url);

if (nodeMajor < nodeMajorMin) {
  console.error(
    `smc needs Node ${nodeMajorMin} or later and this is ${process.versions.node}: ` +
      '`npx smc` or `npm exec smc` inside the project uses the right one',
  );
  process.exitCode = 2;
} else if (!existsSync(main)) {
  console.error('smc is not built yet: run npm run build');
  process.exitCode = 2;
} else {
  // What was compiled by an earlier run is kept beside the program, where it can be written; else nothing is.
  module.enableCompileCache(fileURLToPath(new URL('../bundle/.cache', import.meta.url)));
  await import(main.href);
}
