import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { v7 } from 'uuid';
import { environment } from '../../shared/deployment/declaration.ts';
import { allServersIndex, instanceKey, secondsOf } from '../../shared/objects/instance.ts';
import type { TestCloud } from '../support/cloud.ts';
import type { Target } from './target.ts';

/** Gives a function that puts as many copies of a server's record beside it, each a second older: lists see servers, nobody runs them. */
export async function addCopies(cloud: TestCloud, { project }: Target, id: string): Promise<(count: number) => Promise<void>> {
  const TableName = cloud.environmentOf('nova-api')[environment.table('nova')]!;
  const store = DynamoDBDocumentClient.from(new DynamoDBClient({
    endpoint: cloud.aws.AWS_ENDPOINT_URL_DYNAMODB, region: cloud.aws.AWS_REGION, credentials: { accessKeyId: cloud.aws.AWS_ACCESS_KEY_ID, secretAccessKey: cloud.aws.AWS_SECRET_ACCESS_KEY },
  }));
  const { Item } = await store.send(new GetCommand({ TableName, Key: instanceKey(project, id) }));
  const text = JSON.stringify(Item);
  const created: string = Item!['gsi1sk'].slice(0, -id.length - 1);
  let made = Date.parse(created);
  return async (count) => {
    for (let left = count; left > 0; left -= 25) {
      const puts = Array.from({ length: Math.min(25, left) }, () => {
        const at = secondsOf(new Date((made -= 1000)));
        const uuid = v7({ msecs: made });
        const copy = JSON.parse(text.replaceAll(id, uuid).replaceAll(created, at)) as Record<string, unknown>;
        return { PutRequest: { Item: { ...copy, ...allServersIndex(uuid, at) } } };
      });
      await store.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
    }
  };
}
