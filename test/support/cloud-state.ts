import assert from 'node:assert/strict';
import { awsJson } from '../../local/aws-json.ts';
import { environment, tableNames } from '../../shared/deployment/declaration.ts';
import type { TestCloud } from './cloud.ts';
import { eventually } from './eventually.ts';

/** No message waits, or is at work. */
export async function quiet(cloud: TestCloud): Promise<void> {
  const queues = [...new Set(['nova-api-rpc', 'nova-scheduler', 'nova-conductor', 'nova-compute', 'nova-compute-reports'].flatMap((name) =>
    Object.entries(cloud.environmentOf(name)).filter(([variable]) => variable.startsWith('QUEUE_')).map(([, url]) => url)))];
  await eventually(async () => {
    for (const QueueUrl of queues) {
      const { Attributes } = await awsJson<{ Attributes: Record<string, string> }>(cloud.aws.AWS_ENDPOINT_URL_SQS, 'AmazonSQS', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
      for (const name of ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessagesDelayed']) assert.equal(Attributes[name], '0', `${QueueUrl} ${name}`);
    }
  }, 60);
  await new Promise((done) => setTimeout(done, 1000)); // what was not waited for ends
}

const owners = { keystone: 'keystone', nova: 'nova-conductor', 'nova-compute': 'nova-compute', glance: 'glance-api', neutron: 'neutron-server', cinder: 'cinder-api' } as const;

/** Every record of the services that a server leaves traces in. */
export async function everything(cloud: TestCloud): Promise<Map<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  for (const name of tableNames.filter((each) => each !== 'keystone')) {
    const TableName = cloud.environmentOf(owners[name])[environment.table(name)]!;
    let ExclusiveStartKey: unknown;
    do {
      const page = await awsJson<{ Items: Record<string, { S?: string }>[]; LastEvaluatedKey?: unknown }>(cloud.aws.AWS_ENDPOINT_URL_DYNAMODB, 'DynamoDB_20120810', 'Scan', { TableName, ExclusiveStartKey });
      for (const item of page.Items) found.set(`${name} ${item['pk']!.S}/${item['sk']!.S}`, item);
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }
  return found;
}
