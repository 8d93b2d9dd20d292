import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { eventually, startTiny } from './tiny-cloud.ts';

const MB = 1024 * 1024;

/** Says what glance-api would, for one image; direct invocations tell what it was asked. */
const glance = `
  const calls = [];
  let stored;
  export async function handler(event) {
    if (!event.httpMethod) return { calls, stored };
    const { httpMethod, path, headers } = event;
    const header = (name) => Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
    const body = event.body && JSON.parse(Buffer.from(event.body, 'base64'));
    calls.push({ call: httpMethod + ' ' + path, token: header('x-auth-token'), type: header('content-type'), body });
    const json = (statusCode, value) => ({ statusCode, headers: { 'content-type': 'application/json' }, body: value === undefined ? '' : JSON.stringify(value) });
    if (header('x-auth-token') !== 'good') return json(401, { error: 'token' });
    if (httpMethod === 'POST') return body.image_id === 'taken' ? json(409, { error: 'taken' }) : json(201, { id: 'u1', bucket: 'images', key: 'image/' + body.image_id });
    if (httpMethod === 'PUT') { stored = body; return json(stored.size === 13 ? 410 : 204); }
    if (httpMethod === 'DELETE') return json(204);
    if (path.endsWith('/absent')) return json(404, { error: 'absent' });
    return json(200, { bucket: 'images', key: 'image/' + path.split('/').at(-1), size: stored.size, checksum: stored.checksum });
  }`;
const start = (t: Parameters<typeof startTiny>[0]) =>
  startTiny(t, { glance: { code: glance, routes: ['ANY /image', 'ANY /image/{proxy+}'] } }, { Images: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'images' } } }, { limit: 1 });
const told = async (cloud: Awaited<ReturnType<typeof start>>) => (await cloud.invoke('glance', {})) as { calls: { call: string; body: any; type?: string }[]; stored: any };
const put = (cloud: Awaited<ReturnType<typeof start>>, image: string, body: Buffer | Readable, token = 'good') =>
  fetch(`${cloud.endpoint}/image/v2/images/${image}/file`, { method: 'PUT', headers: { 'x-auth-token': token, 'content-type': 'application/octet-stream' }, body: (body instanceof Readable ? Readable.toWeb(body) : body) as RequestInit['body'], duplex: 'half' } as RequestInit);
const storedFolders = (cloud: Awaited<ReturnType<typeof start>>) => readdirSync(join(cloud.dataDir, 's3/images/data'));

test('an image comes back as it was sent, of any size, and glance-api is told its size and checksums', async (t) => {
  const cloud = await start(t);
  for (const size of [0, 5, 8 * MB, 20 * MB + 7]) {
    const bytes = randomBytes(size);
    assert.equal((await put(cloud, 'one', size === 20 * MB + 7 ? Readable.from([bytes.subarray(0, 3 * MB), bytes.subarray(3 * MB)]) : bytes)).status, 204);
    const { stored } = await told(cloud);
    assert.deepEqual(stored, { size, checksum: createHash('md5').update(bytes).digest('hex'), os_hash_algo: 'sha512', os_hash_value: createHash('sha512').update(bytes).digest('hex') });
    const response = await fetch(`${cloud.endpoint}/image/v2/images/one/file`, { headers: { 'x-auth-token': 'good' } });
    assert.equal(response.headers.get('content-length'), String(size));
    assert.equal(response.headers.get('content-md5'), stored.checksum);
    assert.equal(response.headers.get('content-type'), 'application/octet-stream');
    assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes));
  }
  assert.equal(storedFolders(cloud).length, 1, 'what was replaced is gone');
  const part = await fetch(`${cloud.endpoint}/image/v2/images/one/file`, { headers: { 'x-auth-token': 'good', range: 'bytes=8388600-8388615' } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes 8388600-8388615/${20 * MB + 7}`);
  assert.equal((await part.arrayBuffer()).byteLength, 16);
  const beyond = await fetch(`${cloud.endpoint}/image/v2/images/one/file`, { headers: { 'x-auth-token': 'good', range: 'bytes=99999999-' } });
  assert.equal(beyond.status, 416);
});

test('an upload that may not be gets glance-api’s answer before its bytes are asked for', async (t) => {
  const cloud = await start(t);
  const answer = await new Promise<{ status?: number; continued: boolean; body: string }>((resolve, reject) => {
    let continued = false;
    const call = request(`${cloud.endpoint}/image/v2/images/taken/file`, { method: 'PUT', headers: { expect: '100-continue', 'content-length': 5_000_000_000, 'x-auth-token': 'good' } });
    call.on('continue', () => { continued = true; });
    call.on('error', reject).on('response', async (response) => {
      resolve({ status: response.statusCode, continued, body: Buffer.concat(await response.toArray()).toString() });
      call.destroy();
    });
    call.flushHeaders();
  });
  assert.deepEqual(answer, { status: 409, continued: false, body: '{"error":"taken"}' });
  assert.equal((await put(cloud, 'one', Buffer.alloc(30 * MB), 'bad')).status, 401, 'a client that sends all the same can read why not');
  assert.equal((await fetch(`${cloud.endpoint}/image/v2/images/absent/file`, { headers: { 'x-auth-token': 'good' } })).status, 404);
  assert.deepEqual(storedFolders(cloud), []);
});

test('an upload that breaks off leaves nothing behind, in S3 or with glance-api', async (t) => {
  const cloud = await start(t);
  const call = request(`${cloud.endpoint}/image/v2/images/one/file`, { method: 'PUT', headers: { 'content-length': 100 * MB, 'x-auth-token': 'good' } }).on('error', () => {});
  call.write(Buffer.alloc(30 * MB));
  await eventually(() => storedFolders(cloud).length === 1);
  call.destroy();
  await eventually(async () => (await told(cloud)).calls.some(({ call }) => call === 'DELETE /image/v2/novaless/uploads/u1'));
  await eventually(() => storedFolders(cloud).length === 0);
});

test('an image that went while its bytes came is reported gone, and its upload is taken back', async (t) => {
  const cloud = await start(t);
  assert.equal((await put(cloud, 'one', Buffer.alloc(13))).status, 410);
  assert.deepEqual((await told(cloud)).calls.map(({ call }) => call), ['POST /image/v2/novaless/uploads', 'PUT /image/v2/novaless/uploads/u1', 'DELETE /image/v2/novaless/uploads/u1']);
});

test('a large upload and its download do not grow the process by 100 MB', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const cloud = await start(t);
  const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
  const piece = randomBytes(MB);
  await put(cloud, 'warm', Readable.from(Array.from({ length: 32 }, () => piece)));
  const size = Number(process.env['NOVALESS_TEST_UPLOAD_MB'] ?? 256);
  const before = resident();
  let most = before;
  const watch = setInterval(() => { most = Math.max(most, resident()); }, 20);
  const start_ = Date.now();
  assert.equal((await put(cloud, 'large', Readable.from((function* () { for (let sent = 0; sent < size; sent++) yield piece; })()))).status, 204);
  const sent = Date.now();
  const response = await fetch(`${cloud.endpoint}/image/v2/images/large/file`, { headers: { 'x-auth-token': 'good' } });
  let received = 0;
  for await (const bytes of response.body!) received += bytes.length;
  clearInterval(watch);
  assert.equal(received, size * MB);
  t.diagnostic(`${size} MB: resident ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most; upload ${(sent - start_) / 1000} s, download ${(Date.now() - sent) / 1000} s`);
  assert.ok(most - before < 100, `grew by ${most - before} MB`);
});
