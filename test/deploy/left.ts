import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { clientSettings } from '../../infra/localstack.ts';

/** What keeps data or runs in the account: `table NAME`, `function NAME`, `bucket NAME`, `queue URL`, `parameter NAME`. */
export async function leftOnLocalstack(): Promise<string[]> {
  const [tables, functions, buckets, queues, parameters] = await Promise.all([
    new DynamoDBClient(clientSettings).send(new ListTablesCommand({})).then(({ TableNames = [] }) => TableNames),
    new LambdaClient(clientSettings).send(new ListFunctionsCommand({})).then(({ Functions = [] }) => Functions.map(({ FunctionName }) => FunctionName)),
    new S3Client({ ...clientSettings, forcePathStyle: true }).send(new ListBucketsCommand({})).then(({ Buckets = [] }) => Buckets.map(({ Name }) => Name)),
    new SQSClient(clientSettings).send(new ListQueuesCommand({})).then(({ QueueUrls = [] }) => QueueUrls),
    new SSMClient(clientSettings).send(new DescribeParametersCommand({})).then(({ Parameters = [] }) => Parameters.map(({ Name }) => Name)),
  ]);
  return Object.entries({ table: tables, function: functions, bucket: buckets, queue: queues, parameter: parameters }).flatMap(([kind, names]) => names.map((name) => `${kind} ${name}`));
}
