import type { Request } from '../../../shared/http/route.ts';
import { membersOf, type Member } from '../security-group/members.ts';
import type { Port, SecurityGroup, SecurityGroupRule } from '../store/records.ts';
import { findMany } from '../store/visible.ts';

/** A rule as who enforces it needs it: a remote group resolved into its members' addresses of the rule's IP version. */
export type FilterRule = Pick<SecurityGroupRule, 'direction' | 'ethertype' | 'protocol' | 'port_range_min' | 'port_range_max' | 'remote_ip_prefix' | 'remote_group_id'> & { remote_ips?: string[] };

/** What a port may send and receive, and as of when: whatever was written before then is in it. */
export interface Filter { as_of: string; rules: FilterRule[] }

/** Whether this asker is told what a bound port's host needs. */
export const isForHost = (request: Request, port: Port) => port['binding:host_id'] !== '' && request.allowed('get_port:binding:filter', port);

/**
 * The filters of these ports, by port. Each group is read once, and the members of each group that a rule names once, but those that are
 * known from after `as_of`.
 */
export async function filtersOf(ports: Port[], as_of: string, { groups: known = [], members: knownMembers }: { groups?: SecurityGroup[] | undefined; members?: Map<string, Member[]> | undefined } = {}): Promise<Map<string, Filter>> {
  const ids = [...new Set(ports.flatMap(({ port_security_enabled, security_groups }) => (port_security_enabled ? security_groups : [])))];
  const groups = [...known, ...(await findMany('security_group', ids.filter((id) => !known.some((group) => group.id === id))))].filter(({ id }) => ids.includes(id));
  const remotes = [...new Set(groups.flatMap(({ rules }) => Object.values(rules).flatMap(({ remote_group_id }) => remote_group_id ?? [])))];
  const members = new Map(await Promise.all(remotes.map(async (id) => [id, (knownMembers?.get(id) ?? (await membersOf(id))).flatMap(({ addresses }) => addresses)] as const)));
  const resolved = new Map(groups.map((group) => [group.id, Object.values(group.rules).map((rule) => resolve(rule, members))]));
  return new Map(ports.map((port) => [port.id, { as_of, rules: port.port_security_enabled ? sorted(port.security_groups.flatMap((id) => resolved.get(id) ?? [])) : [] }]));
}

/** The same rules are the same text: who is told of them knows that nothing is new. */
const sorted = (rules: FilterRule[]) => [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule);

function resolve({ direction, ethertype, protocol, port_range_min, port_range_max, remote_ip_prefix, remote_group_id }: SecurityGroupRule, members: Map<string, string[]>): FilterRule {
  const rule = { direction, ethertype, protocol, port_range_min, port_range_max, remote_ip_prefix, remote_group_id };
  if (remote_group_id === null) return rule;
  const version = (address: string) => (address.includes(':') ? 'IPv6' : 'IPv4');
  return { ...rule, remote_ips: [...new Set(members.get(remote_group_id))].filter((address) => version(address) === ethertype).sort() };
}
