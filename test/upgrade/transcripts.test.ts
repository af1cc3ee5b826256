import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LineConnection, smc, startNodeProcess, type NodeProcess } from '../support/process.ts';

/**
 * The two sessions that this project started from, on a real node, with one line connection
 * open throughout.
 */
const examples = fileURLToPath(new URL('../conformance/upgrade/', import.meta.url));

let programs: string;
let node: NodeProcess;
let client: LineConnection;

beforeEach(async () => {
  // A deployment leaves a baseline beside the programs.
  programs = mkdtempSync(join(tmpdir(), 'smc-transcripts-'));
  cpSync(examples, programs, { recursive: true });
  node = await startNodeProcess();
  client = await LineConnection.open(node.tcpPort);
});

afterEach(async () => {
  expect(client.closed).toBe(false);
  client.close();
  expect(await node.stop()).toBe(0);
  rmSync(programs, { recursive: true });
});

async function command(...words: string[]): Promise<string> {
  const ended = await smc(words, { cwd: programs, env: { SMC_NODE: node.url } });
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  return ended.stdout;
}

async function asks(pairs: readonly (readonly [string, string])[]): Promise<void> {
  for (const [request, reply] of pairs) expect(await client.ask(`Counter ${request}`), request).toBe(reply);
}

test('a counter grows an operation, then another state', async () => {
  expect(await command('deploy', 'counter-v1.sm')).toMatch(/^Counter deployed [0-9a-f]{12}\n$/);
  await asks([
    ['IncrCount', 'ok ()'],
    ['IncrCount', 'ok ()'],
    ['ReadCount', 'ok 2'],
    ['ResetCount', 'error unknown-operation Counter has no operation "ResetCount"; did you mean ReadCount?'],
  ]);

  expect(await command('upgrade', 'counter-v2.sm')).toMatch(
    /^Counter upgraded [0-9a-f]{12} -> [0-9a-f]{12}\n/,
  );
  await asks([
    ['ReadCount', 'ok 2'],
    ['ResetCount', 'ok ()'],
    ['ReadCount', 'ok 0'],
    ['IncrCount', 'ok ()'],
    ['IncrCount', 'ok ()'],
    ['IncrCount', 'ok ()'],
  ]);

  expect(await command('upgrade', 'counter-v3.sm')).toMatch(/\n {2}note: the way back loses state\.1\n$/);
  await asks([
    ['ReadCount', 'ok 3'],
    ['ToggleCount', 'ok ()'],
    ['IncrCount', 'ok ()'],
    ['ReadCount', 'ok 2'],
    ['ToggleCount', 'ok ()'],
    ['IncrCount', 'ok ()'],
    ['ReadCount', 'ok 3'],
  ]);
  expect(await command('state', 'Counter')).toBe('(3, false)\n');
});

test('an upgrade skips no version', async () => {
  await command('deploy', 'counter-v1.sm');
  const ended = await smc(['upgrade', 'counter-v3.sm', '--to', node.url], { cwd: programs });
  expect(ended.status).toBe(1);
  expect(ended.stderr).toContain('stale');
  await asks([['ReadCount', 'ok 0']]);
});

test('a state of one number becomes a pair, and the same upgrade again is stale', async () => {
  await command('deploy', 'pair-v1.sm');
  await asks([['Incr', 'ok ()']]);
  const upgraded = await command('upgrade', 'pair-v2.sm', '--json');
  await asks([
    ['Incr', 'ok ()'],
    ['Incr', 'ok ()'],
    ['Count', 'ok 3'],
  ]);
  expect(await command('state', 'Counter')).toBe('(1, 3)\n');

  const [{ from, code }] = (JSON.parse(upgraded) as { machines: { from: string; code: string }[] }).machines;
  const again = await smc(['upgrade', 'pair-v2.sm', '--to', node.url, '--json'], { cwd: programs });
  expect(again.status).toBe(1);
  const { error } = JSON.parse(again.stdout) as { error: { code: string; message: string } };
  expect(error.code).toBe('stale');
  expect(error.message).toContain(from.slice(0, 12));
  expect(error.message).toContain(code.slice(0, 12));
  await asks([['Count', 'ok 3']]);
  expect(await command('state', 'Counter')).toBe('(1, 3)\n');
});
