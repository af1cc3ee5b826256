import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { FRAME_MAGIC } from '@smc/protocol';
import type { Place } from '../access/access.ts';
import type { NodeLimits } from '../limits.ts';
import type { Listener } from '../ports.ts';
import { FrameConnection, FrameFlushes } from './frames.ts';
import { trackHandshakes } from './handshakes.ts';
import { LineConnection } from './lines.ts';
import type { Service } from './service.ts';

/** How often connections are looked through for what is late. */
const SWEEP_MILLIS_MAX = 1_000;

/**
 * One port for lines and for frames: the first byte tells them apart, since no line begins with that
 * of the magic of frames.
 */
export async function serveTcp(service: Service, place: Place): Promise<Listener> {
  const { limits } = service;
  const connections = new Set<LineConnection | FrameConnection>();
  const silent = new Map<Socket, number>();
  const flushes = new FrameFlushes();
  let isStopping = false;
  const connect = (socket: Socket): void => {
    silent.set(socket, performance.now());
    const drop = (): void => void socket.destroy();
    socket.once('close', () => silent.delete(socket));
    socket.once('error', drop);
    socket.once('end', drop);
    socket.once('data', (chunk) => {
      silent.delete(socket);
      socket.off('error', drop);
      socket.off('end', drop);
      const nowMillis = performance.now();
      const isFramed = chunk[0] === FRAME_MAGIC[0];
      const connection = isFramed
        ? new FrameConnection(socket, service, flushes, nowMillis)
        : new LineConnection(socket, service, nowMillis);
      connections.add(connection);
      socket.once('close', () => connections.delete(connection));
      connection.receive(chunk);
      if (isStopping) connection.stop();
    });
  };
  const options = { noDelay: true, keepAlive: true };
  const server =
    place.tls === null
      ? createServer({ ...options, allowHalfOpen: true }, connect)
      : createTlsServer({ ...options, ...place.tls, handshakeTimeout: limits.handshakeMillisMax }, connect);
  const handshakes = place.tls === null ? null : trackHandshakes(server);
  server.maxConnections = limits.connectionsMax;
  server.on('connection', () => service.host.eventLoop.connected());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place.port, place.address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const sweeps = setInterval(() => {
    const nowMillis = performance.now();
    for (const [socket, since] of silent) if (nowMillis - since > limits.silentMillisMax) socket.destroy();
    for (const connection of connections) connection.sweep(nowMillis);
  }, sweepMillis(limits));
  sweeps.unref();
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : place.port,
    announceStop: () => {
      for (const connection of connections)
        if (connection instanceof FrameConnection) connection.announceStop();
    },
    close: () =>
      new Promise((resolve) => {
        isStopping = true;
        server.close(() => {
          clearInterval(sweeps);
          resolve();
        });
        handshakes?.destroy();
        for (const socket of silent.keys()) socket.destroy();
        for (const connection of connections) connection.stop();
      }),
  };
}

/** A quarter of the shortest time that is allowed for something. */
function sweepMillis({
  silentMillisMax,
  helloMillisMax,
  stalledMillisMax,
  idleMillisMax,
}: NodeLimits): number {
  const shortest = Math.min(silentMillisMax, helloMillisMax, stalledMillisMax, idleMillisMax);
  return Math.max(1, Math.min(SWEEP_MILLIS_MAX, shortest / 4));
}
