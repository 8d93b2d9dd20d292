import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startTiny } from './tiny-cloud.ts';

const echo = (name: string) => `export const handler = async (event) => ({ statusCode: 200, headers: { 'x-function': '${name}' }, body: JSON.stringify(event) });`;

test('the route that API Gateway would choose is chosen, and the function gets its proxy event', async (t) => {
  const cloud = await startTiny(t, {
    exact: { code: echo('exact'), routes: ['POST /identity/v3/auth/tokens', 'GET /things/{id}'] },
    greedy: { code: echo('greedy'), routes: ['ANY /identity', 'ANY /identity/{proxy+}', 'ANY /things/special'] },
  });
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(cloud.endpoint + path, init);
    return { status: response.status, name: response.headers.get('x-function'), event: response.headers.has('x-function') ? ((await response.json()) as any) : await response.text() };
  };
  assert.equal((await ask('/identity')).name, 'greedy');
  assert.equal((await ask('/identity/v2/x')).name, 'greedy');
  assert.equal((await ask('/things/special')).name, 'greedy');
  assert.equal((await ask('/identity/v3/auth/tokens', { method: 'POST' })).name, 'exact');
  assert.equal((await ask('/identity/v3/auth/tokens')).status, 403, 'a resource without the method hides the greedy one');
  assert.equal((await ask('/nothing')).status, 403);
  const { event } = await ask('/things/a%20b?x=1&x=2&y=%C3%A4', { headers: { 'X-Some': 'value' } });
  assert.deepEqual(event.pathParameters, { id: 'a b' });
  assert.equal(event.path, '/things/a%20b');
  assert.equal(event.resource, '/things/{id}');
  assert.deepEqual(event.multiValueQueryStringParameters, { x: ['1', '2'], y: ['ä'] });
  assert.deepEqual(event.queryStringParameters, { x: '2', y: 'ä' });
  assert.equal(event.requestContext.identity.sourceIp, '127.0.0.1');
  assert.ok(Object.entries(event.headers).some(([name, value]) => name.toLowerCase() === 'x-some' && value === 'value'));
  const repeated = await new Promise<any>((done, failed) => {
    request(`${cloud.endpoint}/identity`, { headers: { 'X-Twice': ['one', 'two'], TE: 'trailers', 'Max-Forwards': '1' } }, async (response) => done(JSON.parse((await response.toArray()).join('')))).on('error', failed).end();
  });
  assert.deepEqual([repeated.multiValueHeaders['X-Twice'], repeated.headers['X-Twice']], [['one', 'two'], 'two']);
  assert.deepEqual(Object.keys(repeated.headers).filter((name) => /^(te|max-forwards|connection)$/i.test(name)), [], 'API Gateway keeps these to itself');
  const posted = await ask('/identity/x', { method: 'POST', body: Buffer.from([0, 255, 1]) });
  assert.equal(posted.event.isBase64Encoded, true);
  assert.deepEqual([...Buffer.from(posted.event.body, 'base64')], [0, 255, 1]);
});

test('answers reach the client as the function meant them: bytes, several headers of one name, HEAD, no body', async (t) => {
  const code = `export const handler = async ({ path, httpMethod }) => ({
    '/bytes': { statusCode: 200, isBase64Encoded: true, body: Buffer.from([0, 200, 3]).toString('base64'), headers: { 'Content-Type': 'x/y' } },
    '/many': { statusCode: 201, multiValueHeaders: { Vary: ['A', 'B'] }, body: 'text' },
    '/none': { statusCode: 204 },
    '/bad': { hello: 1 },
  })[path];`;
  const cloud = await startTiny(t, { f: { code, routes: ['ANY /{proxy+}'] } });
  const get = (path: string, method = 'GET') => fetch(cloud.endpoint + path, { method });
  const bytes = await get('/bytes');
  assert.equal(bytes.headers.get('content-type'), 'x/y');
  assert.deepEqual([...new Uint8Array(await bytes.arrayBuffer())], [0, 200, 3]);
  assert.equal((await get('/many')).headers.get('vary'), 'A, B');
  const head = await get('/many', 'HEAD');
  assert.equal(head.headers.get('content-length'), '4');
  assert.equal(await head.text(), '');
  const none = await get('/none');
  assert.equal(none.status, 204);
  assert.equal(none.headers.get('content-length'), null);
  assert.equal((await get('/bad')).status, 502);
});

test('the gateway’s own answers are worded by the template, so that clients retry a crash and understand a missing route', async (t) => {
  const gatewayResponse = (ResponseType: string, StatusCode: string, ResponseParameters = {}) => ({
    Type: 'AWS::ApiGateway::GatewayResponse',
    Properties: { ResponseType, StatusCode, ResponseParameters, ResponseTemplates: { 'application/json': `{"error": {"code": ${StatusCode}, "message": $context.error.messageString}}` } },
  });
  const cloud = await startTiny(t, { f: { code: `export const handler = async () => { throw new Error('x'); };`, routes: ['ANY /crash'] } }, {
    A: gatewayResponse('DEFAULT_5XX', '503', { 'gatewayresponse.header.Retry-After': "'2'" }),
    B: gatewayResponse('MISSING_AUTHENTICATION_TOKEN', '404'),
  });
  const crash = await fetch(`${cloud.endpoint}/crash`);
  assert.equal(crash.status, 503);
  assert.equal(crash.headers.get('retry-after'), '2');
  assert.equal(((await crash.json()) as any).error.code, 503);
  assert.equal((await fetch(`${cloud.endpoint}/absent`)).status, 404);
});

test('a body over 10 MB is 413, oversized headers 431, a malformed path 400; and clients that vanish do no harm', async (t) => {
  const cloud = await startTiny(t, { f: { code: echo('f'), routes: ['ANY /{proxy+}'] } });
  const { port } = new URL(cloud.endpoint);
  assert.equal((await fetch(`${cloud.endpoint}/x`, { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1) })).status, 413);
  assert.equal((await fetch(`${cloud.endpoint}/x`, { headers: { big: 'x'.repeat(20_000) } })).status, 431);
  const raw = (text: string) => new Promise<string>((resolve) => {
    let answer = '';
    connect(Number(port), '127.0.0.1').on('data', (piece) => { answer += piece; }).on('close', () => resolve(answer)).end(text);
  });
  assert.match(await raw('GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'), /^HTTP\/1\.1 400/);
  for (let index = 0; index < 20; index++) {
    const gone = request(`${cloud.endpoint}/x`, { method: 'POST', headers: { 'content-length': 100 } }).on('error', () => {});
    gone.write('part');
    setTimeout(() => gone.destroy(), index % 5);
  }
  await new Promise((done) => setTimeout(done, 50));
  assert.equal((await fetch(`${cloud.endpoint}/x`)).status, 200);
});
