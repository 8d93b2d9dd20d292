import { join } from 'node:path';
import type { Engine } from './child.ts';
import { startDynamoDb } from './dynamodb.ts';
import { startInWorker, type ThreadEngine } from './worker.ts';

export interface Engines {
  dynamodb: Engine;
  sqs: ThreadEngine;
  s3: Engine;
  stop(): Promise<void>;
}

/** DynamoDB, SQS and S3 on loopback, with their data in `dataDir`. */
export async function startEngines(dataDir: string): Promise<Engines> {
  const starting = [
    startDynamoDb({ dataDir, log: join(dataDir, 'logs/dynamodb.log') }),
    startInWorker(new URL('sqs.ts', import.meta.url), { folder: join(dataDir, 'sqs') }),
    startInWorker(new URL('s3.ts', import.meta.url), { folder: join(dataDir, 's3') }),
  ] as const;
  try {
    const [dynamodb, sqs, s3] = await Promise.all(starting);
    return { dynamodb, sqs, s3, stop: async () => void (await Promise.all([dynamodb.stop(), sqs.stop(), s3.stop()])) };
  } catch (error) {
    for (const engine of await Promise.allSettled(starting)) if (engine.status === 'fulfilled') await engine.value.stop();
    throw error;
  }
}
