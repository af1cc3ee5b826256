#!/usr/bin/env node
// Plain JavaScript that an old Node can parse: it says what is missing before anything else loads.
const nodeMajorMin = 24;
const nodeMajor = Number.parseInt(process.versions.node, 10);

if (nodeMajor < nodeMajorMin) {
  console.error(
    `smc needs Node ${nodeMajorMin} or later and this is ${process.versions.node}: ` +
      '`npx smc` or `npm exec smc` inside the project uses the right one',
  );
  process.exitCode = 2;
} else {
  // No imports: one of a part of Node makes Node load all that it exports, which takes its time.
  const { existsSync } = process.getBuiltinModule('node:fs');
  const { createRequire } = process.getBuiltinModule('node:module');
  const { fileURLToPath } = process.getBuiltinModule('node:url');
  const bundle = fileURLToPath(new URL('../bundle/main.cjs', import.meta.url));
  if (existsSync(bundle)) createRequire(bundle)('../bin/load.cjs').load(bundle, process.argv.slice(2)).run();
  else {
    console.error('smc is not built yet: run npm run build');
    process.exitCode = 2;
  }
}
