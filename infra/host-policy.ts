import { Fn, type Stack } from 'aws-cdk-lib';
import { Effect, ManagedPolicy, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { accept } from './accept.ts';
import { type HostParameter, hostRoleTag } from './names.ts';

interface Settings {
  made: Record<HostParameter, string>;
  /** Path of the deployment's SSM parameters. */
  parameterPath: string;
  /** ARN of the agent's archive in S3. */
  archive: string;
}

/**
 * What a host may do besides being managed by SSM: what the agent calls, and fetching a new agent. Each host has a role of its
 * own, whose tag says which host it is: so one policy lets each read its own commands only, and removing a role ends one host's rights.
 */
export function hostPolicy(stack: Stack, { made, parameterPath, archive }: Settings): ManagedPolicy {
  const arn = (service: string, resource: string) => Fn.join(':', ['arn', stack.partition, service, stack.region, stack.account, resource]);
  const bucket = (name: string, keys: string) => Fn.join('', ['arn:', stack.partition, ':s3:::', name, '/', keys]);
  const policy = new ManagedPolicy(stack, 'HostPolicy', {
    description: 'What the Novaless agent of a hypervisor host calls',
    document: new PolicyDocument({ statements: [
      new PolicyStatement({
        sid: 'OwnCommands', actions: ['dynamodb:Query'], resources: [arn('dynamodb', `table/${made['journal-table']}`)],
        // A request without a key would pass the first condition.
        conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [`HOST#\${aws:PrincipalTag/${hostRoleTag}}`] }, Null: { 'dynamodb:LeadingKeys': 'false' } },
      }),
      new PolicyStatement({ sid: 'Reports', actions: ['sqs:SendMessage'], resources: [arn('sqs', made['reports-queue']), arn('sqs', made['heartbeats-queue'])] }),
      new PolicyStatement({ sid: 'Images', actions: ['s3:GetObject'], resources: [bucket(made['images-bucket'], '*')] }),
      new PolicyStatement({ sid: 'ConsoleLogs', actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], resources: [bucket(made['consoles-bucket'], 'logs/*')] }),
      new PolicyStatement({ sid: 'AgentArchive', actions: ['s3:GetObject'], resources: [archive] }),
      // AWS's own policy for managed machines opens all SSM parameters, and the services' tokens are some.
      new PolicyStatement({
        sid: 'NoSecrets', effect: Effect.DENY,
        actions: ['ssm:GetParameter', 'ssm:GetParameters', 'ssm:GetParametersByPath', 'ssm:GetParameterHistory'],
        resources: [`${arn('ssm', 'parameter')}${parameterPath}`, `${arn('ssm', 'parameter')}${parameterPath}/*`],
      }),
    ] }),
  });
  const reason = 'The objects of one bucket, or those under one prefix: their names are ids that are made later.';
  for (const finding of policyWildcards) accept(policy, `IAM5[Resource::${finding}]`, reason);
  return policy;
}

const policyWildcards = ['arn:<AWS::Partition>:s3:::<ImagesBucket>/*', 'arn:<AWS::Partition>:s3:::<ConsolesBucket>/logs/*'];
