import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { test, type TestContext } from 'node:test';
import type { IncomingMessage } from 'node:http';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '@smithy/core/checksum';
import { serveOnLoopback } from '../../local/loopback.ts';
import { lean } from './lean.ts';

/** An endpoint that keeps what it was asked. */
async function listening(t: TestContext) {
  const asked: { headers: IncomingMessage['headers']; body: Buffer }[] = [];
  const server = await serveOnLoopback(async (request, response) => {
    asked.push({ headers: request.headers, body: Buffer.concat(await request.toArray()) });
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
  });
  t.after(() => server.stop());
  return { asked, endpoint: server.endpoint };
}

test('each request is signed as AWS expects it, with the credentials of the moment', async (t) => {
  const { asked, endpoint } = await listening(t);
  const expiration = new Date(Date.now() + 1000); // so they are asked for again each time
  const [first, ...others] = [
    { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', expiration },
    { accessKeyId: 'ASIANEXT', secretAccessKey: 'another secret', sessionToken: 'of a session', expiration },
    { accessKeyId: 'ASIALAST', secretAccessKey: 'a third', sessionToken: 'of the next', expiration },
  ];
  let credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration: Date } = first!;
  const region = 'eu-central-1';
  const client = lean(DynamoDBClient, { endpoint, region, credentials: async () => credentials });
  for (credentials of [first!, first!, ...others, first!]) {
    await client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'ü€' } } }));
    const { headers, body } = asked.at(-1)!;
    assert.equal(headers['x-amz-security-token'], credentials.sessionToken);
    const names = /SignedHeaders=([^,]+)/.exec(headers.authorization!)![1]!.split(';').filter((name) => !/^x-amz-(date|security-token)$/.test(name));
    assert.ok(names.includes('x-amz-target') && names.includes('host'));
    const signingDate = new Date(String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
    const request = new HttpRequest({ method: 'POST', path: '/', headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])), body });
    const again = await new SignatureV4({ credentials, region, service: 'dynamodb', sha256: Sha256, applyChecksum: false }).sign(request, { signingDate });
    assert.equal(headers.authorization, again.headers['authorization']);
  }
});

test('requests side by side each reach their own queue with their own message', async (t) => {
  const { asked, endpoint } = await listening(t);
  const client = lean(SQSClient, { endpoint, region: 'us-east-1', md5: false, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
  await Promise.all(Array.from({ length: 20 }, (_, i) => client.send(new SendMessageCommand({ QueueUrl: `${endpoint}/1/q${i}`, MessageBody: `m${i}` }))));
  const told = asked.map(({ body }) => JSON.parse(body.toString()) as { QueueUrl: string; MessageBody: string });
  assert.deepEqual(told.map(({ QueueUrl, MessageBody }) => [QueueUrl, MessageBody]).sort(), Array.from({ length: 20 }, (_, i) => [`${endpoint}/1/q${i}`, `m${i}`]).sort());
});

test('a request does not pay for copies of a slow configuration', async (t) => {
  const { endpoint } = await listening(t);
  setFlagsFromString('--allow-natives-syntax');
  const isFast = new Function('object', 'return %HasFastProperties(object)') as (object: object) => boolean;
  const settings = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  const client = lean(DynamoDBClient, settings);
  for (let i = 0; i < 3; i++) await client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'a' } } }));
  assert.equal(isFast(client.config), true, 'it was made fast, and what requests change in it did not make it slow');
  assert.equal(isFast(new DynamoDBClient(settings).config), false, 'where the SDK does it by itself, lean.ts need not');
});
