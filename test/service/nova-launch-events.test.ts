import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { environment } from '../../shared/deployment/declaration.ts';
import { askedAt, carried, result } from '../support/invocation.ts';

/* nova-launch alone; what it asks (keystone, nova-api, Secrets Manager, EventBridge, SQS) answers out of memory and remembers. */

const world = {
  asked: [] as { what: string; headers: Record<string, unknown>; body: any }[],
  tokens: 0,
  /** Status and body of the next answers of nova-api; then 202. */
  compute: [] as { status: number; body?: object }[],
  login: 201,
  servers: [] as { id: string; name: string }[],
  eventsFail: false,
};
let server: Server;
let handler: (event: any, context: any) => Promise<{ batchItemFailures: { itemIdentifier: string }[] }>;

before(async () => {
  server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString();
    const rest = carried({ url: request.url!, text });
    const what = rest ? `${rest.method} ${rest.url}` : String(request.headers['x-amz-target']);
    const { headers, text: sent } = rest ?? { headers: request.headers, text };
    world.asked.push({ what, headers, body: sent ? JSON.parse(sent) : undefined });
    const answer = (status: number, body: object, headers = {}) => response.writeHead(rest ? 200 : status, { 'content-type': 'application/json' }).end(rest ? result(status, body, headers) : JSON.stringify(body));
    if (what.endsWith('GetSecretValue')) return answer(200, { SecretString: '{"id": "i", "secret": "s"}' });
    if (what.endsWith('PutEvents')) return world.eventsFail ? answer(200, { FailedEntryCount: 1, Entries: [{ ErrorMessage: 'no' }] }) : answer(200, { FailedEntryCount: 0, Entries: [{ EventId: 'e' }] });
    if (what.endsWith('ChangeMessageVisibility')) return answer(200, {});
    if (what.includes('/identity/')) return answer(world.login, { token: { expires_at: new Date(Date.now() + 3_600_000).toISOString() } }, { 'x-subject-token': `token-${++world.tokens}` });
    const next = world.compute.shift();
    if (next) return answer(next.status, next.body ?? {});
    if (what.startsWith('GET')) return answer(200, { servers: world.servers });
    return answer(202, { server: { id: 'made' } });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_SQS: endpoint, AWS_ENDPOINT_URL_EVENTBRIDGE: endpoint, AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint, ...askedAt(endpoint),
    [environment.bus]: 'bus', [environment.secretPath]: 'novaless', [environment.queue('nova-launch')]: `${endpoint}/0/nova-launch`,
  });
  ({ handler } = (await import('../../functions/nova-launch/events.ts')) as never);
});
after(() => { server.close(); server.closeAllConnections(); });
beforeEach(() => Object.assign(world, { asked: [], compute: [], login: 201, servers: [], eventsFail: false }));

const event = (type: string, detail: object, more: object = {}) => ({ id: randomUUID(), 'detail-type': `Server ${type} Requested`, detail, ...more });
const launch = (credential: string, more: object = {}) => event('Launch', { credential, server: { name: 'x' } }, more);
const receive = async (messages: (object | string)[], receives = 1) => (await handler({
  Records: messages.map((body, i) => ({ messageId: `m${i}`, receiptHandle: 'r', attributes: { ApproximateReceiveCount: String(receives) }, body: typeof body === 'string' ? body : JSON.stringify(body) })),
}, {})).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
const asked = (part: string) => world.asked.filter(({ what }) => what.includes(part));

test('a credential logs in once for many events, and again when its token is refused', async () => {
  assert.deepEqual(await receive([launch('once')]), []);
  assert.deepEqual(await receive([launch('once'), launch('once')]), []);
  assert.equal(asked('/identity/').length, 1);
  world.compute.push({ status: 401, body: { error: { message: 'no' } } });
  assert.deepEqual(await receive([launch('once')]), []);
  assert.equal(asked('/identity/').length, 2);
  assert.equal(asked('PutEvents').length, 0);
});

test('each delivery of an event has the same key and names the event; another rule is another launch', async () => {
  const one = launch('key');
  await receive([one, one, { ...one, launch: 'Owner/Rule' }]);
  const [first, second, other] = asked('POST /compute').map(({ headers }) => [headers['idempotency-key'], headers['x-openstack-request-id']]);
  assert.deepEqual(first, second);
  assert.equal(first![1], `req-${one.id}`);
  assert.equal(other![1], first![1]);
  assert.notEqual(other![0], first![0]);
  await receive([{ ...launch('key'), id: '2026-01-31T03:00:00Z', launch: 'Owner/Nightly' }]);
  assert.match(String(asked('POST /compute').at(-1)!.headers['x-openstack-request-id']), /^req-[0-9a-f-]{36}$/);
});

test('what fails in passing comes back alone and later each time; nobody is told of a refusal', async () => {
  world.compute.push({ status: 503 }, { status: 503 });
  assert.deepEqual(await receive([launch('passing')]), ['m0']);
  world.login = 500;
  assert.deepEqual(await receive([launch('no-login')], 5), ['m0']);
  assert.deepEqual(asked('ChangeMessageVisibility').map(({ body }) => body.VisibilityTimeout), [2, 120]);
  assert.equal(asked('PutEvents').length, 0);
});

test('a refusal that could not be told is not forgotten', async () => {
  Object.assign(world, { eventsFail: true, compute: [{ status: 403, body: { forbidden: { code: 403, message: 'Quota exceeded for instances' } } }] });
  assert.deepEqual(await receive([launch('told')]), ['m0']);
  Object.assign(world, { eventsFail: false, compute: [{ status: 403, body: { forbidden: { code: 403, message: 'Quota exceeded for instances' } } }] });
  assert.deepEqual(await receive([launch('told')], 2), []);
  const { DetailType, Detail } = asked('PutEvents').at(-1)!.body.Entries[0];
  assert.equal(DetailType, 'Server Launch Rejected');
  assert.deepEqual(JSON.parse(Detail).fault, { code: 403, message: 'Quota exceeded for instances' });
});

test('a delete by name deletes the one server of that name, and none where there are two', async () => {
  world.servers = [{ id: 'a', name: 'w.1' }, { id: 'b', name: 'w.12' }];
  await receive([event('Delete', { credential: 'once', server: { name: 'w.{{n}}' }, values: { n: 1 } })]);
  assert.equal(asked('DELETE /compute/v2.1/servers/a').length, 1);
  world.servers = [{ id: 'a', name: 'w' }, { id: 'b', name: 'w' }];
  await receive([event('Delete', { credential: 'once', server: { name: 'w' } }), event('Delete', { credential: 'once', server: { id: '../flavors' } })]);
  assert.equal(JSON.parse(asked('PutEvents')[0]!.body.Entries[0].Detail).fault.code, 409);
  assert.equal(asked('DELETE').length, 2, 'an id leads nowhere else');
  assert.ok(asked('DELETE /compute/v2.1/servers/..%2Fflavors').length === 1);
});

test('a server that an earlier receive deleted is no refusal', async () => {
  const gone = { status: 404, body: { itemNotFound: { code: 404, message: 'gone' } } };
  world.compute.push(gone);
  assert.deepEqual(await receive([event('Delete', { credential: 'once', server: { id: 'a' } })], 2), []);
  assert.equal(asked('PutEvents').length, 0);
  world.compute.push(gone);
  await receive([event('Delete', { credential: 'once', server: { id: 'a' } })]);
  assert.equal(JSON.parse(asked('PutEvents')[0]!.body.Entries[0].Detail).fault.code, 404);
});

test('what is no event at all ends in the dead-letter queue, and disturbs no other', async () => {
  assert.deepEqual(await receive(['{', '{}', { ...launch('once'), 'detail-type': 'Other' }, launch('once')]), ['m0', 'm1', 'm2']);
});
