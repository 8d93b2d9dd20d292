import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mirrorTable } from '../../infra/operator/mirror-table.ts';
import { startDynamoDb } from '../../local/engines/dynamodb.ts';

test('a restored table is what it was: what was changed or deleted is back, what is newer is gone, and nothing else is written', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'novaless-restore-'));
  const engine = await startDynamoDb({ dataDir, log: join(dataDir, 'log') });
  t.after(async () => {
    await engine.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const client = new DynamoDBClient({ endpoint: engine.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
  t.after(() => client.destroy());
  const documents = DynamoDBDocumentClient.from(client);
  for (const TableName of ['then', 'live']) {
    await client.send(new CreateTableCommand({
      TableName, BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }, { AttributeName: 'sk', KeyType: 'RANGE' }],
    }));
  }
  const put = (TableName: string, Item: { pk: string; sk: string; [more: string]: unknown }) => documents.send(new PutCommand({ TableName, Item }));
  const same = Array.from({ length: 60 }, (_, i) => ({ pk: `p${i % 7}`, sk: `s${i}`, data: { list: [i, 'x', null], deep: { yes: true } } }));
  for (const item of same) await Promise.all([put('then', item), put('live', item)]);
  await put('then', { pk: 'changed', sk: 'a', state: 'active' });
  await put('live', { pk: 'changed', sk: 'a', state: 'deleted' });
  for (let i = 0; i < 40; i++) await put('then', { pk: 'lost', sk: `${i}` });
  for (let i = 0; i < 30; i++) await put('live', { pk: 'newer', sk: `${i}` });
  assert.deepEqual(await mirrorTable(client, 'then', 'live'), { items: 101, written: 41, deleted: 30 });
  const all = async (TableName: string) => (await documents.send(new ScanCommand({ TableName }))).Items!.map((item) => JSON.stringify(item, Object.keys(item).sort())).sort();
  assert.deepEqual(await all('live'), await all('then'));
  assert.deepEqual(await mirrorTable(client, 'then', 'live'), { items: 101, written: 0, deleted: 0 });
});
