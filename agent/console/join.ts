import { connect, type NetConnectOpts } from 'node:net';
import type { WebSocket } from 'ws';
import { log } from '../../shared/telemetry/log.ts';

const CONNECT_MS = 10_000;
const LINGER_MS = 5000;
/** What may wait for a slow browser; a guest that draws faster than that is not read meanwhile. */
const MOST_WAITING = 1024 * 1024;

/**
 * Joins a browser's websocket with a guest's VNC server, a unix socket or a port on loopback, until one of them ends; what was
 * on its way then still arrives. Neither side is read faster than the other takes it.
 */
export function joinSocket(websocket: WebSocket, target: { path: string } | { host: string; port: number }): void {
  const socket = connect(target as NetConnectOpts);
  socket.setNoDelay(true);
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(`no answer within ${CONNECT_MS} ms`)));
  let connected = false;
  socket.once('connect', () => {
    connected = true;
    socket.setTimeout(0);
  });

  websocket.on('message', (data: Buffer) => {
    if (!socket.write(data)) websocket.pause();
  });
  socket.on('drain', () => websocket.resume());
  socket.on('data', (chunk: Buffer) => {
    websocket.send(chunk, () => websocket.bufferedAmount < MOST_WAITING && socket.resume());
    if (websocket.bufferedAmount >= MOST_WAITING) socket.pause();
  });

  socket.once('error', (error: Error) => log.warn('a console ended', { ...target, reason: error.message }));
  socket.once('close', () => {
    websocket.resume(); // so that the closing handshake is read
    websocket.close(connected ? 1000 : 1011, connected ? 'the server closed its console' : 'the server has no console now');
  });
  websocket.once('close', () => {
    socket.resume();
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
}
