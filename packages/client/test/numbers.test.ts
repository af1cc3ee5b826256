import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { connectFrames, connectHttp } from '../src/index.ts';
import { systemClock } from '../src/clock.ts';

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

  it('is waited for, however large, and not done at once', () => {
    const timeout = vi.spyOn(globalThis, 'setTimeout');
    for (const millis of [5_000, 2 ** 31, Number.POSITIVE_INFINITY]) systemClock.after(millis, () => {})();
    expect(timeout.mock.calls.map(([, millis]) => millis)).toEqual([5_000, 2 ** 31 - 1, 2 ** 31 - 1]);
  });
});
