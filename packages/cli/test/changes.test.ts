import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Changes } from '../src/changes.ts';

let folder: string;
let changes: Changes;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-changes-'));
  changes = new Changes({ newSources: false });
});

afterEach(() => {
  changes.close();
  rmSync(folder, { recursive: true });
});

const file = (name: string): string => join(folder, name);

/** A round in which these files were read. */
function round(...names: readonly string[]): void {
  const onRead = changes.begin();
  for (const name of names) onRead(file(name));
  changes.watch();
}

test('a file is written, replaced, removed, and comes again', async () => {
  writeFileSync(file('a.sm'), '1');
  round('a.sm', 'b.sm');
  expect(changes.count).toBe(2);
  expect(changes.changed()).toEqual([]);
  writeFileSync(file('a.sm'), '22');
  await changes.next();
  expect(changes.changed()).toEqual([file('a.sm')]);
  round('a.sm', 'b.sm');
  writeFileSync(file('draft'), '333');
  renameSync(file('draft'), file('a.sm'));
  await changes.next();
  round('a.sm', 'b.sm');
  rmSync(file('a.sm'));
  await changes.next();
  round('a.sm', 'b.sm');
  writeFileSync(file('b.sm'), '');
  await changes.next();
  expect(changes.changed()).toEqual([file('b.sm')]);
});

test('what changed between reading and watching is seen', async () => {
  writeFileSync(file('a.sm'), '1');
  const onRead = changes.begin();
  onRead(file('a.sm'));
  writeFileSync(file('a.sm'), '22');
  changes.watch();
  await changes.next();
  expect(changes.changed()).toEqual([file('a.sm')]);
});

test('what was not read is no change, however often it changes', async () => {
  writeFileSync(file('a.sm'), '1');
  round('a.sm');
  let isOver = false;
  const over = changes.next().then(() => (isOver = true));
  // The events of another watcher of this folder come after those of the first.
  const other = new Changes({ newSources: true });
  for (let i = 0; i < 3; i++) {
    other.begin()(file('a.sm'));
    other.watch();
    writeFileSync(file(`other-${i}.sm`), '1');
    await other.next();
  }
  other.close();
  expect(isOver).toBe(false);
  const flood = setInterval(() => writeFileSync(file('log'), String(Math.random())), 5);
  // Saved again with the same text: whoever saves wants it to be tried again.
  utimesSync(file('a.sm'), new Date(0), new Date(0));
  await over;
  clearInterval(flood);
});

test('a file that is written in steps is one change', async () => {
  writeFileSync(file('a.sm'), '');
  round('a.sm');
  let steps = 0;
  const writing = setInterval(() => {
    writeFileSync(file('a.sm'), 'x'.repeat(++steps));
    if (steps === 20) clearInterval(writing);
  }, 5);
  await changes.next();
  expect(steps).toBe(20);
});

test('folders that come, go, and take the place of others', async () => {
  round('in/deep/a.sm');
  mkdirSync(file('in/deep'), { recursive: true });
  writeFileSync(file('in/deep/a.sm'), '1');
  await changes.next();
  round('in/deep/a.sm');
  mkdirSync(file('next/deep'), { recursive: true });
  writeFileSync(file('next/deep/a.sm'), '22');
  renameSync(file('in'), file('before'));
  renameSync(file('next'), file('in'));
  await changes.next();
  round('in/deep/a.sm');
  writeFileSync(file('in/deep/a.sm'), '333');
  await changes.next();
  expect(changes.changed()).toEqual([file('in/deep/a.sm')]);
});

test('a link is followed', async () => {
  mkdirSync(file('real'));
  writeFileSync(file('real/a.sm'), '1');
  symlinkSync(file('real/a.sm'), file('a.sm'));
  round('a.sm');
  writeFileSync(file('real/a.sm'), '22');
  await changes.next();
  expect(changes.changed()).toEqual([file('a.sm')]);
});
