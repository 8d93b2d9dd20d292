/** Where a deployment is, and how programs are told to use it: what all commands of an operator begin with. */
import { CloudFormationClient, DescribeStacksCommand, paginateListStackResources, type Stack, type StackResourceSummary } from '@aws-sdk/client-cloudformation';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { resolve } from 'node:path';
import { invokerOf } from '../invoke.ts';
import { stacks } from '../names.ts';
import { isEmulator, withAdvice } from './advice.ts';

const dataFolder = resolve(import.meta.dirname, '../../.novaless');

export interface Target {
  account: string;
  region: string;
  /** What an AWS SDK client is made with; credentials and endpoints are those of the SDK's own chain. */
  settings: { region: string };
  /** For the CDK's command line and other tools. */
  environment: NodeJS.ProcessEnv;
  /** Passwords and hosts' files, for their owner only. */
  folder: string;
  cloudsFile: string;
  /** Names in clouds.yaml: of the admin, and of the first user. */
  clouds: { admin: string; user: string };
}

/** What a command may be told about where; the rest is the environment's and the profile's. */
export const targetOptions = { profile: { type: 'string' }, region: { type: 'string' } } as const;

/** The account and region that the environment, or these options, lead to. Throws, saying what to do, where they lead to none. */
export async function awsTarget({ profile, region: wanted }: { profile?: string | undefined; region?: string | undefined } = {}): Promise<Target> {
  if (profile) process.env['AWS_PROFILE'] = profile;
  const named = wanted ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  const sts = new STSClient({ ...(named && { region: named }), maxAttempts: 2 });
  const region = named ?? (await withAdvice(sts.config.region()));
  const { Account: account } = await withAdvice(sts.send(new GetCallerIdentityCommand({})));
  sts.destroy();
  return {
    account: account!,
    region,
    settings: { region },
    environment: { ...process.env, AWS_REGION: region, AWS_DEFAULT_REGION: region },
    folder: resolve(dataFolder, 'aws', `${account}-${region}`),
    cloudsFile: resolve(dataFolder, 'clouds.yaml'),
    clouds: { admin: 'novaless-aws-admin', user: 'novaless-aws' },
  };
}

/** In words, for messages. */
export const place = ({ account, region }: Target): string => `account ${account} in ${region}${isEmulator() ? ` of ${process.env['AWS_ENDPOINT_URL']}` : ''}`;

/** Throws, saying what to do, where the CDK has not been told of this account and region yet. Who may not look learns it from the deployment. */
export async function requireBootstrap(target: Target): Promise<void> {
  try {
    await new SSMClient(target.settings).send(new GetParameterCommand({ Name: '/cdk-bootstrap/hnb659fds/version' }));
  } catch (error) {
    if ((error as Error).name === 'ParameterNotFound') throw new Error(`${place(target)} is not prepared for the CDK yet, which is done once: npx cdk bootstrap aws://${target.account}/${target.region}`);
    if (!/AccessDenied/.test((error as Error).name)) throw error;
  }
}

export interface Deployed { outputs: Record<string, string>; parameters: Record<string, string> }

/** A stack's outputs and parameters; undefined where there is no such stack. */
export async function deployedStack(target: Pick<Target, 'settings'>, name: string): Promise<Deployed | undefined> {
  let stack: Stack | undefined;
  try {
    stack = (await new CloudFormationClient(target.settings).send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0];
  } catch (error) {
    if (!/does not exist/.test((error as Error).message)) throw error;
  }
  if (!stack || stack.StackStatus === 'DELETE_COMPLETE' || stack.StackStatus === 'REVIEW_IN_PROGRESS') return undefined;
  const record = (pairs: [string | undefined, string | undefined][] = []) => Object.fromEntries(pairs.map(([key, value]) => [key!, value ?? '']));
  return {
    outputs: record(stack.Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])),
    parameters: record(stack.Parameters?.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue])),
  };
}

/** The control plane as it is deployed. Throws, saying what to do, where it is not. */
export async function controlPlane(target: Target): Promise<Deployed> {
  const found = await deployedStack(target, stacks.controlPlane);
  if (!found?.outputs['PublicEndpoint']) throw new Error(`there is no Novaless in ${place(target)}: deploy it with npm run deploy, or choose where to look with --region and --profile`);
  return found;
}

/** What a stack consists of. */
export async function stackResources({ settings }: Pick<Target, 'settings'>, StackName: string): Promise<StackResourceSummary[]> {
  const found: StackResourceSummary[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client: new CloudFormationClient(settings) }, { StackName })) found.push(...StackResourceSummaries);
  return found;
}

/** Calls a deployed function as an operator does. `name` is the declared one; throws what the function threw. */
export const invoker = ({ settings }: Pick<Target, 'settings'>, { outputs }: Pick<Deployed, 'outputs'>) => invokerOf(settings, outputs['FunctionPrefix']!);
