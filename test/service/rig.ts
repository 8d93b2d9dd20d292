import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { awsJson } from '../../local/aws-json.ts';
import { startEngines } from '../../local/engines/engines.ts';
import { bucketNames, environment, queues, tableNames, tableSchema, type QueueName } from '../../shared/deployment/declaration.ts';
import { askedAt, carried, result } from '../support/invocation.ts';

/*
 * One service on real engines, alone: the other services that it asks by REST are answered by a stand-in, whose keystone takes `PROJECT:ROLE,ROLE:USER` for a valid token.
 */

type RestHandler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
type QueueHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;
/** Answers for another service's path, from `/image/v2/…` on. */
export type StandIn = (request: { method: string; path: string; body: any; headers: IncomingMessage['headers'] }) => { status: number; body?: unknown } | undefined;

export interface Answer<B = any> { status: number; body: B; headers: Record<string, string>; bytes: Buffer }
export interface Envelope { method: string; args: any; context: any; steps: any[] }

export const token = (project: string, roles = 'member,reader', user = 'someone') => `${project}:${roles}:${user}`;
export const adminToken = token('admins', 'admin,member,reader', 'admin');

export async function startRig() {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-service-'));
  mkdirSync(join(folder, 'logs'));
  const engines = await startEngines(folder);
  const standIns: StandIn[] = [];
  const others = createServer((request, response) => void serveOthers(request, response, standIns));
  await new Promise<void>((resolve) => others.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(others.address() as { port: number }).port}`;
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: engines.dynamodb.endpoint, AWS_ENDPOINT_URL_SQS: engines.sqs.endpoint, AWS_ENDPOINT_URL_S3: engines.s3.endpoint,
    AWS_ENDPOINT_URL_SSM: endpoint, AWS_ENDPOINT_URL_EVENTBRIDGE: endpoint, ...askedAt(endpoint),
    [environment.endpoint]: endpoint, [environment.region]: 'RegionOne', [environment.parameterPath]: '/novaless', [environment.bus]: 'bus', [environment.agentDocument]: 'document',
  });
  await Promise.all([...tableNames.map((name) => createTable(engines.dynamodb.endpoint, name)), ...bucketNames.map((name) => createBucket(engines.s3.endpoint, name)), createQueues(engines.sqs.endpoint)]);
  return {
    endpoint,
    engines,
    /** Added stand-ins are asked first to last. */
    standIns,
    /** Takes all messages off a queue, as its consumer would. */
    take: (queue: QueueName) => takeAll(engines.sqs.endpoint, queue),
    async stop() {
      await engines.stop();
      await new Promise((resolve) => {
        others.close(resolve);
        others.closeAllConnections();
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type Rig = Awaited<ReturnType<typeof startRig>>;

/** A REST call of a Lambda handler, as API Gateway makes it. A Buffer goes as bytes, everything else as JSON. */
export function caller(handler: RestHandler) {
  return async (method: string, url: string, options: { token?: string; body?: unknown; headers?: Record<string, string> } = {}): Promise<Answer> => {
    const { pathname, searchParams } = new URL(url, 'http://rig');
    const bytes = options.body === undefined ? undefined : Buffer.isBuffer(options.body) ? options.body : Buffer.from(typeof options.body === 'string' ? options.body : JSON.stringify(options.body));
    const headers: Record<string, string> = {
      ...(options.token !== undefined && { 'X-Auth-Token': options.token }),
      ...(bytes && { 'Content-Type': Buffer.isBuffer(options.body) ? 'application/octet-stream' : 'application/json' }),
      ...options.headers,
    };
    const many: Record<string, string[]> = Object.create(null);
    for (const [name, value] of searchParams) (many[name] ??= []).push(value);
    const event = {
      httpMethod: method, path: pathname, headers, multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, [v]])),
      queryStringParameters: Object.fromEntries(searchParams), multiValueQueryStringParameters: many,
      body: bytes?.toString('base64') ?? null, isBase64Encoded: true,
    } as unknown as APIGatewayProxyEvent;
    const answer = await handler(event, {} as Context);
    const raw = Buffer.from(answer.body, answer.isBase64Encoded ? 'base64' : 'utf8');
    const text = raw.toString();
    return {
      status: answer.statusCode, bytes: raw, body: !answer.isBase64Encoded && text ? JSON.parse(text) : undefined,
      headers: Object.fromEntries(Object.entries(answer.headers ?? {}).map(([k, v]) => [k.toLowerCase(), String(v)])),
    };
  };
}

/** Hands envelopes to a queue's consumer, one batch; throws where a message failed. */
export async function deliver(handler: QueueHandler, envelopes: Envelope[], receives = 1): Promise<SQSBatchResponse> {
  const Records = envelopes.map((body, i) => ({ messageId: String(i), receiptHandle: 'none', body: JSON.stringify(body), attributes: { ApproximateReceiveCount: String(receives) } }));
  return handler({ Records } as unknown as SQSEvent, {} as Context);
}

async function takeAll(endpoint: string, queue: QueueName): Promise<Envelope[]> {
  const QueueUrl = process.env[environment.queue(queue)]!;
  const taken: Envelope[] = [];
  for (;;) {
    const { Messages = [] } = await awsJson<{ Messages?: { Body: string; ReceiptHandle: string }[] }>(endpoint, 'AmazonSQS', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 });
    if (!Messages.length) return taken;
    for (const { Body, ReceiptHandle } of Messages) {
      taken.push(JSON.parse(Body) as Envelope);
      await awsJson(endpoint, 'AmazonSQS', 'DeleteMessage', { QueueUrl, ReceiptHandle });
    }
  }
}

async function createTable(endpoint: string, name: (typeof tableNames)[number]) {
  const { partitionKey, sortKey, indexes } = tableSchema;
  const names = [partitionKey, sortKey, ...indexes.flatMap((i) => [i.partitionKey, i.sortKey])];
  const schema = (hash: string, range: string) => [{ AttributeName: hash, KeyType: 'HASH' }, { AttributeName: range, KeyType: 'RANGE' }];
  process.env[environment.table(name)] = name;
  await awsJson(endpoint, 'DynamoDB_20120810', 'CreateTable', {
    TableName: name, BillingMode: 'PAY_PER_REQUEST', KeySchema: schema(partitionKey, sortKey),
    AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    GlobalSecondaryIndexes: indexes.map((i) => ({ IndexName: i.name, KeySchema: schema(i.partitionKey, i.sortKey), Projection: { ProjectionType: i.projection } })),
  });
}

async function createBucket(endpoint: string, name: (typeof bucketNames)[number]) {
  process.env[environment.bucket(name)] = name;
  await fetch(`${endpoint}/${name}`, { method: 'PUT' });
}

async function createQueues(endpoint: string) {
  for (const name of Object.keys(queues) as QueueName[]) {
    await awsJson(endpoint, 'AmazonSQS', 'CreateQueue', { QueueName: name });
    process.env[environment.queue(name)] = `${endpoint}/000000000000/${name}`; // the engine's own answer names a host that only its DNS knows
  }
}

async function serveOthers(request: IncomingMessage, response: ServerResponse, standIns: StandIn[]) {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString();
  const asked = carried({ url: request.url!, text });
  const answer = (status: number, body: unknown) => (asked
    ? response.writeHead(200, { 'content-type': 'application/json' }).end(result(status, body))
    : response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? undefined : JSON.stringify(body)));
  if (String(request.headers['x-amz-target']).endsWith('GetParameter')) return answer(200, { Parameter: { Value: token('service', 'service,admin', 'service-user') } });
  if (asked?.url.startsWith('/identity/v3/auth/tokens')) return answer(...validated(String(asked.headers['x-subject-token'])));
  const { method, url, headers, text: sent } = asked ?? { method: request.method!, url: request.url!, headers: request.headers, text };
  const call = { method, path: url, body: sent ? JSON.parse(sent) : undefined, headers };
  for (const standIn of standIns) {
    const reply = standIn(call);
    if (reply) return answer(reply.status, reply.body);
  }
  if (String(request.headers['x-amz-target']).endsWith('PutEvents')) return answer(200, { FailedEntryCount: 0, Entries: [] });
  return answer(404, { error: { code: 404, message: `no stand-in for ${url}`, title: 'Not Found' } });
}

function validated(given: string): [number, unknown] {
  const [project, roles, user] = given.split(':');
  if (!project || !roles || !user) return [404, { error: { code: 404, message: 'no such token', title: 'Not Found' } }];
  const domain = { id: 'default', name: 'Default' };
  const scope = project === 'unscoped' ? {} : { project: { id: project, name: project, domain }, roles: roles.split(',').map((name) => ({ id: name, name })) };
  return [200, { token: { user: { id: user, name: user, domain }, ...scope, issued_at: new Date().toISOString(), expires_at: new Date(Date.now() + 3_600_000).toISOString() } }];
}
