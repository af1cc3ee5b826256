// The pages about HTTP and lines say what a node does: their examples are carried out, their tables are those of the code.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { type RunningNode, startNode } from '@smc/node';
import { encodeBundle, ERROR_STATUS } from '@smc/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleOf } from './support/compile.ts';
import { LineConnection } from './support/process.ts';

const pageOf = (name: string): string => readFileSync(new URL(`../docs/${name}.md`, import.meta.url), 'utf8');
const http = pageOf('http');
const lines = pageOf('lines');

const blocksOf = (page: string, mark: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${mark}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text);

/** Requests, and below each of them its reply. */
const examplesOf = (page: string, mark: string): readonly (readonly [string, string])[] => {
  const told = blocksOf(page, mark).join('').trimEnd().split('\n');
  return told.flatMap((line, i) => (i % 2 === 0 ? [[line, told[i + 1]] as const] : []));
};

const rowsOf = (section: string): readonly (readonly string[])[] =>
  [
    ...http
      .split(`\n## ${section}\n`)[1]
      .split('\n## ')[0]
      .matchAll(/^\| (`.*) \|$/gm),
  ].map(([, row]) => row.split(' | '));

const MACHINES = encodeBundle(bundleOf({ 'main.sm': blocksOf(http, 'sm')[0] }));

const routes = new Set<string>();

/** What fastify tells of each server that is made. */
function collect(message: unknown): void {
  const { fastify } = message as {
    fastify: {
      addHook(name: 'onRoute', hook: (route: { method: string | string[]; url: string }) => void): void;
    };
  };
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.add(`${each} ${url}`);
  });
}

let node: RunningNode;

beforeEach(async () => {
  routes.clear();
  subscribe('fastify.initialization', collect);
  node = await startNode({ httpPort: 0, linesPort: 0 });
  await send('PUT', '/_smc/machines', { 'content-type': 'application/vnd.smc.bundle' }, MACHINES);
});

afterEach(async () => {
  unsubscribe('fastify.initialization', collect);
  await node.close();
});

function send(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, node.url!), { method, headers, agent: false }, (reply) => {
      let text = `${reply.statusCode} `;
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => (text += chunk));
      reply.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** `METHOD PATH`, headers as `name: value`, and the body; JSON if nothing is said. */
function sendLine(line: string): Promise<string> {
  const [, method, path, headers, body] = /^(\S+) (\S+)((?: [a-z-]+: \S+)*) ?(.*)$/.exec(line)!;
  const named = [...headers.matchAll(/([a-z-]+): (\S+)/g)].map(([, name, value]) => [name, value]);
  const type: Record<string, string> = body === '' ? {} : { 'content-type': 'application/json' };
  return send(method, path, { ...type, ...Object.fromEntries(named) }, body);
}

test('the examples of HTTP are what a node answers', async () => {
  const examples = examplesOf(http, 'http');
  expect(examples.length).toBeGreaterThan(20);
  const answers: [string, string][] = [];
  for (const [line] of examples) answers.push([line, await sendLine(line)]);
  expect(answers).toEqual(examples);
});

test('the examples of lines are what a node answers', async () => {
  const connection = await LineConnection.open(node.linesPort!);
  const examples = examplesOf(lines, 'lines');
  expect(examples.length).toBeGreaterThan(7);
  const answers = await Promise.all(examples.map(([line]) => connection.ask(line)));
  connection.close();
  expect(answers).toEqual(examples.map(([, reply]) => reply));
});

test('the table of addresses has all that a node serves', () => {
  const told = rowsOf('Addresses').flatMap(([requests]) => [...requests.matchAll(/`(\S+ \S+)`/g)]);
  // Not what goes with GET by itself, nor what is there to refuse all the rest.
  const served = [...routes].filter((route) => !route.startsWith('HEAD ') && !route.endsWith('*'));
  const asTold = served.map((route) => route.replaceAll(/:(\w+)/g, (_, name: string) => name.toUpperCase()));
  expect(told.map(([, each]) => each).toSorted()).toEqual(asTold.toSorted());
});

test('no address of the administration passes over a parameter that it does not know', async () => {
  const requests = [...routes].filter((route) => route.includes(' /_smc/') && !/^HEAD |\*$/.test(route));
  expect(requests.length).toBeGreaterThan(8);
  const answers: string[] = [];
  for (const request of requests) {
    const [method, path] = request.replace(':machine', 'Counter').split(' ');
    answers.push(`${request}: ${await send(method, `${path}?x=1`, {}, '')}`);
  }
  const refused = /: 400 {"error":{"code":"bad-request","message":"there is no parameter \\"x\\" here/;
  expect(answers.filter((answer) => !refused.test(answer))).toEqual([]);
  // Nor one that is there twice, or not what it seems.
  for (const query of ['key=a&key=b', 'key=%ff'])
    expect(await sendLine(`GET /_smc/machines/Account/state?${query}`)).toMatch(/^400 .*"bad-request"/);
});

test('the table of refusals has every code with its status', () => {
  const told = rowsOf('Refusals').map(([code, status]) => [code.replaceAll('`', ''), Number(status)]);
  expect(told).toEqual(Object.entries(ERROR_STATUS));
});
