import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { pageHeaders, typeOf } from './headers.ts';
import { novncFile } from './novnc/files.ts';
import { checkToken, claimedInstance, TokenRefused } from './token.ts';

/** A host as the listener sees it. */
export interface ConsoleHost {
  host: string;
  /** Path of its console URL, without a closing slash. */
  prefix: string;
  page(): string;
  /** PEM, of a guest that is here. */
  keyOf(instance: string): string | undefined;
  useToken(jti: string, exp: number): Promise<boolean>;
  join(instance: string, socket: WebSocket): void;
}

const PING_MS = 30_000;
const MOST_CONNECTIONS = 2000;
const PAGE = 'vnc_lite.html';

/**
 * One listener for the consoles of all the hosts of this process: `…/vnc_lite.html` is the page, `…/novnc/…` what noVNC's page
 * loads, and a websocket at `…/?token=JWT` the console. The page needs no right: it shows nothing until its websocket is let in.
 */
export async function serveConsoles(hosts: ConsoleHost[], { address, port }: { address: string; port: number }) {
  const server = createServer(page);
  server.maxConnections = MOST_CONNECTIONS;
  server.requestTimeout = 20_000;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, handleProtocols: (offered) => (offered.has('binary') ? 'binary' : false) });
  const alive = new WeakSet<WebSocket>();
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    enter(request).then(
      (join) => sockets.handleUpgrade(request, socket, head, (websocket) => {
        alive.add(websocket);
        websocket.on('pong', () => alive.add(websocket)).on('error', () => websocket.terminate());
        join(websocket);
      }),
      (error: unknown) => refuse(socket, error),
    );
  });
  const ping = setInterval(() => {
    for (const websocket of sockets.clients) {
      if (!alive.delete(websocket)) websocket.terminate();
      else websocket.ping();
    }
  }, PING_MS);

  /** The hosts that a path may be about; without a prefix all of them, as a page may know only the listener's root. */
  function hostsAt(pathname: string, name: string): ConsoleHost[] {
    const prefix = pathname.slice(0, pathname.length - name.length).replace(/\/$/, '');
    return hosts.filter((host) => prefix === '' || host.prefix === prefix);
  }

  function page(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = urlOf(request);
    const name = /\/(vnc_lite\.html|novnc\/[^]*)$/.exec(pathname)?.[1] ?? '';
    const found = name ? hostsAt(pathname, name) : [];
    const file = found.length > 0 && name !== PAGE ? novncFile(name) : undefined;
    if (found.length === 0 || (name !== PAGE && !file)) return answer(response, 404, errorPage('There is no page here.'));
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, errorPage('This page can only be read.'));
    if (file) return answer(response, 200, file, typeOf(name));
    const instance = claimedInstance(new URLSearchParams((searchParams.get('path') ?? '').replace(/^[^?]*/, '')).get('token') ?? '');
    answer(response, 200, (found.find((host) => instance !== undefined && host.keyOf(instance)) ?? found[0]!).page());
  }

  /** Checks the token and uses it up. */
  async function enter(request: IncomingMessage): Promise<(socket: WebSocket) => void> {
    const { pathname: asked, searchParams } = urlOf(request);
    const pathname = asked.endsWith(PAGE) ? asked.slice(0, -PAGE.length) : asked; // a page that takes `path` for relative to itself
    const token = searchParams.get('token');
    if (!token) throw new TokenRefused(401, 'The address has no token.');
    const instance = claimedInstance(token);
    const host = pathname.endsWith('/') && instance !== undefined ? hostsAt(pathname, '').find((each) => each.keyOf(instance)) : undefined;
    if (!host || instance === undefined) throw new TokenRefused(403, 'No such server is on this host.');
    const { jti, exp } = await checkToken(token, instance, host.keyOf(instance)!);
    if (!(await host.useToken(jti, exp))) throw new TokenRefused(401, 'The address was used before.');
    log.info('console opened', { host: host.host, subject: instance });
    return (socket) => host.join(instance, socket);
  }

  await new Promise<void>((listening, failed) => server.once('error', failed).listen(port, address, listening));
  server.on('error', (error) => log.error('the console listener failed', factsOf(error)));
  return {
    port: (server.address() as AddressInfo).port,
    stop(): void {
      clearInterval(ping);
      for (const websocket of sockets.clients) websocket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}

const urlOf = (request: IncomingMessage): URL => {
  try {
    return new URL(`http://console${request.url ?? '/'}`);
  } catch {
    return new URL('http://console/');
  }
};

function answer(response: ServerResponse, status: number, body: string | Buffer, type?: string): void {
  response.writeHead(status, pageHeaders(body, type)).end(body);
}

function refuse(socket: Duplex, error: unknown): void {
  const { status, message } = error instanceof TokenRefused ? error : { status: 500, message: 'The console failed.' };
  if (status === 500) log.error('a console could not be opened', factsOf(error));
  const body = errorPage(message);
  const headers = { ...pageHeaders(body), connection: 'close', 'content-length': Buffer.byteLength(body) };
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
}

const errorPage = (message: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Console</title><h1>No console</h1><p>${message} Ask for a new address: openstack console url show SERVER</p></html>\n`;
