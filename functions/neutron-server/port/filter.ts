import type { Request } from '../../../shared/http/route.ts';
import type { Port, SecurityGroup, SecurityGroupRule } from '../store/records.ts';
import { findMany } from '../store/visible.ts';

/** A rule as who enforces it needs it. A group that it names is named only: its members are told to each host once, not with each port. */
export type FilterRule = Pick<SecurityGroupRule, 'direction' | 'ethertype' | 'protocol' | 'port_range_min' | 'port_range_max' | 'remote_ip_prefix' | 'remote_group_id'>;

/** Members' addresses (CIDRs too), by group. */
export type Addresses = Map<string, string[]>;

/** What a port may send and receive, and as of when: whatever was written before then is in it. */
export interface Filter {
  as_of: string;
  rules: FilterRule[];
  /** Of a port that has just been made: its groups in which nobody else is on a host. As nobody is told of those, the port's host hears it here. */
  members: { security_group_id: string; addresses: string[] }[];
}

/** Whether this asker is told what a bound port's host needs. */
export const isForHost = (request: Request, port: Port) => port['binding:host_id'] !== '' && request.allowed('get_port:binding:filter', port);

/** The filters of these ports, by port. Each group is read once, but those that are known from after `as_of`, as `members` are. */
export async function filtersOf(ports: Port[], as_of: string, { groups: known = [], members = new Map() }: { groups?: SecurityGroup[] | undefined; members?: Addresses | undefined } = {}): Promise<Map<string, Filter>> {
  const ids = [...new Set(ports.flatMap(({ port_security_enabled, security_groups }) => (port_security_enabled ? security_groups : [])))];
  const groups = [...known, ...(await findMany('security_group', ids.filter((id) => !known.some((group) => group.id === id))))].filter(({ id }) => ids.includes(id));
  const rules = new Map(groups.map((group) => [group.id, Object.values(group.rules).map(enforced)]));
  return new Map(ports.map((port) => [port.id, {
    as_of,
    rules: port.port_security_enabled ? sorted(port.security_groups.flatMap((id) => rules.get(id) ?? [])) : [],
    members: port.security_groups.flatMap((id) => (members.has(id) ? [{ security_group_id: id, addresses: members.get(id)! }] : [])),
  }]));
}

/** The same rules are the same text: who is told of them knows that nothing is new. */
const sorted = (rules: FilterRule[]) => [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule);

const enforced = ({ direction, ethertype, protocol, port_range_min, port_range_max, remote_ip_prefix, remote_group_id }: SecurityGroupRule): FilterRule =>
  ({ direction, ethertype, protocol, port_range_min, port_range_max, remote_ip_prefix, remote_group_id });
