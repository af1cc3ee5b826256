// Refuses to go on under a Node that is too old, in one line and before anything confusing happens.
const nodeMajorMin = 24;
if (Number.parseInt(process.versions.node, 10) < nodeMajorMin) {
  console.error(
    `smc needs Node ${nodeMajorMin} or later and this is ${process.versions.node} (${process.execPath}). ` +
      'Run it through npm (`npm test`, `npm run ...`, `npx smc`): npm uses the Node of node_modules; ' +
      'if that is missing, run `npm ci` first.',
  );
  process.exit(1);
}
