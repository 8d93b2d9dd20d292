import { spawn } from 'node:child_process'; // a handle comes over a channel that only a child of Node's has
import { statSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { ActionFailed } from '../drivers/driver.ts';
import { answerTo } from '../metadata/answer.ts';
import type { MetadataSource } from '../metadata/source.ts';
import { METADATA_IPV4, METADATA_IPV6 } from './addresses.ts';
import { BRIDGE, namespaceFile } from './names.ts';
import { withIpv6 } from './namespace.ts';

const START_MS = 10_000, REQUEST_MS = 10_000;
const MOST_SOCKETS_PER_GUEST = 16, MOST_SOCKETS = 256;

interface Options { host: string; guestAt: (network_id: string, address: string) => string | undefined; metadata: (guest: string) => MetadataSource | undefined }

/**
 * The metadata service of all networks, answered by the agent itself: a child of a moment enters the namespace, listens there,
 * and hands its sockets over. A connection's network is known by the socket it came to, its guest by the address it came from.
 */
export function metadataListeners({ host, guestAt, metadata }: Options) {
  const open = new Map<string, { inode: number; servers: Server[]; http: HttpServer }>();

  function close(network_id: string): void {
    const { servers = [], http } = open.get(network_id) ?? {};
    for (const server of servers) server.close();
    http?.closeAllConnections();
    open.delete(network_id);
  }

  return {
    close,
    closeAll: (): void => [...open.keys()].forEach(close),
    async ensure(network_id: string, namespace: string): Promise<void> {
      const inode = statSync(namespaceFile(namespace)).ino; // another one, where somebody removed the namespace meanwhile
      if (open.get(network_id)?.inode === inode) return;
      close(network_id);
      const http = httpServer((address) => {
        const guest = guestAt(network_id, address);
        return guest === undefined ? undefined : metadata(guest);
      }, host);
      const servers = await listenIn(namespace);
      const sockets = new Map<string, number>();
      for (const server of servers) {
        server.maxConnections = MOST_SOCKETS;
        server.on('error', (error) => log.error('a metadata listener failed', { host, network: network_id, ...factsOf(error) }));
        server.on('connection', (socket) => admit(socket, sockets, http));
      }
      open.set(network_id, { inode, servers, http });
    },
  };
}

/** A guest gets few connections at a time and each of them a short time, so that it keeps none from the others. */
function admit(socket: Socket, sockets: Map<string, number>, http: HttpServer): void {
  const from = socket.remoteAddress;
  const count = (sockets.get(from ?? '') ?? 0) + 1;
  if (from === undefined || count > MOST_SOCKETS_PER_GUEST) {
    socket.destroy();
    return;
  }
  sockets.set(from, count);
  const timer = setTimeout(() => socket.destroy(), REQUEST_MS);
  socket.once('close', () => {
    clearTimeout(timer);
    const left = sockets.get(from)! - 1;
    if (left > 0) sockets.set(from, left);
    else sockets.delete(from);
  });
  http.emit('connection', socket);
}

function httpServer(sourceAt: (address: string) => MetadataSource | undefined, host: string): HttpServer {
  const server = createServer({ maxHeaderSize: 8192, keepAlive: false }, (request, response) => {
    response.setHeader('connection', 'close');
    request.resume();
    try {
      const address = (request.socket.remoteAddress ?? '').replace(/%.*$/, '');
      const { status, headers, body } = answerTo(request.method ?? '', request.url ?? '', () => sourceAt(address));
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
    } catch (error) {
      log.error('a metadata request failed', { host, ...factsOf(error) });
      response.writeHead(500).end();
    }
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}

/** Also where the agent is one bundled file: the child gets its few lines as an argument. It needs nothing but node:net. */
const child = (addresses: string[]) => `
  const { createServer } = require('node:net');
  const addresses = ${JSON.stringify(addresses)};
  let left = addresses.length;
  for (const host of addresses) {
    const server = createServer();
    server.once('error', (error) => process.send({ error: error.message }, () => process.exit(1)));
    server.listen({ host, port: 80, backlog: 64 }, () => process.send({ host }, server, () => --left || process.exit(0)));
  }
`;

function listenIn(namespace: string): Promise<Server[]> {
  const addresses = [METADATA_IPV4, ...(withIpv6 ? [`${METADATA_IPV6}%${BRIDGE}`] : [])];
  return new Promise((resolve, reject) => {
    const servers: Server[] = [];
    const process_ = spawn('nsenter', [`--net=${namespaceFile(namespace)}`, process.execPath, '-e', child(addresses)],
      { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: { PATH: process.env['PATH'] }, timeout: START_MS });
    const fail = (reason: string) => {
      for (const server of servers) server.close();
      reject(new ActionFailed(`The metadata service of the network cannot listen: ${reason}.`, { retryable: true }));
    };
    process_.on('message', (message: { error?: string }, server) => {
      if (message.error !== undefined) fail(message.error);
      else if (server) servers.push(server as Server);
      if (servers.length === addresses.length) resolve(servers);
    });
    process_.once('error', (error) => fail(error.message));
    process_.once('exit', (code) => servers.length < addresses.length && setImmediate(() => servers.length < addresses.length && fail(`the child ended with ${code}`)));
  });
}
