/** Takes the deployment away from the LocalStack on this machine, with its data. usage: npm run destroy:localstack */
import { S3Client } from '@aws-sdk/client-s3';
import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { updateClouds } from './clouds.ts';
import { runCdk } from './command.ts';
import { dataFolder, outputsFile, readOutputs } from './localstack-outputs.ts';
import { stacks } from './names.ts';
import { clientSettings, localstackEnvironment, requireLocalstack } from './localstack.ts';
import { emptyBucket } from './operator/buckets.ts';
import { deleteServiceTokens } from './operator/service-tokens.ts';

/** Where the last deployment was synthesized. */
const assembly = resolve(import.meta.dirname, '../cdk.out');

export async function destroy(show: (line: string) => void): Promise<void> {
  await requireLocalstack();
  if (existsSync(outputsFile)) {
    const { ImagesBucketName, ConsolesBucketName } = readOutputs();
    const s3 = new S3Client({ ...clientSettings, forcePathStyle: true });
    for (const bucket of [ImagesBucketName, ConsolesBucketName]) await emptyBucket(s3, bucket); // a bucket that holds something is not deleted
  }
  const made = existsSync(assembly) ? ['--app', assembly] : ['--context', 'keepData=false']; // what was deployed need not be built again
  await runCdk(['destroy', stacks.hosts, stacks.controlPlane, '--force', ...made], { environment: localstackEnvironment(), seconds: 300, show });
  await deleteServiceTokens(clientSettings, '/novaless'); // the parameter ParameterPath has this default
  rmSync(outputsFile, { force: true });
  updateClouds(resolve(dataFolder, 'clouds.yaml'), { 'novaless-localstack': undefined, 'novaless-localstack-admin': undefined });
}

if (import.meta.main) await destroy((line) => console.log(line));
