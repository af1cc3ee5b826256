import { emitMachine, simplify } from '@smc/compiler';
import { encodeBundle, TypeTable, valueToJson, type Image, type Operation } from '@smc/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Choices, tapes } from '../support/choices.ts';
import { mutateImage } from '../support/mutate.ts';
import { startNodeProcess, type NodeProcess } from '../support/process.ts';
import { randomMachine } from '../support/programs.ts';
import { randomValue } from '../support/values.ts';

/**
 * Mutants of decoded images, encoded again and sent to a real node, which deploys what it
 * verifies: each is refused by its code, or runs, and the node answers the next request.
 */
const MUTANTS = 1_000;
const REFUSALS = new Set(['malformed', 'unverified', 'bad-request']);
const OUTCOMES = new Set([200, 413, 422]);

let node: NodeProcess;

beforeAll(async () => {
  node = await startNodeProcess();
});

afterAll(async () => {
  expect(await node.stop()).toBe(0);
  // Who was refused is told, and nothing that should not happen.
  const lines = node.log().split('\n');
  expect(
    lines.filter((line) => !/^(deployed|upgraded|unchanged|removed|warning: deployment refused) /.test(line)),
  ).toEqual(['stopping', '']);
});

test(`${MUTANTS} mutants do no harm to a node`, async () => {
  let accepted = 0;
  let calls = 0;
  const property = fc.asyncProperty(tapes(1_500), async (tape) => {
    const choices = new Choices(tape);
    const machine = randomMachine(choices);
    const image = emitMachine({ ...machine, definitions: simplify(machine).definitions }).image;
    const mutant = mutateImage(choices, image);
    const debug = [
      { files: [], functions: [], fieldOrder: [], typeNames: [], documentation: [], carriedOut: [] },
    ];
    const sent = await send('PUT', '/_smc/machines', encodeBundle({ images: [mutant], upgrades: [], debug }));
    if (sent.status !== 200) {
      expect(REFUSALS).toContain(sent.code);
      return;
    }
    accepted++;
    for (const operation of mutant.operations) {
      const path = `/${mutant.name}/${operation.name}`;
      const { status } = await send('POST', path, inputOf(choices, mutant, operation));
      expect(OUTCOMES).toContain(status);
      calls++;
    }
    expect((await send('DELETE', `/_smc/machines/${mutant.name}`, null)).status).toBe(200);
  });
  await fc.assert(property, { numRuns: MUTANTS });
  process.stdout.write(`${MUTANTS} mutants sent; ${accepted} were accepted, and called ${calls} times\n`);
  expect(accepted).toBeGreaterThan(MUTANTS / 50);
});

function inputOf(choices: Choices, { unit }: Image, { parameters }: Operation): string {
  const types = new TypeTable();
  const fields = parameters.map(({ name, type }) => {
    const own = types.adopt(unit.types, type);
    return `${JSON.stringify(name)}: ${valueToJson(types, own, randomValue(choices, types, own))}`;
  });
  return `{${fields.join(', ')}}`;
}

async function send(
  method: string,
  path: string,
  body: Uint8Array | string | null,
): Promise<{ status: number; code: string }> {
  const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream';
  const response = await fetch(node.url + path, {
    method,
    ...(body === null
      ? {}
      : { body: body as string | Uint8Array<ArrayBuffer>, headers: { 'content-type': type } }),
  });
  const text = await response.text();
  const code = response.ok ? '' : (JSON.parse(text) as { error: { code: string } }).error.code;
  return { status: response.status, code };
}
