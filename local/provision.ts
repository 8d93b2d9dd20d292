import { awsJson, ServiceError } from './aws-json.ts';
import type { Deployment } from './deployment.ts';
import type { Engines } from './engines/engines.ts';
import type { Resolved } from './template.ts';

/** Makes the deployment's tables, queues and buckets where they aren't there yet; data that is there stays. */
export async function provision(deployment: Pick<Deployment, 'tables' | 'queues' | 'buckets'>, engines: Omit<Engines, 'stop'>) {
  const deadLetters = deployment.queues.filter(({ properties }) => !properties['RedrivePolicy']);
  const others = deployment.queues.filter(({ properties }) => properties['RedrivePolicy']);
  await Promise.all([
    ...deployment.tables.map((table) => createTable(table, engines.dynamodb.endpoint)),
    ...deployment.buckets.map(({ name }) => fetch(`${engines.s3.endpoint}/${name}`, { method: 'PUT' })),
    Promise.all(deadLetters.map((queue) => createQueue(queue, engines.sqs.endpoint))).then(() => Promise.all(others.map((queue) => createQueue(queue, engines.sqs.endpoint)))),
  ]);
}

async function createTable({ name, properties }: Resolved, endpoint: string) {
  const call = (operation: string, body: object) => awsJson(endpoint, 'DynamoDB_20120810', operation, { TableName: name, ...body });
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes, StreamSpecification, TimeToLiveSpecification } = properties;
  const created = await ignoring('ResourceInUseException', call('CreateTable', {
    AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes, BillingMode: 'PAY_PER_REQUEST',
    ...(StreamSpecification && { StreamSpecification: { StreamEnabled: true, ...StreamSpecification } }),
  }));
  if (created && TimeToLiveSpecification) await call('UpdateTimeToLive', { TimeToLiveSpecification });
}

async function createQueue({ name, properties }: Resolved, endpoint: string) {
  const { QueueName: _, RedrivePolicy, Tags: __, SqsManagedSseEnabled: ___, RedriveAllowPolicy: ____, ...rest } = properties;
  const Attributes: Record<string, string> = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, String(value)]));
  if (RedrivePolicy) Attributes['RedrivePolicy'] = JSON.stringify(RedrivePolicy);
  const created = await ignoring('QueueNameExists', awsJson(endpoint, 'AmazonSQS', 'CreateQueue', { QueueName: name, Attributes }));
  if (!created) await awsJson(endpoint, 'AmazonSQS', 'SetQueueAttributes', { QueueUrl: `${endpoint}/000000000000/${name}`, Attributes });
}

async function ignoring<T>(type: string, promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ServiceError && error.type === type) return undefined;
    throw error;
  }
}
