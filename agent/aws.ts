import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AgentConfig } from '../shared/agent/config.ts';
import { lean } from '../shared/aws/lean.ts';
import { hostCredentials } from './credentials.ts';

export interface Aws { journal: DynamoDBClient; sqs: SQSClient; s3: S3Client }

/** One set of clients for all the hosts of a process. A host that is cut off finds out in seconds and tries again by itself. */
export function awsClients({ region, endpoints = {} }: AgentConfig): Aws {
  const common = { region, credentials: hostCredentials, maxAttempts: 3, requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000 } };
  return {
    journal: lean(DynamoDBClient, { ...common, endpoint: endpoints.dynamodb }),
    sqs: lean(SQSClient, { ...common, endpoint: endpoints.sqs, useQueueUrlAsEndpoint: !endpoints.sqs, md5: false }), // the signature holds the message already
    // Buckets as host names resolve only on AWS.
    s3: lean(S3Client, { ...common, endpoint: endpoints.s3, forcePathStyle: endpoints.s3 !== undefined }),
  };
}
