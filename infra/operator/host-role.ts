/** A host's own role: its tag says which host it is, and the policy of the hosts' stack opens that host's commands and no others. */
import {
  AddRoleToInstanceProfileCommand, AttachRolePolicyCommand, CreateInstanceProfileCommand, CreateRoleCommand, DeleteInstanceProfileCommand, DeleteRoleCommand,
  DetachRolePolicyCommand, IAMClient, ListAttachedRolePoliciesCommand, paginateListEntitiesForPolicy, RemoveRoleFromInstanceProfileCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { hostRoleName, hostRoleTag, stacks } from '../names.ts';
import { deployedStack, place, type Target } from './target.ts';

/** Who takes the role on: SSM for a machine of one's own, EC2 for an instance. */
export type Kind = 'own' | 'ec2';

/** IAM's names have 64 characters at most. */
export const longestHost = (region: string): number => 64 - hostRoleName(region, '').length;

/** Makes the role, and for EC2 an instance profile of the same name, where they are not there yet. Returns the name. */
export async function makeHostRole(target: Target, host: string, kind: Kind): Promise<string> {
  const policy = await hostPolicyArn(target);
  if (!policy) throw new Error(`there is no ${stacks.hosts} in ${place(target)}, which says what hosts may do: npm run deploy makes it`);
  const partition = policy.split(':')[1]!;
  const RoleName = hostRoleName(target.region, host);
  const iam = new IAMClient(target.settings);
  const PolicyDocument = JSON.stringify(trust(target, kind, partition));
  await iam.send(new CreateRoleCommand({
    RoleName,
    Description: `The Novaless hypervisor host ${host}`,
    AssumeRolePolicyDocument: PolicyDocument,
    Tags: [{ Key: hostRoleTag, Value: host }],
  })).catch(async (error: Error) => {
    if (!error.name.startsWith('EntityAlreadyExists')) throw error;
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument })); // it may have been of the other kind
  });
  for (const PolicyArn of [policy, `arn:${partition}:iam::aws:policy/AmazonSSMManagedInstanceCore`]) await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  if (kind === 'ec2') {
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: RoleName })).catch(unless('EntityAlreadyExists'));
    await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: RoleName, RoleName })).catch(unless('LimitExceeded')); // a profile has one role, and this one has it
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

/**
 * The hosts that have a role, also those whose enrolment was never finished. CloudFormation deletes no policy that somebody has, so all of
 * them go before the hosts' stack. Throws, naming it, where something else has the policy.
 */
export async function hostsWithRoles(target: Target): Promise<string[]> {
  const PolicyArn = await hostPolicyArn(target);
  if (!PolicyArn) return [];
  const prefix = hostRoleName(target.region, '');
  const hosts: string[] = [];
  for await (const { PolicyRoles = [], PolicyUsers = [], PolicyGroups = [] } of paginateListEntitiesForPolicy({ client: new IAMClient(target.settings) }, { PolicyArn })) {
    const others = [...PolicyRoles.map(({ RoleName }) => `role ${RoleName}`), ...PolicyUsers.map(({ UserName }) => `user ${UserName}`), ...PolicyGroups.map(({ GroupName }) => `group ${GroupName}`)]
      .filter((each) => !each.startsWith(`role ${prefix}`));
    if (others.length > 0) throw new Error(`the hosts' policy was given to others too, and is not deleted while they have it: detach ${PolicyArn} from ${others.join(', ')}`);
    hosts.push(...PolicyRoles.map(({ RoleName }) => RoleName!.slice(prefix.length)));
  }
  return hosts.sort();
}

const hostPolicyArn = async (target: Target): Promise<string | undefined> => (await deployedStack(target, stacks.hosts))?.outputs['HostPolicyArn'];

const gone = <T>(promise: Promise<T>): Promise<T | undefined> => promise.catch(unless('NoSuchEntity'));
const unless = (name: string) => (error: Error): undefined => {
  if (!error.name.startsWith(name)) throw error;
};
