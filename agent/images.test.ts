import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { S3Client } from '@aws-sdk/client-s3';
import { ActionFailed, type ImageReference, type Images } from './drivers/driver.ts';
import { s3Images } from './images.ts';

const MIB = 1024 ** 2;
const folder = mkdtempSync(join(tmpdir(), 'novaless-images-'));
const data = Buffer.concat([randomBytes(MIB), Buffer.alloc(3 * MIB), randomBytes(MIB), Buffer.alloc(MIB)]);
const image: ImageReference = { id: randomUUID(), location: 's3://images/one', size: data.length, checksum: createHash('md5').update(data).digest('hex') };
const forever = new AbortController().signal;

/** A store as unkind as a network can be: each request is answered by the next of `answers`, the last one again and again. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answers: Answer[] = [];
let ranges: (string | undefined)[] = [];
const whole: Answer = (request, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(from ? 206 : 200, { ETag: '"one"', 'Content-Length': data.length - from, ...(from && { 'Content-Range': `bytes ${from}-${data.length - 1}/${data.length}` }) }).end(data.subarray(from));
};
const brokenOff = (bytes: number, content = data, etag = '"one"'): Answer => (_, response) => {
  response.writeHead(200, { ETag: etag, 'Content-Length': content.length });
  response.write(content.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
};
const server = createServer((request, response) => {
  ranges.push(request.headers.range);
  (answers.length > 1 ? answers.shift()! : answers[0]!)(request, response);
});
let images: Images;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  images = s3Images(new S3Client({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, region: 'x', forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }));
});
beforeEach(() => { ranges = []; });
after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});
const place = () => join(folder, randomUUID());

test('an image comes to the host as it is in the store, and its empty parts take no room on the disk', async () => {
  answers = [whole];
  const file = place();
  await images.fetch(image, file, forever);
  assert.ok(readFileSync(file).equals(data));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(statSync(file).blocks * 512 < 4 * MIB, `${statSync(file).blocks * 512} bytes on disk`);
});

test('a fetch that breaks off goes on where it was, as often as it takes', async () => {
  answers = [brokenOff(MIB / 2), (request, response) => {
    const from = Number(/\d+/.exec(request.headers.range!)![0]);
    response.writeHead(206, { ETag: '"one"', 'Content-Length': data.length - from, 'Content-Range': `bytes ${from}-${data.length - 1}/${data.length}` });
    response.write(data.subarray(from, from + 1000), () => setTimeout(() => response.destroy(), 20));
  }, whole];
  const file = place();
  await images.fetch(image, file, forever);
  assert.ok(readFileSync(file).equals(data));
  assert.deepEqual([ranges.length, ranges[0], ranges.slice(1).every((range) => /^bytes=[1-9]/.test(range!))], [3, undefined, true]);
});

test('an image that is another one after a break is fetched anew: no byte of the old one stays', async () => {
  answers = [brokenOff(3 * MIB, randomBytes(data.length), '"old"'), whole];
  const file = place();
  await images.fetch(image, file, forever);
  assert.ok(readFileSync(file).equals(data));
});

test('a store that gives no parts is asked for the whole', async () => {
  answers = [brokenOff(MIB), (_, response) => response.writeHead(200, { ETag: '"one"', 'Content-Length': data.length }).end(data)];
  const file = place();
  await images.fetch(image, file, forever);
  assert.ok(readFileSync(file).equals(data));
});

for (const { name, wrong, says } of [
  { name: 'with another checksum', wrong: { checksum: '0'.repeat(32) }, says: /checksum/ },
  { name: 'that is too short', wrong: { size: data.length + 1 }, says: /bytes instead of/ },
  { name: 'that is too long', wrong: { size: MIB }, says: /more than/ },
]) {
  test(`an image ${name} leaves no file`, async () => {
    answers = [whole];
    const file = place();
    await assert.rejects(images.fetch({ ...image, ...wrong }, file, forever), (error) => error instanceof ActionFailed && says.test(error.message));
    assert.equal(existsSync(file), false);
  });
}

test('a fetch that nobody wants any more ends at once and leaves no file', async () => {
  answers = [(_, response) => void response.writeHead(200, { ETag: '"one"', 'Content-Length': data.length }).write(data.subarray(0, MIB))];
  const file = place();
  const abort = new AbortController();
  const fetching = images.fetch(image, file, abort.signal);
  setTimeout(() => abort.abort(new ActionFailed('The instance is being destroyed.')), 100);
  await assert.rejects(fetching, /destroyed/);
  assert.equal(existsSync(file), false);
});
