import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { ByteWriter, FRAME_MAGIC, writeHello } from '@smc/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningNode, startNode } from '../src/node.ts';
import { Reading, ReadingTurns } from '../src/serve/reading.ts';
import { send } from './requests.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('connections that are read', () => {
  /** Those that went on, in order, each of which asks for as much again. */
  const wentOn: number[] = [];
  let now = 0;
  const turns = new ReadingTurns(() => now);
  const greedy = Array.from({ length: 8 }, (_, i) => new Reading(() => void wentOn.push(i)));
  const askMuch = (): void => {
    for (const reading of greedy) for (let i = 0; i < 40 && !reading.isHeld; i++) turns.count(reading);
  };

  it('are held when they asked for some, and go on one after the other, as many as there is time for', async () => {
    askMuch();
    expect(greedy.every(({ isHeld }) => isHeld)).toBe(true);
    const modest = new Reading(() => expect.unreachable());
    for (let i = 0; i < 10; i++) turns.count(modest);
    expect(modest.isHeld).toBe(false);
    const each: number[][] = [];
    for (const millis of [20, 20, 20, 1, 1, 1]) {
      now += millis;
      await turn();
      each.push(wentOn.splice(0));
      askMuch();
    }
    expect(each).toEqual([[0], [1], [2], [3, 4], [5, 6, 7, 0], [1, 2, 3, 4, 0, 5, 6, 7]]);
  });

  it('have as much in the next turn', async () => {
    const modest = new Reading(() => expect.unreachable());
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 31; i++) turns.count(modest);
      expect(modest.isHeld).toBe(false);
      await turn();
    }
  });
});

describe('who asks for what is answered at once, again and again,', () => {
  let node: RunningNode;
  let greedy: Socket;
  afterEach(async () => {
    greedy.destroy();
    await node.close();
  });

  const hello = (): Buffer => {
    const writer = new ByteWriter();
    writer.raw(FRAME_MAGIC);
    writeHello(writer, '0'.repeat(32), '');
    return Buffer.from(writer.bytes());
  };
  it.each([
    [
      'with what is not there',
      'httpPort',
      '',
      'GET /a/b/c/d HTTP/1.1\r\nhost: localhost\r\n\r\n',
      /HTTP\/1.1 (?:404|429)/g,
    ],
    [
      'with probes',
      'httpPort',
      '',
      'GET /_smc/health HTTP/1.1\r\nhost: localhost\r\n\r\n',
      /HTTP\/1.1 (?:200|429)/g,
    ],
    ['with lines that are none', 'linesPort', 'Counter Read\n', 'Counter\n', /error bad-request/g],
    ['with pings', 'linesPort', hello(), '\0\0\0\x01\x04', /\0\0\0\x01\x84/g],
  ] as const)('%s, has all answers, and others meanwhile theirs', async (_, port, first, asked, answer) => {
    const count = Math.ceil((20 * 65_536) / asked.length);
    node = await startNode({ httpPort: 0, linesPort: 0 });
    greedy = createConnection({ port: node[port]!, host: '127.0.0.1' });
    let answers = 0;
    let rest = '';
    greedy.on('data', (chunk: Buffer) => {
      const received = rest + chunk.toString('latin1');
      let end = 0;
      for (const match of received.matchAll(answer)) {
        answers++;
        end = match.index + match[0].length;
      }
      // An answer may be in two parts.
      rest = received.slice(Math.max(end, received.length - 100));
    });
    await once(greedy, 'connect');
    greedy.write(first);
    greedy.write(asked.repeat(count), 'latin1');
    while (answers === 0) await turn();
    expect(await send(node, '/_smc/health')).toMatchObject({ status: 200 });
    expect(answers).toBeLessThan(count);
    while (answers < count) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});
