import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { bundle } from '../../infra/bundle.ts';
import { functions } from '../../infra/functions.ts';
import { traced } from '../../infra/trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'novaless-bundle-'));
after(() => rmSync(folder, { recursive: true }));
const declaration = [{ name: 'probe', entry: 'test/infra/probe-function.ts', uses: [] }];

test('a deployment replaces only what changed: bundling twice gives the same bytes', async () => {
  const [first] = await bundle(declaration, join(folder, 'first'));
  const [second] = await bundle(declaration, join(folder, 'second'));
  assert.ok(readFileSync(join(first!.folder, 'index.mjs')).equals(readFileSync(join(second!.folder, 'index.mjs'))));
});

test('a function runs from its bundle alone: the AWS SDK and CommonJS packages are inside', async () => {
  const [built] = await bundle(declaration, join(folder, 'alone'));
  const { handler } = await import(join(built!.folder, 'index.mjs'));
  assert.deepEqual(await handler(), { sdk: 'function', commonjs: true });
  const text = readFileSync(join(built!.folder, 'index.mjs'), 'utf8');
  assert.doesNotMatch(text, /from\s*"@aws-sdk/);
});

test("errors keep their names through the minifier: ours by their classes, AWS's that have lost theirs by what AWS says", async () => {
  const [built] = await bundle(declaration, join(folder, 'names'));
  const { errorNames } = await import(join(built!.folder, 'index.mjs'));
  const aws = createServer((request, response) => {
    const ssm = String(request.headers['x-amz-target']).startsWith('AmazonSSM');
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(ssm ? { __type: 'InvalidInstanceId', message: 'no such host' } : { __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'no such queue' }));
  });
  await new Promise<void>((listening) => aws.listen(0, '127.0.0.1', listening));
  after(() => aws.close());
  assert.deepEqual(await errorNames(`http://127.0.0.1:${(aws.address() as { port: number }).port}`), {
    ours: 'Unhappy',
    jose: 'JWSInvalid',
    ssm: { name: 'InvalidInstanceId', message: 'no such host', fault: 'client', status: 400 },
    sqs: { name: 'QueueDoesNotExist', message: 'no such queue', fault: 'client', status: 400 },
  });
});

test("an error's trace in a log leads to the line in the sources, although no source map is deployed", async () => {
  const [built] = await bundle(declaration, join(folder, 'traced'));
  const { fail } = await import(join(built!.folder, 'index.mjs'));
  const { stack } = assertThrows(fail);
  assert.match(stack!, /index\.mjs:\d+:\d+/);
  const lines = readFileSync('test/infra/probe-function.ts', 'utf8').split('\n');
  const place = /probe-function\.ts:(\d+):/.exec(await traced(stack!, declaration[0]!));
  assert.match(lines[Number(place![1]) - 1]!, /throw new Error/);
});

test('a cold start loads little: no bundle is above its limit, and none carries what no function uses', async () => {
  const bundles = await bundle(functions, join(folder, 'all'));
  const large = bundles.filter(({ size }) => size > limit);
  assert.deepEqual(large.map(({ name, size }) => `${name}: ${size} bytes`), []);
  const carrying = (part: RegExp) => bundles.filter(({ folder }) => part.test(readFileSync(join(folder, 'index.mjs'), 'utf8'))).map(({ name }) => name);
  assert.deepEqual(carrying(/sso-oidc/), [], 'credentials that a function never has');
  assert.deepEqual(carrying(/import\("node:http"\)|from"node:http"/), [], 'an import of node:http loads undici');
});

/** Bytes that a cold start reads. */
const limit = 500_000;

function assertThrows(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

test('a function whose entry is missing is never deployed empty: the bundling stops and names it', async () => {
  await assert.rejects(bundle([{ name: 'gone', entry: 'functions/gone/http.ts', uses: [] }], join(folder, 'gone')), /functions\/gone\/http\.ts/);
});
