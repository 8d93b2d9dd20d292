import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { awsJson } from '../../local/aws-json.ts';
import type { Rig } from './rig.ts';

type Send = (this: unknown, ...args: unknown[]) => Promise<unknown>;
const clients = [DynamoDBClient, S3Client, SQSClient] as unknown as { prototype: { send: Send } }[];

/**
 * Runs work that dies at its n-th request to AWS: before it, or right after it; nothing that comes later is done either.
 * Returns how many requests were begun.
 */
export async function dyingAt(nth: number, when: 'before' | 'after', work: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  const originals = clients.map(({ prototype }) => prototype.send);
  for (const [i, { prototype }] of clients.entries()) {
    prototype.send = async function (...args) {
      const call = ++calls;
      if (nth && (call > nth || (call === nth && when === 'before'))) throw new Error('died');
      const answer = await originals[i]!.apply(this, args);
      if (call === nth) throw new Error('died');
      return answer;
    };
  }
  try {
    await work().catch(() => {});
    return calls;
  } finally {
    for (const [i, { prototype }] of clients.entries()) prototype.send = originals[i]!;
  }
}

type Attributes = Record<string, any>;

/** All items of a service's table, as DynamoDB types them. */
export async function itemsOf(rig: Rig, table: string): Promise<Attributes[]> {
  return (await awsJson<{ Items: Attributes[] }>(rig.engines.dynamodb.endpoint, 'DynamoDB_20120810', 'Scan', { TableName: table, ConsistentRead: true })).Items;
}

/** Lets every deadline and lease pass; what has lived out its time is gone, as DynamoDB's time to live does it. */
export async function passTime(rig: Rig, table: string): Promise<void> {
  const call = (operation: string, body: object) => awsJson(rig.engines.dynamodb.endpoint, 'DynamoDB_20120810', operation, { TableName: table, ...body });
  const long = { S: new Date(0).toISOString() };
  for (const item of await itemsOf(rig, table)) {
    const Key = { pk: item['pk'], sk: item['sk'] };
    if (item['expires_at']) await call('DeleteItem', { Key });
    else if (item['due_at'] || item['lease_until']) {
      const pending = item['pending'] && { pending: { M: Object.fromEntries(Object.entries<Attributes>(item['pending'].M).map(([id, entry]) => [id, { M: { ...entry['M'], at: long } }])) } };
      await call('PutItem', { Item: { ...item, ...(item['due_at'] && { due_at: long }), ...(item['lease_until'] && { lease_until: long }), ...pending } });
    }
  }
}
