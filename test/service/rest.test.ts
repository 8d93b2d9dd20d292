import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { functions } from '../../infra/functions.ts';
import type { Outcome } from '../../local/functions.ts';
import { startInvocations } from '../../local/invocations.ts';
import { routeTable } from '../../local/routes.ts';
import { environment } from '../../shared/deployment/declaration.ts';
import { createApi } from '../../shared/http/api.ts';
import { imageFault } from '../../shared/http/faults.ts';
import type { Reply, Request } from '../../shared/http/route.ts';
import { ask } from '../../shared/openstack/ask.ts';
import { rest, RemoteError, services } from '../../shared/openstack/rest.ts';
import { askedAt } from '../support/invocation.ts';

/* A service of one route, asked by others as they do. */

let seen: Request[] = [];
let invoked = 0;
/** What happens to the next invocations instead of their being carried out. */
let faults: (() => Promise<Outcome> | Outcome)[] = [];
let reply: Reply = {};
let lambda: Awaited<ReturnType<typeof startInvocations>>;
const handler = createApi({
  service: 'glance', root: '/image/v2', policies: {}, fault: imageFault,
  routes: (['GET', 'PUT'] as const).map((method) => ({ method, path: '/images/{id}', policy: null, handler: (request) => (seen.push(request), reply) })),
});

before(async () => {
  lambda = await startInvocations({
    has: (name) => name === 'glance-api',
    async invoke(_name, event) {
      invoked++;
      const fault = faults.shift();
      return fault ? fault() : { result: await handler(event as APIGatewayProxyEvent, {} as Context) };
    },
  });
  Object.assign(process.env, { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', [environment.endpoint]: 'https://cloud.example.org', ...askedAt(lambda.endpoint) });
});
after(() => lambda.stop());
beforeEach(() => { [seen, invoked, faults, reply] = [[], 0, [], { body: { id: 'x' } }]; });

const caller = { context: { token: 'T', request_id: 'req-00000000-0000-4000-8000-000000000001' } };
const crash: Outcome = { error: { errorType: 'Runtime.ExitError', errorMessage: 'exit status 1', trace: [] } };

test('a service sees the request of another as it would see it through the gateway', async () => {
  reply = { status: 200, body: { name: 'é' }, headers: { 'X-Mine': 'yes' } };
  const answer = await ask('glance-api', '/image/v2/images/a%2Fb%20c?tag=x&tag=y%26z&empty=', { method: 'PUT', headers: { 'X-Auth-Token': 'T', 'Content-Type': 'application/json' }, body: '{"a":"ü"}', timeout: 5000 });
  assert.deepEqual([answer.status, answer.ok, answer.headers['x-mine'], JSON.parse(answer.text)], [200, true, 'yes', { name: 'é' }]);
  const [{ method, path, params, query, header, body, baseUrl }] = seen as [Request];
  assert.deepEqual([method, path, params], ['PUT', '/images/a%2Fb%20c', { id: 'a/b c' }]);
  assert.deepEqual([query.getAll('tag'), query.get('empty')], [['x', 'y&z'], '']);
  assert.deepEqual([header('x-auth-token'), body], ['T', { a: 'ü' }]);
  assert.equal(baseUrl, 'https://cloud.example.org/image/v2', 'links lead to where clients come in');
});

test("bytes that a service answers come as text, and its refusals as they are, tried once", async () => {
  reply = { body: Buffer.from('bytes') };
  assert.equal((await ask('glance-api', '/image/v2/images/x', { timeout: 5000 })).text, 'bytes');
  invoked = 0;
  await assert.rejects(rest('image', 'DELETE', '/images/x', { caller }), (error: Error) => error instanceof RemoteError && error.status === 405);
  assert.equal(invoked, 1);
});

test('a service that crashes, breaks down or falls silent is asked again, and its answer taken', async () => {
  const broken = () => { throw new Error('out of order'); };
  faults = [() => crash, broken, () => ({ result: null })];
  assert.deepEqual(await rest('image', 'GET', '/images/x', { caller }), { id: 'x' });
  assert.equal(invoked, 4);
  faults = [() => new Promise<Outcome>((done) => setTimeout(done, 2000, crash).unref())];
  assert.deepEqual(await rest('image', 'GET', '/images/x', { caller, timeout: 200 }), { id: 'x' });
});

test('a service that never answers is a 503 of its own, after as many tries as were asked for', async () => {
  faults = [() => crash, () => crash, () => crash];
  await assert.rejects(rest('image', 'GET', '/images/x', { caller, attempts: 2 }), (error: Error) => error instanceof RemoteError && error.status === 503 && /no answer from image/.test(error.message) && /exit status 1/.test(String(error.cause)));
  assert.equal(invoked, 2);
  await assert.rejects(rest('volume', 'GET', '/volumes', { caller, attempts: 1 }), (error: Error) => (error.cause as Error).name === 'ResourceNotFoundException');
});

test('who asks a service asks the function that has its routes', () => {
  const match = routeTable(functions.flatMap(({ name, routes = [] }) => routes.map((line) => ({ method: line.split(' ')[0]!, path: line.split(' ')[1]!, function: name }))));
  for (const { function: name, root } of Object.values(services)) assert.equal(match('GET', `${root}/things/id`)?.function, name);
  assert.equal(match('GET', '/identity/v3/auth/tokens')?.function, 'keystone-validate');
  assert.equal(match('POST', '/identity/v3/auth/tokens')?.function, 'keystone-login');
});
