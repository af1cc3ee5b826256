import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Signers, startNode, Tokens } from '@smc/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTokens } from '../src/tokens.ts';
import { type Ran, runCommand, Workplace } from './workplace.ts';

/** Keys, tokens and what a node is told of who may reach it. */

let place: Workplace;

beforeEach(async () => {
  place = await Workplace.open();
  place.write('counter.sm', COUNTER);
});

afterEach(() => place.close());

const COUNTER =
  'machine Counter {\n  state { n: Int = 0 }\n  on Read -> Int { s <- get\n    return -< s.n }\n}\n';

const path = (name: string): string => place.path(name);
const inNode = (name: string): string =>
  fileURLToPath(new URL(`../../node/test/tls/${name}`, import.meta.url));
const run = (...words: readonly string[]): Promise<Ran> => place.run(words);

describe('smc keygen', () => {
  test('makes a pair, keeps the secret half secret, and writes over nothing', async () => {
    const made = await run('keygen', path('release'));
    expect(made.status).toBe(0);
    expect(made.out).toMatch(
      /^release\.key signs, .*; release\.pub is what nodes trust\nthe key is [0-9a-f]{64}\n$/,
    );
    expect(statSync(path('release.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(path('release.pub'), 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    const before = readFileSync(path('release.key'), 'utf8');
    expect(await run('keygen', path('release'))).toMatchObject({
      status: 1,
      err: expect.stringMatching(/release\.key is there already/) as string,
    });
    expect(readFileSync(path('release.key'), 'utf8')).toBe(before);
  });
});

describe('a node that trusts a key', () => {
  test('takes what was signed with it, as bytecode and from source', async () => {
    await run('keygen', path('release'));
    await run('keygen', path('other'));
    const signers = new Signers([readFileSync(path('release.pub'), 'utf8')]);
    const node = await startNode({ httpPort: 0, linesPort: null, access: { signers } });
    try {
      const deploy = (...words: readonly string[]): Promise<Ran> =>
        place.run(['deploy', ...words], { to: node.url! });
      expect(await deploy('counter.sm')).toMatchObject({
        status: 1,
        err: expect.stringMatching(/unauthorized: the bundle is not signed[^]*\n {2}.*--sign FILE/) as string,
      });
      expect(await deploy('counter.sm', '--sign', path('other.key'))).toMatchObject({ status: 1 });
      expect(await deploy('counter.sm', '--sign', path('release.key'))).toMatchObject({ status: 0 });
      expect(
        await run('build', 'counter.sm', '-o', path('counter.smb'), '--sign', path('release.key')),
      ).toMatchObject({
        status: 0,
      });
      expect(await deploy('counter.smb')).toMatchObject({
        status: 0,
        out: expect.stringMatching(/unchanged/) as string,
      });
      // A signed file is good for all that a file of bytecode is good for.
      expect(await run('disasm', 'counter.smb')).toMatchObject({ status: 0 });
      expect(await run('diff', 'counter.smb', 'counter.sm')).toMatchObject({ status: 0 });
    } finally {
      await node.close();
    }
  });

  test('is told by a file of public keys, and of nothing else', async () => {
    await run('keygen', path('release'));
    writeFileSync(path('empty.pub'), 'nothing\n');
    const refused = async (file: string): Promise<string> => {
      const ran = await run('node', '--memory', '--http', '0', '--tcp', '0', '--trust', path(file));
      expect(ran.status).toBe(2);
      return ran.err;
    };
    expect(await refused('release.key')).toMatch(
      /release\.key is a private key: a node is given the public one/,
    );
    expect(await refused('empty.pub')).toMatch(/empty\.pub is no public key: there is no PEM block in it/);
    expect(await refused('gone.pub')).toMatch(/gone\.pub can not be read: there is no such file/);
    const wrong = await run('build', 'counter.sm', '--sign', path('release.pub'));
    expect(wrong).toMatchObject({
      status: 2,
      err: expect.stringMatching(
        /release\.pub is a public key: a bundle is signed with the private one/,
      ) as string,
    });
  });
});

test('a node is trusted by an authority that was named', async () => {
  const tls = {
    cert: readFileSync(inNode('localhost.crt'), 'utf8'),
    key: readFileSync(inNode('localhost.key'), 'utf8'),
  };
  const node = await startNode({ httpPort: 0, linesPort: null, tls });
  try {
    const to = { to: node.url! };
    const ca = ['--ca', inNode('localhost.crt')];
    expect(await place.run(['deploy', 'counter.sm', ...ca], to)).toMatchObject({ status: 0 });
    expect(await place.run(['call', 'Counter', 'Read', ...ca], to)).toMatchObject({ status: 0, out: '0\n' });
    expect(await place.run(['call', 'Counter', 'Read'], to)).toMatchObject({
      status: 3,
      err: expect.stringMatching(
        /the certificate of the node is not taken: it is signed by itself[^]*\n {2}--ca FILE/,
      ) as string,
    });
    expect(await place.run(['status', '--ca', inNode('localhost.key')], to)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/localhost\.key has no certificate in PEM/) as string,
    });
  } finally {
    await node.close();
  }
});

describe('tokens', () => {
  test('are shown from the environment or from a file', async () => {
    const tokens = new Tokens([{ caller: '', token: 'a-token-of-the-test' }]);
    const node = await startNode({
      httpPort: 0,
      linesPort: null,
      access: { calls: tokens, administration: tokens },
    });
    try {
      place.write('token', '# of the test\nolga a-token-of-the-test\n');
      const to = { to: node.url! };
      const file = ['--token-file', path('token')];
      expect(await place.run(['deploy', 'counter.sm'], to)).toMatchObject({
        status: 1,
        err: expect.stringMatching(/needs a token/) as string,
      });
      expect(await place.run(['deploy', 'counter.sm', ...file], to)).toMatchObject({ status: 0 });
      expect(await place.run(['call', 'Counter', 'Read', ...file], to)).toMatchObject({
        status: 0,
        out: '0\n',
      });
      expect(await place.run(['diff', node.url!, 'counter.sm', ...file])).toMatchObject({ status: 0 });
      const token = 'a-token-of-the-test';
      expect(await runCommand(['status'], { ...to, token })).toMatchObject({ status: 0 });
      expect(await runCommand(['status'], { ...to, token: 'short' })).toMatchObject({
        status: 2,
        err: expect.stringMatching(/\$SMC_TOKEN: a token has 16 to 512/) as string,
      });
    } finally {
      await node.close();
    }
  });

  test('stand in a file, one on each line', () => {
    expect(readTokens('# of callers\n\nalice 0123456789abcdef\n  0123456789abcdeg  \r\n')).toEqual({
      ok: true,
      tokens: [
        { caller: 'alice', token: '0123456789abcdef' },
        { caller: '', token: '0123456789abcdeg' },
      ],
    });
    const wrong = (text: string): string => {
      const read = readTokens(text);
      return read.ok ? 'ok' : `${read.line}: ${read.message}`;
    };
    expect(wrong('')).toBe('null: there is no token in it');
    expect(wrong('\nshort\n')).toMatch(/^2: a token has 16 to 512 printable characters/);
    expect(wrong('a b 0123456789abcdef')).toMatch(/^1: a line is TOKEN, or NAME TOKEN/);
    expect(wrong('a/b 0123456789abcdef')).toMatch(/^1: a line is TOKEN, or NAME TOKEN/);
    expect(wrong('0123456789abcdéf')).toMatch(/^1: a token has/);
    expect(wrong('a 0123456789abcdef\nb 0123456789abcdef')).toBe(
      '2: the token is that of another caller too',
    );
  });
});

test('a certificate and its key are looked at before a node starts', async () => {
  await run('keygen', path('other'));
  const refused = async (cert: string, key: string): Promise<string> => {
    const ran = await run('node', '--memory', '--http', '0', '--tls-cert', cert, '--tls-key', key);
    expect(ran.status).toBe(2);
    return ran.err;
  };
  place.write('none.crt', 'no certificate\n');
  place.write(
    'locked.key',
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n',
  );
  const cert = inNode('localhost.crt');
  expect(await refused(cert, path('other.key'))).toMatch(
    /the key in .*other\.key is not the one of the certificate in .*localhost\.crt/,
  );
  expect(await refused(path('none.crt'), inNode('localhost.key'))).toMatch(
    /none\.crt is no certificate in PEM/,
  );
  expect(await refused(cert, path('none.crt'))).toMatch(/none\.crt is no private key in PEM/);
  expect(await refused(cert, path('locked.key'))).toMatch(/locked\.key is encrypted/);
});

test('an address beyond this computer needs a token and TLS', async () => {
  const ports = ['--memory', '--http', '0', '--tcp', '0', '--admin', '0'];
  expect(await run('node', ...ports, '--host', '0.0.0.0')).toMatchObject({
    status: 2,
    err: expect.stringMatching(
      /^error: 0\.0\.0\.0 is reached from beyond this computer, and that needs a token and TLS\n {2}See smc node --help/,
    ) as string,
  });
  const open = await run('node', ...ports, '--host', '0.0.0.0', '--insecure');
  expect(open.status).toBe(0);
  expect(open.out).toMatch(
    /^ready: http:\/\/0\.0\.0\.0:\d+ \(HTTP\), 0\.0\.0\.0:\d+ \(lines, frames\), http:\/\/127\.0\.0\.1:\d+ \(administration\)/,
  );
});
