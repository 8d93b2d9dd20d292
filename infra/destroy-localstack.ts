/** Takes the deployment away from the LocalStack on this machine, with its data. usage: npm run destroy:localstack */
import { S3Client } from '@aws-sdk/client-s3';
import { DeleteParametersCommand, GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { updateClouds } from './clouds.ts';
import { runCdk } from './command.ts';
import { dataFolder, outputsFile, readOutputs } from './localstack-outputs.ts';
import { stacks } from './names.ts';
import { clientSettings, localstackEnvironment, requireLocalstack } from './localstack.ts';
import { emptyBucket } from './operator/buckets.ts';

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
  await forgetTokens();
  rmSync(outputsFile, { force: true });
  updateClouds(resolve(dataFolder, 'clouds.yaml'), { 'novaless-localstack': undefined, 'novaless-localstack-admin': undefined });
}

/** The services' tokens: keystone writes them, the stack knows nothing of them. */
export async function forgetTokens(): Promise<void> {
  const ssm = new SSMClient(clientSettings);
  const { Parameters = [] } = await ssm.send(new GetParametersByPathCommand({ Path: '/novaless/service-token', Recursive: true }));
  if (Parameters.length > 0) await ssm.send(new DeleteParametersCommand({ Names: Parameters.map(({ Name }) => Name!) }));
}

if (import.meta.main) await destroy((line) => console.log(line));
