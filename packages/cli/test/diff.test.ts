import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startNode, type RunningNode } from '@smc/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ran, runCommand } from './workplace.ts';

/*
 * `smc diff`. Golden files: files, each after a line `=== NAME`, then what is said of `old.sm` and
 * `new.sm`, on stdout and, where something is refused, on stderr. `UPDATE_GOLDENS=1` writes them anew.
 */

let folder: string;
let outside: string;

beforeEach(() => {
  outside = process.cwd();
  folder = mkdtempSync(join(tmpdir(), 'smc-diff-'));
  process.chdir(folder);
  // The folder may lie in a repository.
  process.env['GIT_CEILING_DIRECTORIES'] = dirname(folder);
});

afterEach(() => {
  delete process.env['GIT_CEILING_DIRECTORIES'];
  process.chdir(outside);
  rmSync(folder, { recursive: true });
});

const run = (words: readonly string[], isTTY = false): Promise<Ran> => runCommand(words, { isTTY });

const diff = (...words: readonly string[]): Promise<Ran> => run(['diff', ...words]);

function file(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

const counter = (state: string, more = ''): string => `machine Counter {
  state { ${state} }
  on Read -> Int { s <- get
    return -< s.count }
}
${more}`;

// -------------------------------------------------------------------------- the text

const goldens = new URL('./diff/', import.meta.url);
const names = readdirSync(goldens).sort();
const OUTPUT = '=== stdout\n';
const ERRORS = '=== stderr\n';

describe('what is said', () => {
  test.each(names)('of %s', async (name) => {
    const place = new URL(name, goldens);
    const [input, expected] = readFileSync(place, 'utf8').split(OUTPUT);
    for (const part of input.split(/^=== /m).slice(1)) {
      const end = part.indexOf('\n');
      file(part.slice(0, end), part.slice(end + 1));
    }
    const { status, out, err } = await diff('old.sm', 'new.sm');
    // What changes with the compiler's output is not what this is about.
    const text = out.replaceAll(/\b[0-9a-f]{12}\b/g, '<code>') + (err === '' ? '' : `${ERRORS}${err}`);
    expect(status).toBe(name.startsWith('refused') ? 1 : 0);
    if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(place, `${input}${OUTPUT}${text}`);
    else expect(text).toBe(expected);
  });

  test('in the page about it', async () => {
    const place = new URL('../../../docs/diff.md', import.meta.url);
    const page = readFileSync(place, 'utf8');
    for (const [, name, text] of page.matchAll(/^```sm file=(\S+)\n(.*?)^```$/gms)) file(name, text);
    const { out } = await diff('old.sm', 'new.sm');
    const said = out.replace(/[0-9a-f]{12} -> [0-9a-f]{12}/, '… -> …');
    const [before, rest] = page.split('```text\n');
    const after = rest.slice(rest.indexOf('```\n'));
    const made = `${before}\`\`\`text\n${said}${after}`;
    if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(place, made);
    else expect(page).toBe(made);
  });

  test('in colour on a terminal only', async () => {
    file('old.sm', counter('count: Int = 0'));
    file('new.sm', counter('count: Int = 0, down: Bool = false'));
    const plain = await diff('old.sm', 'new.sm');
    const coloured = await run(['diff', 'old.sm', 'new.sm'], true);
    expect(plain.out).not.toContain('\u001B');
    expect(coloured.out).toContain('\u001B[32m+ down: Bool = false');
    // eslint-disable-next-line no-control-regex -- colours are what is taken off
    expect(coloured.out.replaceAll(/\u001B\[\d+m/g, '')).toBe(plain.out);
  });

  test('as JSON, with places', async () => {
    file('old.sm', counter('count: Int = 0, note: String = ""'));
    file('new.sm', counter('count: Int = 0'));
    const { status, out } = await diff('old.sm', 'new.sm', '--json');
    expect(status).toBe(1);
    const report = JSON.parse(out) as { machines: { diagnostics: unknown[] }[] };
    expect(report).toMatchObject({
      old: 'old.sm',
      new: 'new.sm',
      machines: [
        {
          name: 'Counter',
          change: 'refused',
          code: {
            old: expect.stringMatching(/^[0-9a-f]{64}$/),
            new: expect.stringMatching(/^[0-9a-f]{64}$/),
          },
          state: [{ what: 'field', kind: 'gone', path: 'note', old: 'String = ""', new: null }],
          operations: [],
          upgrade: null,
        },
      ],
      diagnostics: [
        {
          code: 'E0402',
          file: 'new.sm',
          labels: [{}, { file: 'old.sm', start: { line: 2 } }],
          clauses: [['drop note']],
        },
      ],
    });
    file('new.sm', counter('count: Int = 0, note: String = "", down: Bool = false'));
    const right = JSON.parse((await diff('old.sm', 'new.sm', '--json')).out) as unknown;
    expect(right).toMatchObject({
      machines: [
        {
          change: 'upgraded',
          upgrade: {
            alias: 'old',
            isImported: false,
            written: [],
            derived: [
              'state older -> { count: older.count, note: older.note, down: false }',
              expect.any(String),
            ],
            dropped: [],
            wayBack: { loses: ['down'], fails: [], mayFail: false },
            oldClients: [],
            newClients: [],
          },
        },
      ],
    });
  });

  test('can be pasted where something has to be said', async () => {
    file('old.sm', counter('count: Int = 0, note: String = ""'));
    const next = counter('count: Int = 0, text: String = ""');
    file('new.sm', next);
    const { status, out } = await diff('old.sm', 'new.sm');
    expect(status).toBe(1);
    const [, pasted] = /could say\n(.*?)\n\n {2}state\n/s.exec(out) ?? [];
    expect(pasted).toContain('rename note -> text\n      -- or: drop note\n');
    file('new.sm', `${next}\n${pasted.replace('deployed', '"./old.sm"')}\n`);
    expect(await diff('old.sm', 'new.sm')).toMatchObject({
      status: 0,
      out: expect.stringContaining('~ note is called text'),
    });
    // By the name that the file has for the old version.
    file('new.sm', `import "./old.sm" as was\nimport "./old.sm" as old\n${next}`);
    const imported = await diff('./old.sm', 'new.sm');
    expect(imported.out).toContain('could say\n    upgrade was.Counter -> Counter {\n');
    file('other.sm', '');
    file('new.sm', `import "./other.sm" as old\n${next}`);
    expect((await diff('old.sm', 'new.sm')).out).toContain('import "./old.sm" as running\n');
  });

  test('where there is no machine', async () => {
    file('old.sm', 'fun one() -> Int = 1\n');
    expect(await diff('old.sm', 'old.sm')).toEqual({
      status: 0,
      out: '',
      err: 'there is no machine in either version\n',
    });
  });

  test('that a version is wrong by itself', async () => {
    file('old.sm', counter('count: Int = 0'));
    file('new.sm', counter('count: Int = "0"'));
    const { status, out, err } = await diff('old.sm', 'new.sm');
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toMatch(/^error\[E02\d\d\]: .*\n\n {2}new\.sm:2:/);
  });
});

// ------------------------------------------------------------------------ the versions

function git(...words: readonly string[]): void {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const person = { NAME: 'A', EMAIL: 'a@example.org' };
  for (const [key, value] of Object.entries(person)) {
    Object.assign(env, { [`GIT_AUTHOR_${key}`]: value, [`GIT_COMMITTER_${key}`]: value });
  }
  execFileSync('git', words, { cwd: folder, env, stdio: 'ignore' });
}

describe('a version', () => {
  test('may be bytecode', async () => {
    file('old.sm', counter('count: Int = 0'));
    file('new.sm', counter('count: Int = 0, down: Bool = false'));
    await run(['build', 'old.sm', '-o', 'old.smb']);
    await run(['build', 'new.sm', '-o', 'new.smb']);
    const source = await diff('old.sm', 'new.sm');
    expect(source.out).toContain('+ down: Bool = false');
    // Each is named as it can be imported.
    const out = source.out.replace('"./old.sm"', '"./old.smb"');
    expect(await diff('old.smb', 'new.sm')).toEqual({ ...source, out });
    expect(await diff('old.smb', 'new.smb')).toEqual({ ...source, out });
    writeFileSync(join(folder, 'bad.smb'), 'no bundle');
    expect(await diff('bad.smb', 'new.sm')).toMatchObject({
      status: 1,
      err: expect.stringContaining('error[E0282]: the bytecode in `bad.smb` can not be read'),
    });
  });

  test('may be a file of a revision, with what it imports there', async () => {
    git('init', '--quiet', '.');
    file('src/types.sm', 'type Note = { text: String }\n');
    file(
      'src/main.sm',
      `import "./types.sm" as t\n${counter('count: Int = 0, note: t.Note = { text: "" }')}`,
    );
    git('add', '.');
    git('commit', '--quiet', '--message=one');
    git('tag', 'v1.0');
    file('src/types.sm', 'type Note = { text: String, at: Time = @0 }\n');
    const main = readFileSync(join(folder, 'src/main.sm'), 'utf8');
    file('src/main.sm', main.replace('text: ""', 'text: "", at: @0'));

    const { status, out, err } = await diff('git:HEAD:src/main.sm', 'src/main.sm');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain('+ note.at: Time = @1970-01-01T00:00:00.000Z');
    expect((await diff('git:v1.0:src/main.sm', 'src/main.sm')).out).toBe(out);
    process.chdir(join(folder, 'src'));
    expect((await diff('git:HEAD:./main.sm', 'main.sm')).out).toBe(out);
    process.chdir(folder);

    git('commit', '--quiet', '--all', '--message=two');
    expect((await diff('git:HEAD~1:src/main.sm', 'git:HEAD:src/main.sm')).out).toBe(out);
    expect((await diff('git:HEAD:src/main.sm', 'src/main.sm')).out).toMatch(/^Counter is unchanged: /);

    // Places are those of the revision.
    file('src/main.sm', counter('count: Int = 0'));
    const lost = await diff('git:HEAD:src/main.sm', 'src/main.sm');
    expect(lost.status).toBe(1);
    expect(lost.err).toContain('  git:HEAD:src/main.sm:3:27\n');
  });

  test('of a repository that is not there is told', async () => {
    file('new.sm', counter('count: Int = 0'));
    const told = async (word: string): Promise<string> => {
      const { status, err } = await diff(word, 'new.sm');
      return `${status} ${err.split('\n')[0]}`;
    };
    expect(await told('git:HEAD:new.sm')).toMatch(/^2 error: git:HEAD:… needs a git repository/);
    git('init', '--quiet', '.');
    expect(await told('git:HEAD:new.sm')).toBe('2 error: there is no revision HEAD in this repository');
    git('add', '.');
    git('commit', '--quiet', '--message=one');
    expect(await told('git:main~7:new.sm')).toBe('2 error: there is no revision main~7 in this repository');
    expect(await told('git:HEAD:gone.sm')).toMatch(
      /^2 error: there is no file gone\.sm in HEAD \([0-9a-f]{12}\)$/,
    );
    expect(await told('git:HEAD:../out.sm')).toMatch(/^2 error: there is no file \.\.\/out\.sm in HEAD/);
    for (const word of [
      'git:--output=x:new.sm',
      'git:HEAD',
      'git::new.sm',
      'git:HEAD..HEAD:new.sm',
      'git:a b:new.sm',
    ])
      expect(await told(word)).toBe(`2 error: ${word} names no file of a revision`);
    expect(readdirSync(folder).sort()).toEqual(['.git', 'new.sm']);
  });

  test('may be what was deployed, and what a node runs', async () => {
    const node: RunningNode = await startNode({ httpPort: 0, linesPort: null });
    try {
      file(
        'counter.sm',
        counter('count: Int = 0, item: Item = { name: "" }', 'type Item = { name: String }\n'),
      );
      expect(await diff('deployed', 'counter.sm')).toMatchObject({
        status: 2,
        err: expect.stringContaining('nothing has been deployed in the environment local yet'),
      });
      expect((await run(['deploy', 'counter.sm', '--to', node.url!])).status).toBe(0);
      file(
        'counter.sm',
        counter(
          'count: Int = 0, item: Item = { name: "", price: 1 }',
          'type Item = { name: String, price: Int = 1 }\n',
        ),
      );
      const deployed = await diff('deployed', 'counter.sm');
      expect(deployed).toMatchObject({ status: 0, err: '' });
      expect(deployed.out).toContain('import deployed as old\n');
      expect(deployed.out).toContain('Item older -> { name: older.name, price: 1 }');
      // The node has the names of types, too.
      expect(await diff(node.url!, 'counter.sm')).toEqual(deployed);
      expect((await diff('counter.sm', node.url!)).out).toContain('- item.price: Int = 1');
      expect((await diff('deployed', 'counter.sm', '--env', 'production')).status).toBe(2);
    } finally {
      await node.close();
    }
    expect(await diff('http://127.0.0.1:9', 'counter.sm')).toMatchObject({ status: 3 });
  });

  test('has other machines', async () => {
    file('old.sm', `${counter('count: Int = 0')}machine Gone { on Go {} }\n`);
    file('new.sm', `${counter('count: Int = 0')}machine Added { on Go {} }\n`);
    const { status, out } = await diff('old.sm', 'new.sm');
    expect({ status, out: out.replaceAll(/[0-9a-f]{12}/g, '…') }).toEqual({
      status: 0,
      out: 'Added is new: …\nGone is in the old version only: a deployment leaves it as it is\nCounter is unchanged: …\n',
    });
  });

  test('has to be there', async () => {
    expect(await diff('gone.sm', 'gone.sm')).toMatchObject({
      status: 2,
      err: 'error: gone.sm can not be read: there is no such file\n',
    });
    expect(await run(['diff', 'one.sm'])).toMatchObject({ status: 2 });
    const help = await run(['diff', '--help']);
    expect(help.out).toContain('git:REF:PATH');
    expect(help.out).toContain('The exit status is 1 where an upgrade is refused');
  });
});
