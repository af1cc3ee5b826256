import { expect, test } from 'vitest';
import type { Words } from '../src/command.ts';
import { logOf } from '../src/node-log.ts';
import { Output, type Written } from '../src/output.ts';

/** What `smc node` tells its operator, in both forms. */

const CODE = '9c41f6d05a1b'.padEnd(64, '0');

async function told(...words: readonly string[]): Promise<string> {
  let err = '';
  const output = new Output(
    { stdout: { write: () => {} }, stderr: { write: (text) => void (err += text) }, environment: {} },
    false,
  );
  const options: Words['options'] = words.length === 0 ? {} : { log: words[0] };
  const log = await logOf({ arguments: [], options }, output);
  log.info({ machine: 'Counter', from: null, to: CODE, caller: 'olga' }, 'deployed');
  log.warn({ reason: 'it says "no"\nand more', others: 3 }, 'deployment refused');
  log.error({ err: new Error('what broke') }, 'a defect of the node');
  return err;
}

test('text is for people', async () => {
  expect(await told()).toBe(
    'deployed machine=Counter to=9c41f6d05a1b caller=olga\n' +
      'warning: deployment refused reason="it says \\"no\\"\\nand more" others=3\n' +
      'error: a defect of the node err="what broke"\n',
  );
});

test('JSON is a line for each event, with all facts whole', async () => {
  const events = (await told('json'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events).toMatchObject([
    { level: 'info', msg: 'deployed', machine: 'Counter', from: null, to: CODE, caller: 'olga' },
    { level: 'warn', msg: 'deployment refused', reason: 'it says "no"\nand more', others: 3 },
    { level: 'error', msg: 'a defect of the node', err: { type: 'Error', message: 'what broke' } },
  ]);
  for (const { time, pid } of events) {
    expect(new Date(String(time)).toISOString()).toBe(time);
    expect(pid).toBe(process.pid);
  }
});

test('what nobody reads is left out and counted, as soon as it is read again', async () => {
  let err = '';
  const stderr = { write: (text: string) => void (err += text), writableLength: 0 };
  const output = new Output({ stdout: { write: () => {} }, stderr, environment: {} }, false);
  const log = await logOf({ arguments: [], options: {} }, output);
  log.info({}, 'one');
  stderr.writableLength = 2 * 1024 * 1024;
  for (let i = 0; i < 3; i++) log.error({}, 'two');
  stderr.writableLength = 100;
  log.info({}, 'three');
  log.info({}, 'four');
  expect(err).toBe('one\nwarning: left out of the log, which could not be written lines=3\nthree\nfour\n');
});

test.each(['text', 'json'])(
  'what can not be written is counted, and told when there is room: %s',
  async (form) => {
    const lines: string[] = [];
    let isFull = true;
    const stderr = {
      write: (text: string, written?: Written) => {
        if (!isFull) lines.push(text);
        written?.(isFull ? new Error('ENOSPC') : null);
      },
    };
    const output = new Output({ stdout: { write: () => {} }, stderr, environment: {} }, false);
    const log = await logOf({ arguments: [], options: { log: form } }, output);
    log.info({}, 'one');
    log.error({}, 'two');
    isFull = false;
    log.info({}, 'three');
    log.info({}, 'four');
    expect(lines).toHaveLength(3);
    const told = { level: 'warn', lines: 2, msg: 'left out of the log, which could not be written' };
    if (form === 'json') expect(JSON.parse(lines[0])).toMatchObject(told);
    else expect(lines[0]).toBe(`warning: ${told.msg} lines=2\n`);
  },
);

test('another form is none', async () => {
  await expect(told('xml')).rejects.toThrow('--log takes text or json, not xml');
});
