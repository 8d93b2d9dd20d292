/**
 * Takes the deployment of an AWS account away. It says what it keeps, and asks.
 * usage: npm run destroy -- [--region NAME] [--profile NAME] [--yes]
 */
import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { parseArgs } from 'node:util';
import { readClouds, updateClouds } from '../clouds.ts';
import { showCdk } from '../command.ts';
import { stacks } from '../names.ts';
import { command, isEmulator } from './advice.ts';
import { emptyBucket } from './buckets.ts';
import { hostsWithRoles, removeHostRole } from './host-role.ts';
import { deleteServiceTokens } from './service-tokens.ts';
import { awsTarget, controlPlane, deployedStack, place, stackResources, type Target, targetOptions } from './target.ts';
import { ask } from './words.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { ...targetOptions, yes: { type: 'boolean', default: false } } });
  const target = await awsTarget(values);
  const deployed = await controlPlane(target);
  const [kept, hosts] = await Promise.all([keptResources(target), hostsWithRoles(target)]);
  console.log(`This takes Novaless away from ${place(target)}: ${deployed.outputs['PublicEndpoint']} answers no more.\n`);
  if (hosts.length > 0) {
    console.log(`hosts      ${hosts.join(', ')}: their roles are deleted; their guests run on, and nobody can reach them through the cloud.
           Better first, for each: npm run hosts -- drain NAME, and when it is empty, retire NAME, which takes it out of SSM too\n`);
  }
  console.log(kept.length > 0 ? `kept       ${kept.join('\n           ')}` : 'kept       nothing: tables and images are deleted with all that is in them (keepData=false)');
  console.log("deleted    functions, queues with the messages in them, consoles' logs, functions' logs, alarms, the services' tokens\n");
  if (!values.yes) await ask(`Type ${stacks.controlPlane} to go on: `, stacks.controlPlane);
  for (const host of hosts) await removeHostRole(target, host); // a policy that a role has is not deleted
  const s3 = new S3Client({ ...target.settings, forcePathStyle: isEmulator() });
  const emptied = [deployed.outputs['ConsolesBucketName']!, ...(kept.length > 0 ? [] : [deployed.outputs['ImagesBucketName']!])];
  for (const bucket of emptied) await emptyBucket(s3, bucket); // nor a bucket that holds something
  const present = (await deployedStack(target, stacks.hosts)) ? [stacks.hosts, stacks.controlPlane] : [stacks.controlPlane];
  await showCdk(['destroy', ...present, '--force', ...(kept.length > 0 ? [] : ['--context', 'keepData=false'])], target.environment);
  await deleteServiceTokens(target.settings, deployed.parameters['ParameterPath']!);
  forgetClouds(target, deployed.outputs['PublicEndpoint']!);
  console.log(kept.length > 0 ? `\nKept, and paid for until you delete them: docs/aws.md, Removal, says how.\n${kept.map((each) => `  ${each}`).join('\n')}` : '\nNothing is left but the secrets novaless/launch/*, which their owners put there.');
  console.log(`\nnext         npm run deploy     makes a new one beside what was kept`);
}

/** What the deployed template retains, as `table NAME` and `bucket NAME`. */
async function keptResources(target: Target): Promise<string[]> {
  const { TemplateBody } = await new CloudFormationClient(target.settings).send(new GetTemplateCommand({ StackName: stacks.controlPlane }));
  const { Resources } = JSON.parse(TemplateBody!) as { Resources: Record<string, { Type: string; DeletionPolicy?: string }> };
  const words: Record<string, string> = { 'AWS::DynamoDB::Table': 'table', 'AWS::S3::Bucket': 'bucket' };
  return (await stackResources(target, stacks.controlPlane))
    .filter(({ LogicalResourceId }) => Resources[LogicalResourceId!]?.DeletionPolicy === 'Retain')
    .map(({ PhysicalResourceId, ResourceType }) => `${words[ResourceType!] ?? ResourceType} ${PhysicalResourceId}`);
}

/** Another deployment's clouds, in another region or account, have the same names and stay. */
function forgetClouds({ cloudsFile, clouds: { admin, user } }: Target, endpoint: string): void {
  const known = readClouds(cloudsFile);
  for (const name of [admin, user]) if (known[name]?.auth.auth_url === `${endpoint}/identity/v3`) updateClouds(cloudsFile, { [name]: undefined });
}

if (import.meta.main) await command(main);
