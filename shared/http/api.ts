import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { randomUUID } from 'node:crypto';
import { environment } from '../deployment/declaration.ts';
import { requireEnv } from '../environment.ts';
import { authenticate, type Authenticated } from '../identity/middleware.ts';
import { recordValidation, type ValidationSteps } from '../identity/record.ts';
import type { Rule } from '../identity/policy.ts';
import { factsOf, log } from '../telemetry/log.ts';
import { encodeSteps, recordedSteps, recording, STEPS_HEADER } from '../telemetry/steps.ts';
import { withTrace } from '../telemetry/trace.ts';
import { badRequest, methodNotAllowed, notFound, payloadTooLarge, policyRefused, unsupportedMediaType, type HttpError } from './errors.ts';
import { asHttpError, type FaultFormat } from './faults.ts';
import { negotiate, versionHeaders, type Microversion, type VersionRange } from './microversion.ts';
import { router, schemaFor, type Match, type Reply, type Request, type Route } from './route.ts';
import { validate as validateSchema } from './validate.ts';

export interface Api {
  /** OpenStack's name of the service, for logs and the record. */
  service: string;
  /** Path of the service on the REST API, e.g. `/compute/v2.1`. Requests outside of it find their routes in `outside`. */
  root: string;
  routes: Route[];
  /** Routes by their whole path, above or beside the root: version documents. */
  outside?: Route[];
  policies: Record<string, Rule>;
  fault: FaultFormat;
  versions?: VersionRange;
  /** How the service words a schema error; the compute style where not given. */
  validate?: (schema: Parameters<typeof validateSchema>[0], value: unknown, request: Request) => void;
  /** Largest JSON body in bytes; a larger one is 413. Nova's osapi_max_request_body_size is 114,688. */
  maxBody?: number;
  /** Keystone authenticates by its own means. */
  authenticate?: Authenticator;
  requestIdHeaders?: string[];
  /** Headers of every answer. */
  headers?: Record<string, string>;
  /** How the service words a policy's refusal; oslo.policy's words where not given. */
  refusal?: (policy: string) => HttpError;
  /** Where this service's token validation stands among the launch's steps. */
  validationSteps?: ValidationSteps;
}

/** Finds out who asks; throws 401. */
export type Authenticator = (request: Pick<Request, 'header' | 'requestId'>) => Promise<Pick<Authenticated, 'context'> & Partial<Authenticated>>;

interface Call {
  event: APIGatewayProxyEvent;
  requestId: string;
  request: Request;
  match: Match;
  version: Microversion | undefined;
}

/**
 * A Lambda handler for a service's REST routes. Its steps: read the request, find the route, authenticate, check the
 * schema, do it, answer; anything thrown becomes the service's fault.
 */
export function createApi(api: Api) {
  const inside = router(api.routes);
  const outside = router(api.outside ?? []);
  const calls = new WeakMap<object, Partial<Call>>();
  const callOf = (request: { event: object }) => calls.get(request.event) as Call;

  const read: middy.MiddlewareFn<APIGatewayProxyEvent, APIGatewayProxyResult> = ({ event }) => {
    const header = headerReader(event);
    const call: Partial<Call> = { event, requestId: `req-${randomUUID()}` };
    calls.set(event, call);
    call.version = api.versions && negotiate(api.versions, header);
    const path = normalized(event.path);
    const below = path === api.root || path.startsWith(`${api.root}/`) ? path.slice(api.root.length) || '/' : undefined;
    const found = below === undefined ? outside.find(event.httpMethod, path, 0) : inside.find(event.httpMethod, below, call.version?.minor ?? 0);
    if (!('route' in found)) throw found.allowed.length ? methodNotAllowed(undefined, { headers: { Allow: found.allowed.join(', ') } }) : notFound();
    call.match = found;
    const rawBody = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
    if (!found.route.raw && rawBody.length > (api.maxBody ?? 114_688)) throw payloadTooLarge(`Request is too large: at most ${api.maxBody ?? 114_688} bytes.`);
    call.request = {
      method: event.httpMethod, path: below ?? path, params: found.params, query: queryOf(event), header, rawBody,
      body: undefined, context: undefined as never, version: call.version ?? { major: 0, minor: 0 }, requestId: call.requestId!,
      receivedAt: new Date(event.requestContext?.requestTimeEpoch ?? Date.now()),
      baseUrl: requireEnv(environment.endpoint) + api.root, enforce: undefined as never, allowed: undefined as never,
    };
  };

  const identify: middy.MiddlewareFn<APIGatewayProxyEvent, APIGatewayProxyResult> = async (lambda) => {
    const { request, match } = callOf(lambda);
    const { policy } = match.route;
    if (policy === null) return;
    const start = new Date();
    const { context, validation } = await (api.authenticate ?? authenticate)(request);
    request.context = context;
    if (api.validationSteps && validation) recordValidation(api.validationSteps, api.service, request.requestId, start, validation);
    const ruleOf = (name: string) => {
      const rule = api.policies[name];
      if (!rule) throw new Error(`no such policy: ${name}`);
      return rule;
    };
    request.allowed = (name, target = {}) => ruleOf(name)(request.context, target);
    request.enforce = (name, target) => {
      if (!request.allowed(name, target)) throw (api.refusal ?? policyRefused)(name);
    };
    request.enforce(policy);
  };

  const check: middy.MiddlewareFn<APIGatewayProxyEvent, APIGatewayProxyResult> = (lambda) => {
    const { request, match: { route } } = callOf(lambda);
    const validate = api.validate ?? validateSchema;
    if (!route.raw) request.body = parseBody(request, route);
    const body = route.body && schemaFor(route.body, request.version.minor);
    if (body) validate(body, request.body, request);
    const query = route.query && schemaFor(route.query, request.version.minor);
    if (query) validate(query, Object.fromEntries([...new Set(request.query.keys())].map((k) => [k, valuesOf(request.query, k)])), request);
  };

  const common = (call: Partial<Call> | undefined): Record<string, string> => ({
    ...api.headers,
    ...Object.fromEntries((api.requestIdHeaders ?? ['x-openstack-request-id']).map((h) => [h, call?.requestId ?? ''])),
    ...(api.versions && call?.version && versionHeaders(api.versions, call.version)),
    ...(call?.event && headerReader(call.event)(STEPS_HEADER) !== undefined && { [STEPS_HEADER]: encodeSteps(recordedSteps()) }),
  });

  const fail: middy.MiddlewareFn<APIGatewayProxyEvent, APIGatewayProxyResult> = (lambda) => {
    const call = calls.get(lambda.event);
    const error = asHttpError(lambda.error);
    const facts = { service: api.service, request_id: call?.requestId, status: error.status, method: lambda.event.httpMethod, path: lambda.event.path };
    if (error.status >= 500) log.error('request failed', { ...facts, ...factsOf(lambda.error) });
    // keystonemiddleware's 401 looks the same in front of every service
    const body = error.status === 401 && error.type === 'token' ? { error: { code: 401, title: 'Unauthorized', message: error.message } } : api.fault(error, call?.requestId ?? '');
    lambda.response = response({ status: error.status, body, headers: error.headers }, common(call));
  };

  const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>(async (event: APIGatewayProxyEvent) => {
    const call = calls.get(event) as Call;
    const reply = (await call.match.route.handler(call.request)) ?? {};
    const status = reply.status ?? call.match.route.status ?? (reply.body === undefined ? 204 : 200);
    const answer = response({ ...reply, status }, common(call));
    return event.httpMethod === 'HEAD' ? { ...answer, body: '' } : answer;
  })
    .before(read)
    .before(identify)
    .before(check)
    .onError(fail);

  return (event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> =>
    recording([], () => withTrace(headerReader(event)('traceparent'), () => handler(event, context) as unknown as Promise<APIGatewayProxyResult>));
}

/** Collapses doubled slashes and a closing one, which clients add where a catalog URL ends in a slash. */
const normalized = (path: string) => path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');

function headerReader(event: APIGatewayProxyEvent) {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(event.multiValueHeaders ?? {})) if (values) headers.set(name.toLowerCase(), values.join(', '));
  for (const [name, value] of Object.entries(event.headers ?? {})) if (value !== undefined && !headers.has(name.toLowerCase())) headers.set(name.toLowerCase(), value);
  return (name: string) => headers.get(name.toLowerCase());
}

function queryOf(event: APIGatewayProxyEvent): URLSearchParams {
  const query = new URLSearchParams();
  const many = event.multiValueQueryStringParameters ?? {};
  for (const [name, values] of Object.entries(many)) for (const value of values ?? []) query.append(name, value);
  for (const [name, value] of Object.entries(event.queryStringParameters ?? {})) if (!Object.hasOwn(many, name) && value !== undefined) query.append(name, value);
  return query;
}

/** One value as a string, several as an array of strings: what query schemas are written against. */
const valuesOf = (query: URLSearchParams, name: string) => {
  const all = query.getAll(name);
  return all.length > 1 ? all : all[0];
};

function parseBody(request: Request, route: Route): unknown {
  if (request.rawBody.length === 0) {
    if (route.body && request.method !== 'GET') throw badRequest('The request body is missing: this request needs JSON.');
    return undefined;
  }
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type && type !== 'application/json' && !route.mediaTypes?.includes(type) && request.method !== 'GET' && request.method !== 'DELETE')
    throw unsupportedMediaType(`The content type ${type} is not supported: send application/json.`);
  let body: unknown;
  const text = request.rawBody.toString('utf8');
  try {
    body = JSON.parse(text);
  } catch {
    throw badRequest('The server could not comply with the request since it is either malformed or otherwise incorrect: the body is not valid JSON.');
  }
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(body)) throw badRequest('The body is not valid JSON: a string in it is not valid Unicode.');
  return body;
}

/** Half a surrogate pair can be written in JSON, but no table can hold it. */
const isWellFormed = (value: unknown): boolean =>
  typeof value === 'string' ? value.isWellFormed()
  : value !== null && typeof value === 'object' ? Object.entries(value).every(([key, inner]) => key.isWellFormed() && isWellFormed(inner))
  : true;

function response(reply: Reply & { status: number }, headers: Record<string, string>): APIGatewayProxyResult {
  const bytes = Buffer.isBuffer(reply.body);
  const none = reply.body === undefined;
  return {
    statusCode: reply.status,
    headers: { ...(!none && { 'Content-Type': bytes ? 'application/octet-stream' : 'application/json' }), ...headers, ...reply.headers },
    body: none ? '' : bytes ? (reply.body as Buffer).toString('base64') : typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body),
    isBase64Encoded: bytes,
  };
}
