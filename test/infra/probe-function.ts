import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { compactVerify } from 'jose';
import { validator } from '../../shared/http/validate.ts';

/** Stands for a function in the bundling's tests: imports from the AWS SDK, one of a CommonJS package. */
export const handler = async () => ({ sdk: typeof new GetItemCommand({ TableName: 't', Key: {} }).resolveMiddleware, commonjs: validator({ type: 'string' } as never)('x') });

export function fail(): never {
  throw new Error('as it should');
}

class Unhappy extends Error {}

/** Errors as logs and faults name them; `endpoint` answers for AWS, with errors. */
export async function errorNames(endpoint: string) {
  const connection = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 's' } };
  const of = async (asked: Promise<unknown>) => asked.then(() => undefined, ({ name, message, $fault, $metadata }) => ({ name, message, fault: $fault, status: $metadata.httpStatusCode }));
  return {
    ours: new Unhappy().constructor.name,
    jose: await compactVerify('no', new Uint8Array()).catch(({ name }) => name),
    ssm: await of(new SSMClient(connection).send(new SendCommandCommand({ DocumentName: 'd', InstanceIds: ['mi-1'] }))),
    sqs: await of(new SQSClient(connection).send(new ListQueuesCommand({}))),
  };
}
