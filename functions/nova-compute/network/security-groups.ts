import type { CommandDone } from '../../../shared/agent/report.ts';
import { serviceContext } from '../../../shared/identity/service-context.ts';
import { sideBySide } from '../../../shared/side-by-side.ts';
import { RemoteError } from '../../../shared/openstack/rest.ts';
import { cast } from '../../../shared/rpc/send.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Key } from '../../../shared/store/table.ts';
import { log } from '../../../shared/telemetry/log.ts';
import { takeAway } from '../build/reported.ts';
import { order } from '../host/command.ts';
import { readsCompressed } from '../host/enrolment.ts';
import { ring } from '../host/ring.ts';
import { journal, subjectPartition, type Pending } from '../journal.ts';
import { neutron, type Membership } from './neutron.ts';
import { AT_ONCE, digestOf, failed, news, REFRESH_SECONDS, TRIES, withCommandsThatWait, type Told } from './told.ts';

/** An item of DynamoDB holds 400 KB, and the command is one; a host whose agent does not read bytes gets it plainly. */
const MOST_BYTES = 390_000;

const TOLD = 'MEMBERS#';
const toldKey = (group: string, host: string): Key => ({ pk: subjectPartition(group), sk: TOLD + host });

/** Where neutron has no such port of a host, for how long the host is still told: after that its commands would not be taken up either. */
const ABSENT_MS = REFRESH_SECONDS * 1000;
interface GroupTold extends Told { /** ISO 8601: since when neutron does not name the host. */ absent_since?: string }

/**
 * Hosts are told who is in a group: those that have ports whose rules name it, and those that were told before and have not said that they
 * have no such port any more. A host may still have one that neutron has no more, and must not go by what is long over when the next comes.
 */
export async function refreshSecurityGroup({ security_group_id: group, host }: Args<typeof novaCompute.methods.refresh_security_group>): Promise<void> {
  const members = await membershipOf(group);
  if (!members) return; // with the group its rules went, and others' rules that named it
  if (JSON.stringify(members.addresses).length > MOST_BYTES) {
    log.error('a security group has more members than hosts can be told of', { security_group: group, addresses: members.addresses.length });
    if (host === undefined) return; // they go by what they were told last
    members.addresses = []; // it knows of nobody, and need not ask again
  }
  const told = await withCommandsThatWait(await journal.query<GroupTold>({ pk: subjectPartition(group), prefix: TOLD + (host ?? '') }));
  const before = new Map(told.map((each) => [each.sk.slice(TOLD.length), each]));
  const left = [...before].flatMap(([each, { absent_since }]) => (absent_since === undefined || Date.parse(absent_since) > Date.now() - ABSENT_MS ? each : []));
  const concerned = host === undefined ? new Set([...members.hosts, ...left]) : members.hosts.filter((each) => each === host);
  const rung: string[] = [];
  await sideBySide([...concerned], AT_ONCE, async (each) => {
    if (await tell(group, each, members, before.get(each), { anyway: host !== undefined })) rung.push(each);
  });
  await Promise.all(rung.map((each) => ring(each)));
}

async function membershipOf(group: string): Promise<Membership | undefined> {
  try {
    return await neutron({ service: 'nova' }).membershipOf(group);
  } catch (error) {
    if (error instanceof RemoteError && error.status === 404) return undefined;
    throw error;
  }
}

/** Whether the host has something to do. */
async function tell(group: string, host: string, { as_of, addresses, hosts }: Membership, before: GroupTold | undefined, { anyway }: { anyway: boolean }): Promise<boolean> {
  const absent = hosts.includes(host) ? {} : { absent_since: before?.absent_since ?? new Date().toISOString() };
  const told: GroupTold = { ...toldKey(group, host), kind: 'security_group', as_of, digest: digestOf(addresses), ...absent };
  if (before && !anyway && before.digest === told.digest) return false;
  const command = order({
    id: `members-${as_of}-${digestOf(host)}`, kind: 'refresh_security_group', host, subject: group, project_id: '', seconds: REFRESH_SECONDS,
    args: { security_group_id: group, as_of, addresses }, purpose: { for: 'security_group' },
    small: await readsCompressed(host),
  });
  return news(told, before, command);
}

/** What a host says that it does not know it is told, if neutron finds that it has to. */
export async function tellUnknown(host: string, { unknown_groups = [] }: Pick<CommandDone, 'unknown_groups'>): Promise<void> {
  await Promise.all([...new Set(unknown_groups)].map((security_group_id) =>
    cast(novaCompute.methods.refresh_security_group, { security_group_id, host }, { context: serviceContext('nova-compute'), steps: [] })));
}

/** A host that could not do it is asked again; one that has no port whose rules name the group is told no more. */
export async function securityGroupReported(pending: Pending, { outcome, reason, details }: Pick<CommandDone, 'outcome' | 'reason' | 'details'>): Promise<void> {
  if (outcome === 'failed') await again(pending, reason);
  else if (details?.['kept'] === false) await forget(pending);
  await takeAway(pending);
}

/** The host was away for so long that it never took it. */
export async function securityGroupOverdue(pending: Pending): Promise<void> {
  await forget(pending);
  await takeAway(pending);
}

/** Unless it was told something newer since. */
async function forget({ subject, host, command_id }: Pending): Promise<void> {
  await journal.remove(toldKey(subject, host), { 'command.id': command_id }).catch((error: unknown) => {
    if (!(error instanceof ConditionFailed)) throw error;
  });
}

async function again({ subject: group, host }: Pending, reason: string | undefined): Promise<void> {
  const failures = await failed(toldKey(group, host), 'security_group');
  log.error('a host could not take the members of a security group', { host, security_group: group, reason, failures });
  if (failures < TRIES) await cast(novaCompute.methods.refresh_security_group, { security_group_id: group, host }, { context: serviceContext('nova-compute'), steps: [], delay: 5 * failures });
}
