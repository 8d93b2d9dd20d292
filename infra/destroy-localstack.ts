/** Takes the deployment away from the LocalStack on this machine, with its data. usage: npm run destroy:localstack */
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { updateClouds } from './clouds.ts';
import { runCdk } from './command.ts';
import { dataFolder, outputsFile, readOutputs, stackName } from './localstack-outputs.ts';
import { clientSettings, localstackEnvironment, requireLocalstack } from './localstack.ts';

/** Where the last deployment was synthesized. */
const assembly = resolve(import.meta.dirname, '../cdk.out');

export async function destroy(show: (line: string) => void): Promise<void> {
  await requireLocalstack();
  if (existsSync(outputsFile)) {
    const { ImagesBucketName, ConsolesBucketName } = readOutputs();
    for (const bucket of [ImagesBucketName, ConsolesBucketName]) await emptyBucket(bucket); // a bucket that holds something is not deleted
  }
  const made = existsSync(assembly) ? ['--app', assembly] : ['--context', 'keepData=false']; // what was deployed need not be built again
  await runCdk(['destroy', stackName, '--force', ...made], { environment: localstackEnvironment(), seconds: 300, show });
  rmSync(outputsFile, { force: true });
  updateClouds(resolve(dataFolder, 'clouds.yaml'), { 'novaless-localstack': undefined, 'novaless-localstack-admin': undefined });
}

async function emptyBucket(bucket: string): Promise<void> {
  const s3 = new S3Client({ ...clientSettings, forcePathStyle: true });
  for (;;) {
    const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket })).catch((error: Error) => {
      if (error.name === 'NoSuchBucket') return { Contents: [] };
      throw error;
    });
    if (objects.length === 0) return;
    await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects.map(({ Key }) => ({ Key })), Quiet: true } }));
  }
}

if (import.meta.main) await destroy((line) => console.log(line));
