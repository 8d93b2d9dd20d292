/** A host's own role: its tag says which host it is, and the policy of the hosts' stack opens that host's commands and no others. */
import {
  AddRoleToInstanceProfileCommand, AttachRolePolicyCommand, CreateInstanceProfileCommand, CreateRoleCommand, DeleteInstanceProfileCommand, DeleteRoleCommand,
  DetachRolePolicyCommand, IAMClient, ListAttachedRolePoliciesCommand, RemoveRoleFromInstanceProfileCommand,
} from '@aws-sdk/client-iam';
import { hostRoleName, hostRoleTag, stacks } from '../names.ts';
import { deployedStack, place, type Target } from './target.ts';

/** Who takes the role on: SSM for a machine of one's own, EC2 for an instance. */
export type Kind = 'own' | 'ec2';

/** IAM's names have 64 characters at most. */
export const longestHost = (region: string): number => 64 - hostRoleName(region, '').length;

/** Makes the role, and for EC2 an instance profile of the same name, where they are not there yet. Returns the name. */
export async function makeHostRole(target: Target, host: string, kind: Kind): Promise<string> {
  const stack = await deployedStack(target, stacks.hosts);
  const policy = stack?.outputs['HostPolicyArn'];
  if (!policy) throw new Error(`there is no ${stacks.hosts} in ${place(target)}, which says what hosts may do: npm run deploy makes it`);
  const partition = policy.split(':')[1]!;
  const RoleName = hostRoleName(target.region, host);
  const iam = new IAMClient(target.settings);
  await once(iam.send(new CreateRoleCommand({
    RoleName,
    Description: `The Novaless hypervisor host ${host}`,
    AssumeRolePolicyDocument: JSON.stringify(trust(target, kind, partition)),
    Tags: [{ Key: hostRoleTag, Value: host }],
  })));
  for (const PolicyArn of [policy, `arn:${partition}:iam::aws:policy/AmazonSSMManagedInstanceCore`]) await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  if (kind === 'ec2') {
    await once(iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: RoleName })));
    await once(iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: RoleName, RoleName })));
  }
  return RoleName;
}

function trust({ account, region }: Target, kind: Kind, partition: string): object {
  const condition = { StringEquals: { 'aws:SourceAccount': account }, ArnEquals: { 'aws:SourceArn': `arn:${partition}:ssm:${region}:${account}:*` } };
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: kind === 'own' ? 'ssm.amazonaws.com' : 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole', ...(kind === 'own' && { Condition: condition }) }],
  };
}

/** Takes the role away, and with it all that the host could do. What is gone already is no error. */
export async function removeHostRole(target: Target, host: string): Promise<void> {
  const RoleName = hostRoleName(target.region, host);
  const iam = new IAMClient(target.settings);
  await gone(iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: RoleName, RoleName })));
  await gone(iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: RoleName })));
  const attached = await gone(iam.send(new ListAttachedRolePoliciesCommand({ RoleName })));
  for (const { PolicyArn } of attached?.AttachedPolicies ?? []) await gone(iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn })));
  await gone(iam.send(new DeleteRoleCommand({ RoleName })));
}

/** It was made, or added, before. */
const once = (promise: Promise<unknown>) => promise.catch(unless(/EntityAlreadyExists|LimitExceeded/));
const gone = <T>(promise: Promise<T>): Promise<T | undefined> => promise.catch(unless(/NoSuchEntity/));
const unless = (pattern: RegExp) => (error: Error): undefined => {
  if (!pattern.test(error.name)) throw error;
};
