import { type AttributeValue, BatchWriteItemCommand, type DynamoDBClient, paginateScan, type WriteRequest } from '@aws-sdk/client-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { tableSchema } from '../../shared/deployment/declaration.ts';

type Item = Record<string, AttributeValue>;

const BATCH = 25; // what BatchWriteItem takes
const keyOf = ({ [tableSchema.partitionKey]: pk, [tableSchema.sortKey]: sk }: Item): Item => ({ [tableSchema.partitionKey]: pk!, [tableSchema.sortKey]: sk! });
const nameOf = (item: Item) => JSON.stringify([item[tableSchema.partitionKey]!.S, item[tableSchema.sortKey]!.S]);

export interface Mirrored { items: number; written: number; deleted: number }

/**
 * Makes a table hold exactly what another one of the same shape holds, writing only what differs. Nobody else may write to either meanwhile.
 * Where it was cut off, it may be begun again.
 */
export async function mirrorTable(client: DynamoDBClient, from: string, to: string): Promise<Mirrored> {
  const wanted = new Map<string, Item>();
  for await (const page of paginateScan({ client }, { TableName: from, ConsistentRead: true })) for (const item of page.Items ?? []) wanted.set(nameOf(item), item);
  const writes: WriteRequest[] = [];
  const done: Mirrored = { items: wanted.size, written: 0, deleted: 0 };
  for await (const page of paginateScan({ client }, { TableName: to, ConsistentRead: true })) {
    for (const item of page.Items ?? []) {
      const name = nameOf(item);
      const other = wanted.get(name);
      if (!other) {
        writes.push({ DeleteRequest: { Key: keyOf(item) } });
        done.deleted++;
      } else if (isDeepStrictEqual(item, other)) wanted.delete(name);
    }
  }
  done.written = wanted.size;
  for (const Item of wanted.values()) writes.push({ PutRequest: { Item } });
  for (let i = 0; i < writes.length; i += BATCH) await writeAll(client, to, writes.slice(i, i + BATCH));
  return done;
}

async function writeAll(client: DynamoDBClient, table: string, batch: WriteRequest[]): Promise<void> {
  for (let left = batch, attempt = 1; left.length > 0; attempt++) {
    const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: left } }));
    left = UnprocessedItems?.[table] ?? [];
    if (left.length === 0) return;
    if (attempt >= 12) throw new Error(`DynamoDB leaves writes to ${table} undone; begin again`);
    await sleep(Math.random() * 50 * 2 ** Math.min(attempt, 7));
  }
}
