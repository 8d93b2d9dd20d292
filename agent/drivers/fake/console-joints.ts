import type { WebSocket } from 'ws';

/** Websockets that watch a guest's console: each gets all of it, then what is added. */
export function consoleJoints(textOf: (uuid: string) => string | undefined) {
  const watchers = new Map<string, Map<WebSocket, string>>();
  const show = (uuid: string, socket: WebSocket) => {
    const [text, seen] = [textOf(uuid) ?? '', watchers.get(uuid)?.get(socket) ?? ''];
    if (text === seen) return;
    watchers.get(uuid)?.set(socket, text);
    socket.send(text.startsWith(seen) ? text.slice(seen.length) : text);
  };
  return {
    join(uuid: string, socket: WebSocket): void {
      const sockets = watchers.get(uuid) ?? new Map<WebSocket, string>();
      watchers.set(uuid, sockets.set(socket, ''));
      socket.once('close', () => {
        sockets.delete(socket);
        if (sockets.size === 0 && watchers.get(uuid) === sockets) watchers.delete(uuid);
      });
      show(uuid, socket);
    },
    changed(uuid: string): void {
      for (const socket of watchers.get(uuid)?.keys() ?? []) show(uuid, socket);
    },
    /** The guest is gone. */
    end(uuid: string): void {
      for (const socket of watchers.get(uuid)?.keys() ?? []) socket.close(1000, 'the server was deleted');
    },
  };
}
