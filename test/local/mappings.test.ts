import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awsJson } from '../../local/aws-json.ts';
import type { Cloud } from '../../local/cloud.ts';
import { consumedQueue, eventually, startTiny } from './tiny-cloud.ts';

const url = (cloud: Cloud, name: string) => `${cloud.aws.AWS_ENDPOINT_URL_SQS}/000000000000/${name}`;
const sqs = (cloud: Cloud, operation: string, body: object, queue = 'Queue') => awsJson(cloud.aws.AWS_ENDPOINT_URL_SQS, 'AmazonSQS', operation, { QueueUrl: url(cloud, queue), ...body });
const count = async (cloud: Cloud, queue: string) => {
  const { Attributes } = await sqs(cloud, 'GetQueueAttributes', { AttributeNames: ['All'] }, queue);
  return Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible);
};

/** Remembers its records in the module, for a look by direct invocation. */
const recorder = (decide: string) => `
  const seen = [];
  export async function handler(event) {
    if (!event.Records) return seen;
    seen.push(...event.Records.map((record) => ({ ...record, at: Date.now() })));
    ${decide}
  }`;

test('a sent message reaches its function at once, in the shape of an SQS event, and is then gone', async (t) => {
  const cloud = await startTiny(t, { consumer: { code: recorder('') } }, consumedQueue('consumer'), { limit: 1 });
  const attributes = { MessageAttributes: { kind: { DataType: 'String', StringValue: 'x' } }, MessageGroupId: 'project-1' };
  await sqs(cloud, 'SendMessage', { MessageBody: 'warm' });
  await eventually(async () => ((await cloud.invoke('consumer', {})) as unknown[]).length === 1);
  const latencies: number[] = [];
  for (let index = 0; index < 10; index++) {
    const sent = Date.now();
    await sqs(cloud, 'SendMessage', { MessageBody: String(index), ...attributes });
    const record = await eventually(async () => ((await cloud.invoke('consumer', {})) as any[]).find(({ body }) => body === String(index)));
    latencies.push(record.at - sent);
    assert.equal(record.attributes.MessageGroupId, 'project-1');
    assert.equal(record.attributes.ApproximateReceiveCount, '1');
    assert.deepEqual(record.messageAttributes.kind, { dataType: 'String', stringValue: 'x', stringListValues: [], binaryListValues: [] });
    assert.equal(record.eventSourceARN, 'arn:aws:sqs:us-east-1:000000000000:Queue');
  }
  t.diagnostic(`latencies ${latencies.join(' ')} ms`);
  assert.ok(latencies.sort((a, b) => a - b)[5]! < 1000);
  await eventually(async () => (await count(cloud, 'Queue')) === 0);
});

test('one bad message of a batch comes again alone and ends in the dead-letter queue; the good ones are done', async (t) => {
  const decide = `return { batchItemFailures: event.Records.filter(({ body }) => body === 'bad').map(({ messageId }) => ({ itemIdentifier: messageId })) };`;
  const cloud = await startTiny(t, { consumer: { code: recorder(decide) } }, consumedQueue('consumer', { visibility: 1, maxReceives: 2 }), { limit: 1 });
  await sqs(cloud, 'SendMessageBatch', { Entries: ['a', 'bad', 'b'].map((MessageBody, Id) => ({ Id: String(Id), MessageBody })) });
  await eventually(async () => (await count(cloud, 'DeadLetters')) === 1);
  const seen = ((await cloud.invoke('consumer', {})) as { body: string; attributes: Record<string, string> }[]).map(({ body, attributes }) => `${body}${attributes['ApproximateReceiveCount']}`);
  assert.deepEqual(seen.sort(), ['a1', 'b1', 'bad1', 'bad2']);
  assert.equal(await count(cloud, 'Queue'), 0);
});

test('messages that come while the function is busy go to it together', async (t) => {
  const code = `const batches = []; export async function handler(event) {
    if (!event.Records) return batches;
    batches.push(event.Records.map(({ body }) => body));
    if (batches.length === 1) await new Promise((done) => setTimeout(done, 1000));
  }`;
  const cloud = await startTiny(t, { consumer: { code } }, consumedQueue('consumer'), { limit: 1 });
  for (let index = 0; index < 10; index++) await sqs(cloud, 'SendMessage', { MessageBody: String(index) });
  const batches = await eventually(async () => {
    const seen = (await cloud.invoke('consumer', {})) as string[][];
    return seen.flat().length === 10 && seen;
  });
  assert.deepEqual(batches.flat().sort(), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  assert.ok(batches.length <= 3, `${batches.length} batches`); // one in work, one that waits for its end, and all that came meanwhile
});

test('messages of a function that crashes come back after their visibility timeout', async (t) => {
  const decide = `if (event.Records[0].attributes.ApproximateReceiveCount === '1') throw new Error('first time');`;
  const cloud = await startTiny(t, { consumer: { code: recorder(decide) } }, consumedQueue('consumer', { visibility: 1 }), { limit: 1 });
  await sqs(cloud, 'SendMessage', { MessageBody: 'x' });
  await eventually(async () => ((await cloud.invoke('consumer', {})) as unknown[]).length === 2);
  await eventually(async () => (await count(cloud, 'Queue')) === 0);
});

test('a message given back at once comes again at once', async (t) => {
  const cloud = await startTiny(t, { consumer: { code: recorder(`return { batchItemFailures: event.Records.map(({ messageId }) => ({ itemIdentifier: messageId })) };`) } }, consumedQueue('consumer', { visibility: 30 }), { limit: 1 });
  await sqs(cloud, 'SendMessage', { MessageBody: 'x' });
  const first = await eventually(async () => ((await cloud.invoke('consumer', {})) as { receiptHandle: string }[])[0]);
  await sqs(cloud, 'ChangeMessageVisibility', { ReceiptHandle: first.receiptHandle, VisibilityTimeout: 0 });
  await eventually(async () => ((await cloud.invoke('consumer', {})) as unknown[]).length === 2);
});

test('a message that is to wait reaches a function that waits for it when its time has come', async (t) => {
  const cloud = await startTiny(t, { consumer: { code: recorder('') } }, consumedQueue('consumer'), { limit: 1 });
  const sent = Date.now();
  await sqs(cloud, 'SendMessage', { MessageBody: 'later', DelaySeconds: 1 });
  const { at } = await eventually(async () => ((await cloud.invoke('consumer', {})) as { at: number }[])[0]);
  assert.ok(at - sent >= 1000, `${at - sent} ms`);
});

test('a hundred messages are worked on side by side, up to the mapping’s concurrency, and a test can have each delivered twice', async (t) => {
  const code = `let most = 0, busy = 0; export async function handler(event) { busy++; await new Promise((done) => setTimeout(done, 20)); busy--; }`;
  const running = { now: 0, most: 0, batches: 0 };
  const cloud = await startTiny(t, { consumer: { code } }, consumedQueue('consumer', { batchSize: 5, maxConcurrency: 3 }), {
    around: async (call, next) => {
      if (call.source !== 'sqs') return next(call.event);
      running.most = Math.max(running.most, ++running.now);
      running.batches++;
      await next(call.event);
      const outcome = await next(call.event);
      running.now--;
      return outcome;
    },
  });
  await Promise.all(Array.from({ length: 10 }, (_, batch) => sqs(cloud, 'SendMessageBatch', { Entries: Array.from({ length: 10 }, (_, index) => ({ Id: String(index), MessageBody: `${batch}-${index}` })) })));
  await eventually(async () => (await count(cloud, 'Queue')) === 0);
  assert.equal(running.most, 3);
  assert.ok(running.batches >= 20);
});
