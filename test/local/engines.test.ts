import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { awsJson } from '../../local/aws-json.ts';
import { startDynamoDb } from '../../local/engines/dynamodb.ts';
import { startInWorker } from '../../local/engines/worker.ts';
import { temporaryFolder } from './tiny-cloud.ts';

const engineHost = new URL('engine-host.ts', import.meta.url);

/** Runs the engines in a process of its own, works with them, and kills it with -9. */
async function untilKilled(folder: string, work: (endpoints: Record<'dynamodb' | 'sqs' | 's3', string>) => Promise<void>) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', engineHost.pathname, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.once('exit', done));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (text) => resolve(String(text)));
    child.once('exit', () => reject(new Error('the engines did not start')));
  });
  const endpoints = JSON.parse(line);
  try {
    await work(endpoints);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
  return endpoints as Record<'dynamodb' | 'sqs' | 's3', string>;
}

test('nothing that was acknowledged is lost when the process is killed with -9, and no engine outlives it', async (t) => {
  const folder = temporaryFolder(t);
  const table = { TableName: 'table', KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }], AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }], BillingMode: 'PAY_PER_REQUEST' };
  const total = 200;
  const before = await untilKilled(folder, async ({ dynamodb, sqs, s3 }) => {
    await awsJson(dynamodb, 'DynamoDB_20120810', 'CreateTable', table);
    await awsJson(sqs, 'AmazonSQS', 'CreateQueue', { QueueName: 'dead' });
    await awsJson(sqs, 'AmazonSQS', 'CreateQueue', { QueueName: 'q', Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead', maxReceiveCount: 2 }) } });
    await fetch(`${s3}/b`, { method: 'PUT' });
    await Promise.all(Array.from({ length: total }, async (_, index) => {
      await awsJson(dynamodb, 'DynamoDB_20120810', 'PutItem', { TableName: 'table', Item: { pk: { S: String(index) } } });
      await awsJson(sqs, 'AmazonSQS', 'SendMessage', { QueueUrl: `${sqs}/000000000000/q`, MessageBody: String(index), MessageGroupId: 'g' });
      await fetch(`${s3}/b/${index}`, { method: 'PUT', body: String(index) });
    }));
    // Some are being worked on, one was given back, when all ends.
    const { Messages } = await awsJson(sqs, 'AmazonSQS', 'ReceiveMessage', { QueueUrl: `${sqs}/000000000000/q`, MaxNumberOfMessages: 10 });
    await awsJson(sqs, 'AmazonSQS', 'ChangeMessageVisibility', { QueueUrl: `${sqs}/000000000000/q`, ReceiptHandle: Messages[0].ReceiptHandle, VisibilityTimeout: 0 });
  });
  await new Promise((done) => setTimeout(done, 300));
  for (const endpoint of Object.values(before)) await assert.rejects(fetch(endpoint), `${endpoint} is still there`);

  await untilKilled(folder, async ({ dynamodb, sqs, s3 }) => {
    const { Count } = await awsJson(dynamodb, 'DynamoDB_20120810', 'Scan', { TableName: 'table', Select: 'COUNT' });
    assert.equal(Count, total);
    const bodies = new Set<string>();
    for (;;) {
      const { Messages = [] } = await awsJson(sqs, 'AmazonSQS', 'ReceiveMessage', { QueueUrl: `${sqs}/000000000000/q`, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'] });
      if (!Messages.length) break;
      for (const { Body, Attributes } of Messages) {
        bodies.add(Body);
        assert.equal(Attributes.MessageGroupId, 'g');
      }
    }
    assert.equal(bodies.size, total, 'those that were being worked on are there again at once');
    for (let index = 0; index < total; index++) assert.equal(await (await fetch(`${s3}/b/${index}`)).text(), String(index));
  });
});

test('the S3 engine answers the SDK: any key, streams of unknown length, ranges, lists, missing objects', async (t) => {
  const engine = await startInWorker(new URL('../../local/engines/s3.ts', import.meta.url), { folder: temporaryFolder(t) });
  t.after(engine.stop);
  const s3 = new S3Client({ endpoint: engine.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
  t.after(() => s3.destroy());
  const Bucket = 'things';
  await s3.send(new CreateBucketCommand({ Bucket }));
  const keys = ['plain', 'a/b/c.log', 'with space & <ünïcode> "+', `long-${'x'.repeat(300)}`];
  for (const Key of keys) {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: `text of ${Key}`, ContentType: 'text/plain', Metadata: { some: 'thing' } }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
    assert.equal(await got.Body!.transformToString(), `text of ${Key}`);
    assert.equal(got.ContentType, 'text/plain');
    assert.deepEqual(got.Metadata, { some: 'thing' });
  }
  assert.deepEqual((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents!.map(({ Key }) => Key), keys.toSorted());
  const firstPage = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2 }));
  const secondPage = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: firstPage.NextContinuationToken }));
  assert.equal(firstPage.Contents!.length + secondPage.Contents!.length, keys.length);
  const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'plain', Range: 'bytes=5-6' }));
  assert.equal(await part.Body!.transformToString(), 'of');
  assert.equal(part.ContentRange, 'bytes 5-6/13');
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: 'plain', Range: 'bytes=50-' })), { name: 'InvalidRange' });
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: 'absent' })), { name: 'NoSuchKey' });
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: 'absent' })), { name: 'NotFound' });
  await assert.rejects(s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: 'x', IfNoneMatch: '*' })), { name: 'PreconditionFailed' });
  await assert.rejects(s3.send(new PutObjectCommand({ Bucket: 'absent', Key: 'x', Body: 'x' })), { name: 'NoSuchBucket' });
  await s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: Buffer.alloc(0) }));
  assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: 'plain' }))).ContentLength, 0);
  assert.equal(await (await s3.send(new GetObjectCommand({ Bucket, Key: 'plain' }))).Body!.transformToString(), '');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'plain' }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'plain' }));
});

test('DynamoDB comes back by itself on the same port when its process dies', async (t) => {
  const folder = temporaryFolder(t);
  const engine = await startDynamoDb({ dataDir: folder, log: `${folder}/log` });
  t.after(engine.stop);
  await awsJson(engine.endpoint, 'DynamoDB_20120810', 'CreateTable', { TableName: 'table', KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }], AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }], BillingMode: 'PAY_PER_REQUEST' });
  process.kill(-engine.pid!(), 'SIGKILL');
  const deadline = Date.now() + 10_000;
  for (;;) {
    const names = await awsJson(engine.endpoint, 'DynamoDB_20120810', 'ListTables', {}).then(({ TableNames }) => TableNames, () => undefined);
    if (names) { assert.deepEqual(names, ['table']); break; }
    assert.ok(Date.now() < deadline);
    await new Promise((done) => setTimeout(done, 50));
  }
});

test('an engine whose port somebody took while it was starting takes another one; one that cannot start for another reason is told at once', async () => {
  const engine = (starts: string) => new URL(`data:text/javascript,${encodeURIComponent(`
    import { parentPort, workerData } from 'node:worker_threads';
    const ports = workerData.ports;
    if (${starts}) throw Object.assign(new Error('refused'), { code: workerData.code });
    parentPort.on('message', () => process.exit()).postMessage('ready');`)}`);
  const tries = new Int32Array(new SharedArrayBuffer(4));
  const started = await startInWorker(engine('Atomics.add(ports, 0, 1) < 2'), { ports: tries, code: 'EADDRINUSE' });
  assert.equal(tries[0], 3);
  await started.stop();
  await assert.rejects(startInWorker(engine('Atomics.add(ports, 0, 1) < 9'), { ports: tries, code: 'EACCES' }), { code: 'EACCES' });
  assert.equal(tries[0], 4);
});
