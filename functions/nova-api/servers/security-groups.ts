import { notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { listPorts, listSecurityGroups, type SecurityGroup, type SecurityGroupRule } from '../network.ts';
import { findServer } from './find.ts';

/** `GET /servers/ID/os-security-groups`: the groups of its ports, in Nova's old words. */
export async function listServerSecurityGroups(request: Request): Promise<Reply> {
  const { context } = request;
  const server = await findServer(request);
  const ports = await listPorts(context, { device_id: server.uuid, fields: ['security_groups'] });
  const ids = [...new Set(ports.flatMap(({ security_groups }) => security_groups))];
  if (ids.length === 0) return { body: { security_groups: [] } };
  const groups = await listSecurityGroups(context, { tenant_id: server.project_id });
  const shown = groups.filter(({ id }) => ids.includes(id)).map((group) => view(group, groups));
  return { body: { security_groups: shown.sort((a, b) => (a.name < b.name ? -1 : 1)) } };
}

/** Until 2.35, and only to read: older clients find a group here before they put it on a server. */
export async function listSecurityGroupsOfProject({ context }: Request): Promise<Reply> {
  const groups = await listSecurityGroups(context, { tenant_id: context.project_id! });
  return { body: { security_groups: groups.map((group) => view(group, groups)) } };
}

export async function showSecurityGroup({ context, params }: Request): Promise<Reply> {
  const groups = await listSecurityGroups(context, { tenant_id: context.project_id! });
  const group = groups.find(({ id }) => id === params['id']);
  if (!group) throw notFound(`Security group ${params['id']} not found.`);
  return { body: { security_group: view(group, groups) } };
}

const view = (group: SecurityGroup, all: SecurityGroup[]) => ({
  id: group.id, name: group.name, description: group.description, tenant_id: group.tenant_id,
  rules: (group.security_group_rules ?? []).filter(({ direction }) => direction === 'ingress').map((rule) => ruleView(rule, all)),
});

function ruleView(rule: SecurityGroupRule, all: SecurityGroup[]) {
  const source = all.find(({ id }) => id === rule.remote_group_id);
  return {
    id: rule.id,
    parent_group_id: rule.security_group_id,
    ip_protocol: rule.protocol,
    from_port: rule.port_range_min ?? (rule.protocol ? -1 : null),
    to_port: rule.port_range_max ?? (rule.protocol ? -1 : null),
    group: source ? { name: source.name, tenant_id: source.tenant_id } : {},
    ip_range: rule.remote_group_id ? {} : { cidr: rule.remote_ip_prefix ?? (rule.ethertype === 'IPv6' ? '::/0' : '0.0.0.0/0') },
  };
}
