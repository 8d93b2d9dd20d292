import type { ServerResponse } from 'node:http';
import type { RouteMatch } from './routes.ts';

export interface Gateway {
  stage: string;
  region: string;
  /** With every media type declared binary, as here, each body travels in base64. */
  binaryMediaTypes: string[];
}

/** What of a request becomes an event. */
export interface GatewayRequest {
  method: string;
  url: URL;
  /** Name, value, name, value, … */
  rawHeaders: string[];
  body: Buffer;
  httpVersion: string;
  sourceIp: string;
}

/** What API Gateway keeps to itself of a request's headers. */
const kept = /^(connection|content-length|content-md5|expect|max-forwards|proxy-authenticate|server|te|transfer-encoding|trailer|upgrade|www-authenticate)$/i;

/** The event of a Lambda proxy integration, payload format 1.0. */
export function proxyEvent({ method, url, rawHeaders, body, httpVersion, sourceIp }: GatewayRequest, match: RouteMatch, requestId: string, gateway: Gateway) {
  const multiValueHeaders = groups(pairs(rawHeaders).filter(([name]) => !kept.test(name)));
  const query = groups([...url.searchParams]);
  const header = (name: string) => Object.entries(multiValueHeaders).find(([each]) => each.toLowerCase() === name)?.[1].at(-1);
  const type = header('content-type')?.split(';')[0]?.trim() ?? '';
  const binary = gateway.binaryMediaTypes.some((each) => each === '*/*' || each === type);
  const now = new Date();
  return {
    resource: match.path,
    path: url.pathname,
    httpMethod: method,
    headers: lasts(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: Object.keys(query).length ? lasts(query) : null,
    multiValueQueryStringParameters: Object.keys(query).length ? query : null,
    pathParameters: match.pathParameters,
    stageVariables: null,
    requestContext: {
      accountId: '000000000000', apiId: 'local', resourceId: match.path, resourcePath: match.path, httpMethod: method, path: `/${gateway.stage}${url.pathname}`,
      stage: gateway.stage, requestId, extendedRequestId: requestId, protocol: `HTTP/${httpVersion}`, domainName: header('host') ?? '', domainPrefix: 'local',
      requestTime: now.toUTCString(), requestTimeEpoch: now.getTime(), identity: { sourceIp: sourceIp, userAgent: header('user-agent') ?? null },
    },
    body: body.length ? body.toString(binary ? 'base64' : 'utf8') : null,
    isBase64Encoded: binary && body.length > 0,
  };
}

export interface ProxyResult {
  statusCode: number;
  headers?: Record<string, string | number | boolean>;
  multiValueHeaders?: Record<string, (string | number | boolean)[]>;
  body?: string;
  isBase64Encoded?: boolean;
}

/** Whether a function's answer is what API Gateway takes; anything else is a malformed proxy response there. */
export function isProxyResult(result: unknown): result is ProxyResult {
  const { statusCode, body } = (result ?? {}) as Partial<ProxyResult>;
  return Number.isInteger(Number(statusCode)) && Number(statusCode) >= 100 && Number(statusCode) <= 599 && (body === undefined || body === null || typeof body === 'string');
}

export function sendProxyResult(response: ServerResponse, result: ProxyResult, isHead: boolean) {
  const bytes = Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8');
  const headers = new Map<string, string | string[]>();
  for (const [name, value] of Object.entries(result.headers ?? {})) headers.set(name.toLowerCase(), String(value));
  for (const [name, values] of Object.entries(result.multiValueHeaders ?? {})) headers.set(name.toLowerCase(), values.map(String));
  for (const name of ['connection', 'transfer-encoding']) headers.delete(name);
  const status = Number(result.statusCode);
  const bodiless = status === 204 || status === 304 || status < 200;
  if (bodiless) headers.delete('content-length');
  else if (!isHead || bytes.length || !headers.has('content-length')) headers.set('content-length', String(bytes.length));
  response.writeHead(status, Object.fromEntries(headers));
  response.end(bodiless || isHead ? undefined : bytes);
}

const pairs = (raw: string[]): [string, string][] => raw.flatMap((name, index) => (index % 2 ? [] : [[name, raw[index + 1]!] as [string, string]]));

function groups(all: [string, string][]): Record<string, string[]> {
  const grouped: Record<string, string[]> = {};
  for (const [name, value] of all) (Object.hasOwn(grouped, name) ? grouped[name]! : (grouped[name] = [])).push(value);
  return grouped;
}

const lasts = (grouped: Record<string, string[]>) => Object.fromEntries(Object.entries(grouped).map(([name, values]) => [name, values.at(-1)!]));
