import type { Server, Socket } from 'node:net';

/**
 * Connections of a listener on which both sides have not agreed on the encryption yet: those end that come to nothing, and
 * `destroy` ends all. The listener itself knows them only when they have, and would wait for them when it closes.
 *
 * A peer that has agreed may send no more and still get its replies; before that, one that sends no more is gone: so the
 * listener is to be made without `allowHalfOpen`.
 */
export function trackHandshakes(server: Server): { destroy(): void } {
  const raw = new Map<string, Socket>();
  const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    raw.set(name, socket);
    socket.once('close', () => {
      if (raw.get(name) === socket) raw.delete(name);
    });
  });
  // Whatever went wrong: that it took too long is only told.
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  server.on('secureConnection', (socket: Socket) => {
    socket.allowHalfOpen = true;
    raw.delete(nameOf(socket));
  });
  return {
    destroy() {
      for (const socket of raw.values()) socket.destroy();
    },
  };
}
