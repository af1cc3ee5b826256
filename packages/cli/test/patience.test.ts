import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectHttp } from '@smc/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../client/test/support/manual-clock.ts';
import { Development } from '../src/development.ts';
import { Output } from '../src/output.ts';
import { type Ran, type Surroundings, Workplace } from './workplace.ts';

/** What becomes of a change whose answer takes longer than a request may. */

let place: Workplace;
let clock: ManualClock;
let keys: string[];
/**
 * Called when the node has answered, with how many requests it has with that key, 0 where there is none: the answer is
 * handed on if this gives true. With a status and a text that is answered instead.
 */
let onAnswer: (attempt: number) => boolean | readonly [number, string];
let slow: Server;

beforeEach(async () => {
  place = await Workplace.open();
  clock = new ManualClock();
  keys = [];
  slow = createServer((from, to) => {
    const { url: path, method, headers } = from;
    const handed = request(`${place.node.url}${path}`, { method, headers, agent: false }, (reply) => {
      const key = headers['idempotency-key'];
      if (key !== undefined) keys.push(String(key));
      const answer = onAnswer(keys.filter((each) => each === key).length);
      if (answer === true) return reply.pipe(to.writeHead(reply.statusCode!, reply.headers));
      if (answer !== false) to.writeHead(answer[0]).end(answer[1]);
      return reply.resume();
    });
    from.pipe(handed);
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  slow.closeAllConnections();
  slow.close();
  await place.close();
});

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function run(words: readonly string[], surroundings: Surroundings = {}): Promise<Ran> {
  return place.run(words, { to: addressOf(slow), clock, ended: new Promise(() => {}), ...surroundings });
}

const counter = (reply: string): string =>
  `machine Counter {\n  state { n: Int = 0 }\n  on Get -> Int { return -< ${reply} }\n}\n`;

test('a change is asked for again with its key until it is answered, and people are told', async () => {
  // Of each command the first two answers are too late: after 30 s, and 60 s more.
  onAnswer = (attempt) => {
    if (attempt === 3) return true;
    for (let i = 0; i < attempt * 3; i++) clock.pass(10_000);
    return false;
  };
  place.write('main.sm', counter('1'));
  const deployed = await run(['deploy', 'main.sm']);
  expect(deployed).toMatchObject({ status: 0 });
  expect(deployed.err).toMatch(/^still waiting for the node, for 10 s; Ctrl-C ends the wait, .*\n/);
  expect(deployed.err.match(/^still waiting for the node, for \d+ s/gm)).toHaveLength(9);
  place.write('main.sm', `import deployed as old\n${counter('2')}upgrade old.Counter -> Counter {}\n`);
  expect(await run(['upgrade', 'main.sm'])).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^Counter upgraded /) as string,
  });
  expect(await run(['remove', 'Counter'])).toMatchObject({ status: 0, out: 'Counter removed\n' });
  expect(keys).toHaveLength(9);
  expect(new Set(keys).size).toBe(3);
  const history = await run(['history', 'Counter', '--json'], { to: place.node.url! });
  expect((JSON.parse(history.out) as { history: unknown[] }).history).toHaveLength(3);
});

/** What `smc dev` does with a file, at a node that answers late; with what it says. */
function develop(untilEnded: () => Promise<void>): {
  readonly development: Development;
  readonly said: string[];
} {
  const said: string[] = [];
  const stream = { write: (text: string) => said.push(text) };
  const output = new Output({ stdout: stream, stderr: stream, environment: {} }, false);
  const to = addressOf(slow);
  const client = connectHttp(to, { clock });
  const waiting = { clock, untilEnded };
  return { development: new Development(place.path('main.sm'), to, client, output, waiting), said };
}

test('so it is while a file is developed', async () => {
  // Of each change the first answer is too late.
  onAnswer = (attempt) => {
    if (attempt === 1) clock.pass(30_000);
    return attempt !== 1;
  };
  const { development, said } = develop(() => new Promise(() => {}));
  for (const reply of ['1', '2']) {
    place.write('main.sm', counter(reply));
    await development.save(() => {});
  }
  expect(said.join('')).toMatch(/Counter deployed [^]*still waiting for the node[^]*Counter upgraded /);
  place.write('main.sm', counter('1').replace('Counter', 'Other'));
  await development.save(() => {});
  await development.removeGone();
  expect(said.at(-1)).toBe('Counter removed\n');
  expect(new Set(keys).size).toBe(4);
  expect(keys).toHaveLength(8);
});

test('a step of a development may end before its answer, and is not said to have changed nothing', async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  onAnswer = (attempt) => {
    if (attempt > 0) end();
    return attempt === 0;
  };
  const { development, said } = develop(() => ended);
  place.write('main.sm', counter('1'));
  await development.save(() => {});
  expect(said.slice(-2)).toEqual([
    expect.stringMatching(/^error: no answer from \S+: the wait was ended\n$/),
    '  It is not known what became of it: save the file again, and it follows what runs then.\n',
  ]);
});

test('patience ends after an hour, and what to do then is said', async () => {
  onAnswer = () => {
    clock.pass(3_600_000);
    return false;
  };
  place.write('main.sm', counter('1'));
  const late = await run(['deploy', 'main.sm']);
  expect(late).toMatchObject({ status: 3, out: '' });
  expect(late.err).toMatch(
    /error: no answer from \S+ within 3600 s\n {2}It may still be carried out: smc deploy with the same files says what became of it/,
  );
  // After 30 s, 60 s, 120 s and so on: a node holds few of them.
  expect(keys).toHaveLength(7);
  // Which is so, and the baseline is as if nothing had happened.
  onAnswer = () => true;
  expect(await run(['deploy', 'main.sm'])).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^Counter unchanged /) as string,
  });
});

test('the wait can be ended, and it is said that the node may go on', async () => {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  onAnswer = () => {
    end();
    return false;
  };
  place.write('main.sm', counter('1'));
  const stopped = await run(['deploy', 'main.sm', '--json'], { ended });
  expect(stopped).toMatchObject({ status: 3 });
  expect(stopped.err).toMatch(
    /error: no answer from \S+: the wait was ended\n {2}It may still be carried out: /,
  );
  expect(JSON.parse(stopped.out)).toMatchObject({ error: { code: 'unreachable' } });
  const removed = await run(['remove', 'Counter'], { ended });
  expect(removed).toMatchObject({ status: 3 });
});

const problem = (code: string): string => JSON.stringify({ error: { code, message: 'so it is' } });

test('what is answered may not tell what became of it, and then it is said what to do', async () => {
  place.write('main.sm', counter('1'));
  // To which attempt; what refuses an attempt as it comes does not tell what became of the one before.
  const answers: readonly (readonly [number, number, string, string])[] = [
    [1, 500, problem('in-doubt'), 'in-doubt: so it is'],
    [1, 504, '<html>', 'unexpected: an answer that is not understood (status 504): <html>'],
    [1, 200, '<html>', 'unexpected: an answer that is not understood (status 200): <html>'],
    [1, 202, '{"id": 7}', 'unexpected: an answer that is not understood (status 202): {"id": 7}'],
    [2, 503, problem('stopping'), 'stopping: so it is'],
    [2, 429, problem('overloaded'), 'overloaded: so it is'],
  ];
  for (const [last, status, body, said] of answers) {
    onAnswer = (attempt) => {
      if (attempt === last) return [status, body];
      clock.pass(30_000);
      return false;
    };
    const ran = await run(['deploy', 'main.sm']);
    expect(ran).toMatchObject({ status: 3, out: '' });
    expect(ran.err).toContain(
      `error: ${said}\n  It may still be carried out: smc deploy with the same files `,
    );
  }
  // The baseline is as if nothing had happened.
  onAnswer = () => true;
  expect((await run(['deploy', 'main.sm'])).out).toMatch(/^Counter unchanged /);
  onAnswer = () => [200, '{}'];
  for (const words of [
    ['remove', 'Counter'],
    ['call', 'Counter', 'Get'],
  ]) {
    expect(await run(words)).toMatchObject({
      status: 3,
      err: expect.stringMatching(
        /^error: unexpected: an answer that .* \(status 200\): \{\}\n {2}/,
      ) as string,
    });
  }
});

test('an answer that shows that a change was never taken is a refusal', async () => {
  place.write('main.sm', counter('1'));
  for (const status of [302, 404]) {
    onAnswer = () => [status, '<html>'];
    for (const words of [
      ['deploy', 'main.sm'],
      ['remove', 'Counter'],
      ['call', 'Counter', 'Get'],
    ]) {
      expect(await run(words)).toMatchObject({
        status: 1,
        err: `error: unexpected: an answer that is not understood (status ${status}): <html>\n`,
      });
    }
  }
});

test('what is refused as it comes the first time, or after a look at what was carried out, is refused', async () => {
  place.write('main.sm', counter('1'));
  onAnswer = (attempt) => {
    if (attempt === 2) return [409, problem('busy')];
    clock.pass(30_000);
    return false;
  };
  expect(await run(['deploy', 'main.sm'])).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^error: busy: so it is\n$/m) as string,
  });
  for (const [status, code] of [
    [503, 'stopping'],
    [500, 'internal'],
  ] as const) {
    onAnswer = () => [status, problem(code)];
    const refused = { status: 1, err: `error: ${code}: so it is\n` };
    expect(await run(['deploy', 'main.sm'])).toMatchObject(refused);
    expect(await run(['call', 'Counter', 'Get'])).toMatchObject(refused);
  }
});

test('a call of which the node does not know what became of it is the last', async () => {
  onAnswer = () => [500, problem('in-doubt')];
  expect(await run(['call', 'Counter', 'Get', 'Get'])).toMatchObject({
    status: 3,
    err: 'error: in-doubt: so it is\n  What was asked for may have been carried out, or may still be.\n',
  });
});

test('what was only asked for is not said to be carried out', async () => {
  onAnswer = () => {
    clock.pass(30_000);
    return false;
  };
  const late = /^error: no answer from \S+ within 30 s\n/.source;
  for (const words of [['status'], ['state', 'Counter'], ['history', 'Counter']]) {
    const { status, err } = await run(words);
    expect(status).toBe(3);
    expect(err).toMatch(new RegExp(`${late}$`));
  }
  expect((await run(['call', 'Counter', 'Get'])).err).toMatch(
    new RegExp(`${late}  What was asked for may have been carried out, or may still be\\.\n$`),
  );
});

test('what takes no request is not waited for', async () => {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const silent = createServer();
  silent.on('connection', () => reach());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  try {
    // What does not answer the first words of an encrypted connection.
    const to = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    place.write('main.sm', counter('1'));
    const running = run(['deploy', 'main.sm'], { to });
    await reached;
    clock.pass(30_000);
    expect(await running).toMatchObject({
      status: 3,
      err: expect.stringMatching(
        /error: nothing could be sent to \S+ within 30 s\n {2}smc node starts one/,
      ) as string,
    });
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});
