import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectHttp, type HttpClient, LineClient, type Result } from '@smc/client';
import { loadHttp, type RunningNode, startNode } from '@smc/node';
import { encodeBundle, fingerprints } from '@smc/protocol';
import { load } from '@smc/vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleOf } from '../support/compile.ts';
import { testFolder } from '../support/files.ts';
import { smc } from '../support/process.ts';
import { HOST_NAMES, guardPrototypes } from '../../packages/protocol/test/support/prototypes.ts';

/**
 * What every object of the host has, on the whole way: as fields, constructors, parameters and
 * operations of a machine, as keys of its instances and in its maps, and as what is asked for and
 * is not there. The machine is `Host` of test/language/prototypes.sm.
 */

const path = `${testFolder}language/prototypes.sm`;
const [machine] = readFileSync(path, 'utf8').split('test "');
/** With one more field in a record of the state, which is that of replies too. */
const newer = `import "./v1.sm" as old\n${machine}\nupgrade old.Host -> Host {}\n`
  .replace('  valueOf: List<Int>,\n', '  valueOf: List<Int>,\n  isPrototypeOf: Int = 9,\n')
  .replace('      valueOf: [],\n', '      valueOf: [],\n      isPrototypeOf: 9,\n');
const first = bundleOf({ 'v1.sm': machine });
const second = bundleOf({ 'v2.sm': newer, 'v1.sm': machine });

// What serves HTTP sets such properties of its own objects as it is loaded.
await loadHttp();
guardPrototypes();

/** What was replied, as JSON or text, or the code of the refusal. */
const shown = (result: Result<{ readonly text: string }>): string =>
  result.ok ? result.value.text : result.error.kind === 'refused' ? result.error.code : result.error.kind;

const valuesOf = (names: readonly string[]): string =>
  `{${names.map((name, i) => `"${name}":${i}`).join(',')}}`;

describe.each(['never', 'always'] as const)('on a node, jit: %s', (jit) => {
  let node: RunningNode;
  let client: HttpClient;

  beforeEach(async () => {
    const report = (error: unknown): void => expect.fail(String(error));
    node = await startNode({ httpPort: 0, linesPort: 0, jit, report });
    client = connectHttp(node.url!);
    expect(await client.deploy(encodeBundle(first))).toMatchObject({ ok: true });
  });
  afterEach(() => node.close());

  const call = async (operation: string, input: string, instance = 'i'): Promise<string> =>
    shown(await client.call('Host', operation, input, { instance }));
  const refused = async (url: string, init: RequestInit = {}): Promise<string> => {
    const response = await fetch(`${node.url}${url}`, init);
    const { error } = (await response.json()) as { error: { code: string } };
    return `${response.status} ${error.code}`;
  };

  it('keeps maps and sets with such keys, in requests, state and replies', async () => {
    expect(await call('ToJSON', `{"toJSON":${valuesOf(HOST_NAMES)}}`)).toBe(valuesOf(HOST_NAMES));
    for (const [i, name] of HOST_NAMES.entries()) {
      expect(await call('HasOwnProperty', `{"hasOwnProperty":"${name}"}`)).toBe(`[${i},false]`);
      await call('ValueOf', `{"valueOf":"${name}","then":${i + 1}}`);
      expect(await call('HasOwnProperty', `{"hasOwnProperty":"${name}"}`)).toBe(`[${i + 1},true]`);
      expect(await call('Remove', `{"key":"${name}"}`)).toContain(`"${name}":${i + 101}`);
      expect(await call('HasOwnProperty', `{"hasOwnProperty":"${name}"}`)).toBe('[null,false]');
    }
    expect(await call('Prototype', '')).toBe('["i",{}]');
    expect(await call('ToJSON', '{"toJSON":{"__proto__":{"__proto__":1}}}')).toBe('bad-request');
  });

  it('has fields, parameters, constructors and operations of such names', async () => {
    const owner =
      '{"constructor":"__proto__","hasOwnProperty":false,"then":2,"toJSON":3,"toString":2,"valueOf":[1,0]}';
    expect(await call('Constructor', '{"toString":1,"constructor":"__proto__"}')).toBe(owner);
    expect(await call('Then', '{"then":{"tag":"Constructor","toString":"x","constructor":3}}')).toBe('"3x"');
    expect(await call('Then', '{"then":{"tag":"ToJSON","toJSON":"Object"}}')).toBe('"Object"');
    const response = await fetch(`${node.url}/Host/i/HasOwnProperty?hasOwnProperty=__proto__`);
    expect(await response.text()).toBe('[null,false]');
    const state = await client.state('Host', 'json', 'i');
    expect(state.ok && (JSON.parse(state.value) as unknown)).toMatchObject({
      constructor: JSON.parse(owner) as unknown,
      then: { tag: 'ToJSON', toJSON: 'Object' },
      toString: 1,
      valueOf: [
        [0, { tag: 'Constructor', toString: 'x', constructor: 3 }],
        [1, { tag: 'ToJSON', toJSON: 'Object' }],
      ],
    });
  });

  it('has nothing that was not declared', async () => {
    for (const name of HOST_NAMES) {
      const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
      expect(await refused(`/${name}/ToString`, json)).toBe('404 unknown-machine');
      expect(await refused(`/${name}/i/ToString`)).toBe('404 unknown-machine');
      expect(await refused(`/Host/i/${name}`, json)).toBe('404 unknown-operation');
      expect(await refused(`/Host/${name}?key=i`)).toBe('404 unknown-operation');
      expect(await refused(`/_smc/machines/${name}`)).toBe('404 unknown-machine');
      expect(await refused(`/_smc/machines/${name}/state?key=i`)).toBe('404 unknown-machine');
      expect(await refused(`/_smc/machines/${name}/history`)).toBe('404 unknown-machine');
      expect(await refused(`/_smc/${name}`)).toBe('404 unknown-operation');
      expect(await refused(`/_smc/machines/Host/${name}`)).toBe('404 unknown-operation');
      expect(await refused(`/_smc/machines/Host/state?key=i&${name}=1`)).toBe('400 bad-request');
      expect(await refused(`/Host/i/ToString?${name}=1`)).toBe('400 bad-request');
      expect(await call('ToString', `{"${name}":1}`)).toBe('bad-request');
      expect(await call('ToString', `{"x":{"${name}":1}}`)).toBe('bad-request');
      expect(await call('Then', `{"then":{"tag":"${name}"}}`)).toBe('bad-request');
      expect(await client.remove(name)).toMatchObject({ error: { code: 'unknown-machine' } });
      const headers = { ...json.headers, 'smc-interface': name };
      expect(await refused('/Host/i/ToString', { ...json, headers })).toBe('426 unknown-interface');
    }
    expect(await client.machine('Host')).toMatchObject({ value: { instances: 0 } });
  });

  it('takes them for keys of instances and of requests', async () => {
    const lines = await LineClient.connect(node.linesPort!);
    for (const [i, name] of HOST_NAMES.entries()) {
      const add = { instance: name, key: name };
      const input = `{"valueOf":"${name}","then":${i}}`;
      const reply = `["${name}"]`;
      expect(shown(await client.call('Host', 'ValueOf', input, add))).toBe(reply);
      expect(shown(await client.call('Host', 'ValueOf', input, add))).toBe(reply);
      const other = `{"valueOf":"other","then":${i}}`;
      expect(shown(await client.call('Host', 'ValueOf', other, add))).toBe('idempotency-mismatch');
      expect(await call('Prototype', '', name)).toBe(`["${name}",{"${name}":${i}}]`);
      const text = await lines.request(`Host/"${name}" Prototype`);
      expect(text).toEqual({ ok: true, text: `("${name}", Map { "${name}": ${i} })` });
      for (const line of [`${name} ToString`, `Host/i ${name}`, `Host/i ${name}()`, `${name}`]) {
        expect(await lines.request(line), line).toMatchObject({ ok: false });
      }
    }
    lines.close();
    expect(await client.machine('Host')).toMatchObject({
      value: { instances: HOST_NAMES.length, inputs: HOST_NAMES.length },
    });
  });

  it('upgrades them, and serves those that know the older ones', async () => {
    await call('ToJSON', `{"toJSON":${valuesOf(HOST_NAMES)}}`, '__proto__');
    const older = { instance: '__proto__', interface: fingerprints(first.images[0]).interface };
    const input = '{"constructor":"c","toString":1}';
    const before =
      '{"constructor":"c","hasOwnProperty":false,"then":2,"toJSON":3,"toString":2,"valueOf":[1,0]}';
    expect(await call('Constructor', input, '__proto__')).toBe(before);
    expect(await client.deploy(encodeBundle(second))).toMatchObject({
      value: { machines: [{ name: 'Host', result: 'upgraded' }] },
    });
    expect(await call('Prototype', '', '__proto__')).toBe(`["__proto__",${valuesOf(HOST_NAMES)}]`);
    expect(JSON.parse(await call('Constructor', input, '__proto__'))).toMatchObject({ isPrototypeOf: 9 });
    expect(shown(await client.call('Host', 'Constructor', input, older))).toBe(
      before.replace('[1,0]', '[1,1]'),
    );
  });
});

it('a loaded machine has the operations of its image, and no other', () => {
  for (const jit of ['never', 'always'] as const) {
    const loaded = load(first.images[0], { jit });
    if (!loaded.ok) expect.fail(loaded.invalid.message);
    const { program } = loaded;
    expect(HOST_NAMES.map((name) => program.index(name))).toEqual(HOST_NAMES.map(() => -1));
    expect(program.index('Constructor')).toBe(0);
    expect(program.tier(0)).toBe(jit === 'always' ? 'jit' : 'interpreter');
  }
});

describe('smc', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'smc-prototypes-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Where any use of `__proto__` throws, and what the host has can not be changed. */
  const host = ['--disable-proto=throw', '--frozen-intrinsics', '--no-warnings'];

  it.each([[], ['--no-jit']])('runs, tests and shows them (%s)', async (...jit) => {
    const tested = await smc(['test', path, ...jit], { host });
    expect(tested).toMatchObject({ status: 0, stdout: '4 passed\n' });
    const inputs = [
      'ValueOf("__proto__", 1)',
      'ValueOf("toJSON", 2)',
      'Prototype',
      'Constructor("toString")',
    ];
    const ran = await smc(['run', path, '--key', '__proto__', '--json', '--state', ...jit, ...inputs], {
      host,
    });
    expect(ran.stderr).toBe('');
    const replies = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { reply?: unknown; state?: unknown });
    expect(JSON.stringify(replies[1].reply)).toBe('["__proto__","toJSON"]');
    expect(JSON.stringify(replies[2].reply)).toBe('["__proto__",{"__proto__":1,"toJSON":2}]');
    expect(replies[3].reply).toMatchObject({ constructor: 'toString', toString: 8 });
    expect(JSON.stringify(replies[4].state)).toContain('"prototype":{"__proto__":1,"toJSON":2}');
  });

  it('checks, lays out, builds and compares them', async () => {
    const file = (name: string): string => join(folder, name);
    writeFileSync(file('v1.sm'), machine);
    writeFileSync(file('v2.sm'), newer);
    expect(await smc(['check', file('v2.sm')], { host })).toMatchObject({ status: 0 });
    expect(await smc(['fmt', '--check', path], { host })).toMatchObject({ status: 0 });
    expect(await smc(['build', file('v1.sm'), '-o', file('v1.smb')], { host })).toMatchObject({ status: 0 });
    const compared = await smc(['diff', file('v1.smb'), file('v2.sm')], { host });
    expect(compared).toMatchObject({ status: 0, stderr: '' });
    expect(compared.stdout).toContain('isPrototypeOf');
    for (const words of [
      ['explain', 'constructor'],
      ['explain', '__proto__'],
      ['constructor'],
      ['__proto__'],
    ]) {
      const ran = await smc(words, { host });
      expect(ran.status).toBeGreaterThan(0);
      expect(ran.stderr).not.toMatch(/internal error|undefined|native code/);
    }
  });
});
