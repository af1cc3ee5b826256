import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { connectFrames, connectHttp } from '../src/index.ts';
import { type ClientClock, systemClock } from '../src/clock.ts';

describe('numbers that a client is given', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    'deadlineMillis',
    'inFlightMax',
    'waitingMax',
    'silenceMillisMax',
    'backoffMillisMin',
    'backoffMillisMax',
  ])('%s is none that can not be meant', (name) => {
    for (const value of [Number.NaN, -1, '5', null])
      expect(() => connectFrames('127.0.0.1:4041', { [name]: value })).toThrow(
        new RegExp(`^${name} is a number, at least [01], and not ${value}$`),
      );
    for (const value of [1, Number.POSITIVE_INFINITY, undefined])
      connectFrames('127.0.0.1:4041', { [name]: value }).close();
  });

  it('is a port from 1 to 65,535', () => {
    for (const port of ['0', '65536', '70000', '99999'])
      expect(() => connectFrames(`127.0.0.1:${port}`)).toThrow(/^an address is HOST:PORT/);
    for (const port of ['1', '65535']) connectFrames(`[::1]:${port}`).close();
  });

  it('is a deadline over HTTP that a timer takes', async () => {
    for (const deadlineMillis of [Number.NaN, -1])
      expect(() => connectHttp('http://127.0.0.1:4040', { deadlineMillis })).toThrow(/^deadlineMillis is/);
    const server = createServer((_, response) => response.end('null'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const deadlineMillis of [29_999.5, 2 ** 40, Number.POSITIVE_INFINITY])
      expect(await connectHttp(url, { deadlineMillis }).ready()).toMatchObject({ ok: true });
    server.closeAllConnections();
    server.close();
  });

  it('is a patience over HTTP that ends', async () => {
    const client = connectHttp('http://127.0.0.1:4040');
    for (const patienceMillis of [Number.NaN, -1]) {
      const patience = { key: 'k', patienceMillis };
      await expect(client.remove('Adder', patience)).rejects.toThrow(/^patienceMillis is a number/);
      await expect(client.deploy(new Uint8Array(1), patience)).rejects.toThrow(/^patienceMillis is a number/);
    }
  });

  it('is a deadline over HTTP that grows with patience', async () => {
    const waited: number[] = [];
    let pass = (): void => {};
    const clock: ClientClock = {
      now: () => 0,
      after: (millis, action) => {
        if (waited.push(millis) > 10) throw new Error('it goes on for ever');
        pass = action;
        return () => {};
      },
    };
    const server = createServer(() => pass());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = connectHttp(url, { deadlineMillis: 0, clock });
    expect(await client.remove('Adder', { key: 'k', patienceMillis: 10 })).toMatchObject({
      error: { kind: 'unreachable', timedOut: true, wasSent: true },
    });
    expect(waited).toEqual([1, 2, 4, 3]);
    server.closeAllConnections();
    server.close();
  });

  it('is waited for, however large, and not done at once', () => {
    const timeout = vi.spyOn(globalThis, 'setTimeout');
    for (const millis of [5_000, 2 ** 31, Number.POSITIVE_INFINITY]) systemClock.after(millis, () => {})();
    expect(timeout.mock.calls.map(([, millis]) => millis)).toEqual([5_000, 2 ** 31 - 1, 2 ** 31 - 1]);
  });
});
