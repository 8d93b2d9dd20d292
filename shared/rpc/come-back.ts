import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { lean } from '../aws/lean.ts';
import { environment, type QueueName } from '../deployment/declaration.ts';
import { requireEnv } from '../environment.ts';
import { factsOf, log } from '../telemetry/log.ts';

const BACKOFF = [1, 5, 25]; // seconds after the first, second, third failure: a blip costs seconds
let client: SQSClient | undefined;

/** A message that failed is to be had again soon, not when its visibility timeout has passed. */
export async function comeBackSoon(queue: QueueName, { receiptHandle, attributes }: SQSRecord, backoff: readonly number[] = BACKOFF): Promise<void> {
  client ??= lean(SQSClient, {});
  const VisibilityTimeout = backoff[Math.min(Number(attributes.ApproximateReceiveCount), backoff.length) - 1]!;
  await client
    .send(new ChangeMessageVisibilityCommand({ QueueUrl: requireEnv(environment.queue(queue)), ReceiptHandle: receiptHandle, VisibilityTimeout }))
    .catch((error: unknown) => log.warn('visibility not set', factsOf(error))); // it comes back by itself, only later
}
