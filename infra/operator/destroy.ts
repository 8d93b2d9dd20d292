/**
 * Takes the deployment of an AWS account away. It says what it keeps, and asks.
 * usage: npm run destroy -- [--region NAME] [--profile NAME] [--yes]
 */
import { CloudFormationClient, GetTemplateCommand, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { DeleteParametersCommand, GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { parseArgs } from 'node:util';
import { updateClouds } from '../clouds.ts';
import { showCdk } from '../command.ts';
import { stacks } from '../names.ts';
import { command, isEmulator } from './advice.ts';
import { emptyBucket } from './buckets.ts';
import { awsTarget, controlPlane, type Deployed, deployedStack, invoker, place, type Target, targetOptions } from './target.ts';
import { ask } from './words.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { ...targetOptions, yes: { type: 'boolean', default: false } } });
  const target = await awsTarget(values);
  const deployed = await controlPlane(target);
  const [kept, hosts] = await Promise.all([
    keptResources(target),
    (invoker(target, deployed)('nova-compute-manage', { command: 'list' }) as Promise<{ hosts: { host: string }[] }>).then((answer) => answer.hosts.map(({ host }) => host), () => []),
  ]);
  console.log(`This takes Novaless away from ${place(target)}: ${deployed.outputs['PublicEndpoint']} answers no more.\n`);
  if (hosts.length > 0) console.log(`hosts      ${hosts.join(', ')} are still enrolled. Their guests run on, and nobody can reach them through the cloud.\n           First, for each: npm run hosts -- drain NAME, and when it is empty, retire NAME\n`);
  console.log(kept.length > 0 ? `kept       ${kept.join('\n           ')}` : 'kept       nothing: tables and images are deleted with all that is in them (keepData=false)');
  console.log("deleted    functions, queues with the messages in them, consoles' logs, functions' logs, alarms, the services' tokens\n");
  if (!values.yes) await ask(`Type ${stacks.controlPlane} to go on: `, stacks.controlPlane);
  const s3 = new S3Client({ ...target.settings, forcePathStyle: isEmulator() });
  const emptied = [deployed.outputs['ConsolesBucketName']!, ...(kept.length > 0 ? [] : [deployed.outputs['ImagesBucketName']!])];
  for (const bucket of emptied) await emptyBucket(s3, bucket); // a bucket that holds something is not deleted
  const present = (await deployedStack(target, stacks.hosts)) ? [stacks.hosts, stacks.controlPlane] : [stacks.controlPlane];
  await showCdk(['destroy', ...present, '--force', ...(kept.length > 0 ? [] : ['--context', 'keepData=false'])], target.environment);
  await deleteServiceTokens(target, deployed);
  updateClouds(target.cloudsFile, { [target.clouds.admin]: undefined, [target.clouds.user]: undefined });
  console.log(kept.length > 0 ? `\nKept, and paid for until you delete them: docs/aws.md, Removal, says how.\n${kept.map((each) => `  ${each}`).join('\n')}` : '\nNothing is left but the secrets novaless/launch/*, which their owners put there.');
  console.log(`\nnext         npm run deploy     makes a new one beside what was kept`);
}

/** What the deployed template retains, as `table NAME` and `bucket NAME`. */
async function keptResources({ settings }: Target): Promise<string[]> {
  const cloudformation = new CloudFormationClient(settings);
  const StackName = stacks.controlPlane;
  const { TemplateBody } = await cloudformation.send(new GetTemplateCommand({ StackName }));
  const { Resources } = JSON.parse(TemplateBody!) as { Resources: Record<string, { Type: string; DeletionPolicy?: string }> };
  const words: Record<string, string> = { 'AWS::DynamoDB::Table': 'table', 'AWS::S3::Bucket': 'bucket' };
  const kept: string[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client: cloudformation }, { StackName })) {
    for (const { LogicalResourceId, PhysicalResourceId, ResourceType } of StackResourceSummaries) {
      if (Resources[LogicalResourceId!]?.DeletionPolicy === 'Retain') kept.push(`${words[ResourceType!] ?? ResourceType} ${PhysicalResourceId}`);
    }
  }
  return kept;
}

/** Functions wrote these, so no template takes them away. */
async function deleteServiceTokens({ settings }: Target, { parameters }: Deployed): Promise<void> {
  const ssm = new SSMClient(settings);
  const { Parameters = [] } = await ssm.send(new GetParametersByPathCommand({ Path: `${parameters['ParameterPath'] ?? '/novaless'}/service-token`, Recursive: true, WithDecryption: false }));
  if (Parameters.length > 0) await ssm.send(new DeleteParametersCommand({ Names: Parameters.map(({ Name }) => Name!) }));
}

if (import.meta.main) await command(main);
