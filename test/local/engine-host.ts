// For a test that kills it: the engines on a data folder; prints their endpoints.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startEngines } from '../../local/engines/engines.ts';

const folder = process.argv[2]!;
mkdirSync(join(folder, 'logs'), { recursive: true });
const { dynamodb, sqs, s3 } = await startEngines(folder);
console.log(JSON.stringify({ dynamodb: dynamodb.endpoint, sqs: sqs.endpoint, s3: s3.endpoint }));
