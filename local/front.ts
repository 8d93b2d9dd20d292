import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Deployment } from './deployment.ts';
import type { FunctionHost } from './functions.ts';
import { serveImageData } from './image-data.ts';
import { isProxyResult, proxyEvent, sendProxyResult } from './proxy-event.ts';
import type { GatewayRequest } from './proxy-event.ts';
import { routeTable } from './routes.ts';

const MAX_BODY = 10 * 1024 * 1024;
const GATEWAY_SECONDS = 29;

export interface Front {
  port: number;
  stop(): Promise<void>;
}

export interface FrontSettings {
  port: number;
  region: string;
  s3: string;
}

/** Binds the port, so that a taken one is known before anything else starts; requests wait for `open`. */
export async function bindFront(port: number): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0, maxHeaderSize: 16 * 1024 });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return server;
}

/** What stands before the functions: the template's REST API, as API Gateway would serve it, and image data straight to and from S3. */
export function openFront(server: Server, deployment: Deployment, functions: FunctionHost, settings: Omit<FrontSettings, 'port'>): Front {
  const match = routeTable(deployment.routes);
  const gateway = { stage: deployment.stage ?? 'local', region: settings.region, binaryMediaTypes: deployment.binaryMediaTypes };

  /** An answer of the gateway's own, in the words that the template gives it. */
  function fault(response: ServerResponse, type: string, status: number, message: string, requestId: string) {
    if (response.headersSent) return void response.destroy();
    const special = deployment.gatewayFaults[type];
    const template = special ?? deployment.gatewayFaults[status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX'];
    const headers = Object.entries(template?.headers ?? {}).map(([name, value]) => [name.replace('gatewayresponse.header.', ''), value === 'context.requestId' ? requestId : value.replaceAll("'", '')]);
    const body = (template?.body ?? '{"message":$context.error.messageString}').replaceAll('$context.error.messageString', JSON.stringify(message));
    response.req.resume(); // a client that's still sending reads the answer only when it is through
    response.writeHead(template?.status ?? status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...Object.fromEntries(headers) });
    response.end(response.req.method === 'HEAD' ? undefined : body);
  }

  /** Invokes the route's function; undefined where the gateway itself has answered. */
  async function ask(request: GatewayRequest, response: ServerResponse) {
    const requestId = randomUUID();
    const route = match(request.method, request.url.pathname);
    if (!route) return void fault(response, 'MISSING_AUTHENTICATION_TOKEN', 403, 'Missing Authentication Token', requestId);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), GATEWAY_SECONDS * 1000); });
    const outcome = await Promise.race([functions.invoke(route.function, proxyEvent(request, route, requestId, gateway), 'http'), late]);
    clearTimeout(timer);
    if (!outcome) return void fault(response, 'INTEGRATION_TIMEOUT', 504, 'Endpoint request timed out', requestId);
    if ('error' in outcome && outcome.error.errorType === 'RequestEntityTooLargeException') return void fault(response, 'REQUEST_TOO_LARGE', 413, 'Request Entity Too Large', requestId);
    if ('error' in outcome || !isProxyResult(outcome.result)) return void fault(response, 'API_CONFIGURATION_ERROR', 502, 'Internal server error', requestId);
    return outcome.result;
  }

  async function serve(request: IncomingMessage, response: ServerResponse) {
    let url: URL;
    try {
      url = new URL(request.url!, 'http://front');
      decodeURIComponent(url.pathname);
    } catch {
      return fault(response, 'BAD_REQUEST', 400, 'Bad Request', randomUUID());
    }
    const client = { httpVersion: request.httpVersion, sourceIp: request.socket.remoteAddress ?? '' };
    const proceed = () => expectsContinue.has(request) && response.writeContinue();
    const invoke = (method: string, path: string, json?: object) => {
      const rawHeaders = [...keptHeaders(request), ...(json ? ['content-type', 'application/json'] : [])];
      return ask({ ...client, method, url: new URL(path, url), rawHeaders, body: Buffer.from(json ? JSON.stringify(json) : '') }, response);
    };
    if (await serveImageData(request, response, url.pathname, { s3: settings.s3, invoke, proceed })) return;

    const tooLarge = () => fault(response, 'REQUEST_TOO_LARGE', 413, 'Request Entity Too Large', randomUUID());
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return tooLarge();
    proceed();
    const body = await readBody(request);
    if (!body) return tooLarge();
    const result = await ask({ ...client, method: request.method!, url, rawHeaders: request.rawHeaders, body }, response);
    if (result) sendProxyResult(response, result, request.method === 'HEAD');
  }

  const expectsContinue = new WeakSet<IncomingMessage>();
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => {}); // a client that went away
    serve(request, response).catch(() => (request.destroyed && !request.complete ? response.destroy() : fault(response, 'DEFAULT_5XX', 503, 'Internal server error', randomUUID())));
  };
  server.on('request', handle);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    expectsContinue.add(request);
    handle(request, response);
  });

  return {
    port: (server.address() as { port: number }).port,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

/** The whole body; undefined where it is larger than a gateway takes. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    size += piece.length;
    if (size > MAX_BODY) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Of an upload's headers, those that tell glance-api who asks and on whose behalf. */
function keptHeaders({ rawHeaders }: IncomingMessage) {
  const dropped = /^(content-.*|transfer-encoding|expect|connection|range)$/i;
  return rawHeaders.flatMap((name, index) => (index % 2 || dropped.test(name) ? [] : [name, rawHeaders[index + 1]!]));
}
