import type { Collection, View } from '../http/list.ts';
import { standardAttributes } from '../http/standard.ts';
import { formatCidr, parseCidr } from '../ipam/cidr.ts';
import type { SecurityGroup, SecurityGroupRule } from '../store/records.ts';

export const securityGroups: Collection = { name: 'security_groups', path: 'security-groups', attributes: [...standardAttributes, 'security_group_rules', 'shared'] };

export const securityGroupRules: Collection = {
  name: 'security_group_rules',
  path: 'security-group-rules',
  attributes: [
    ...standardAttributes.filter((name) => name !== 'name' && name !== 'tags'), 'security_group_id', 'direction', 'ethertype', 'protocol', 'port_range_min', 'port_range_max',
    'remote_ip_prefix', 'remote_group_id', 'normalized_cidr',
  ],
};

/** Networking API v2.0, "Security group rules". */
export function ruleView(rule: SecurityGroupRule): View {
  const cidr = rule.remote_ip_prefix === null ? undefined : parseCidr(rule.remote_ip_prefix);
  return {
    id: rule.id,
    project_id: rule.project_id,
    tenant_id: rule.project_id,
    security_group_id: rule.security_group_id,
    direction: rule.direction,
    ethertype: rule.ethertype,
    protocol: rule.protocol,
    port_range_min: rule.port_range_min,
    port_range_max: rule.port_range_max,
    remote_ip_prefix: rule.remote_ip_prefix,
    normalized_cidr: cidr ? formatCidr(cidr) : null,
    remote_group_id: rule.remote_group_id,
    description: rule.description,
    created_at: rule.created_at,
    updated_at: rule.updated_at,
    revision_number: rule.revision_number,
  };
}

/** Networking API v2.0, "Security groups": the rules are inside, so that whoever enforces them needs no further call. */
export const securityGroupView = (group: SecurityGroup): View => ({
  id: group.id,
  name: group.name,
  description: group.description,
  project_id: group.project_id,
  tenant_id: group.project_id,
  shared: false,
  security_group_rules: Object.values(group.rules).map(ruleView),
  tags: group.tags,
  created_at: group.created_at,
  updated_at: group.updated_at,
  revision_number: group.revision_number,
});
