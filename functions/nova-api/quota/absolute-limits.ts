import type { Reply, Request } from '../../../shared/http/route.ts';
import { inUse } from './checks.ts';
import { quotaOf } from './limits.ts';

/** Names of limits on the wire, by resource, and the last version that shows them. */
const names: { name: string; resource: string; until?: number }[] = [
  { name: 'maxTotalInstances', resource: 'instances' },
  { name: 'maxTotalCores', resource: 'cores' },
  { name: 'maxTotalRAMSize', resource: 'ram' },
  { name: 'maxServerMeta', resource: 'metadata_items' },
  { name: 'maxImageMeta', resource: 'metadata_items', until: 38 },
  { name: 'maxTotalKeypairs', resource: 'key_pairs' },
  { name: 'maxPersonality', resource: 'injected_files', until: 56 },
  { name: 'maxPersonalitySize', resource: 'injected_file_content_bytes', until: 56 },
  { name: 'maxTotalFloatingIps', resource: 'floating_ips', until: 35 },
  { name: 'maxServerGroups', resource: 'server_groups' },
  { name: 'maxServerGroupMembers', resource: 'server_group_members' },
  { name: 'maxSecurityGroups', resource: 'security_groups', until: 35 },
  { name: 'maxSecurityGroupRules', resource: 'security_group_rules', until: 35 },
];
const used: typeof names = [
  { name: 'totalInstancesUsed', resource: 'instances' },
  { name: 'totalCoresUsed', resource: 'cores' },
  { name: 'totalRAMUsed', resource: 'ram' },
  { name: 'totalServerGroupsUsed', resource: 'server_groups' },
  { name: 'totalFloatingIpsUsed', resource: 'floating_ips', until: 35 },
  { name: 'totalSecurityGroupsUsed', resource: 'security_groups', until: 35 },
];

/** `GET /limits`: the project's, or for an admin another one's by `tenant_id`. */
export async function showLimits(request: Request): Promise<Reply> {
  const other = request.query.get('tenant_id');
  if (other && other !== request.context.project_id) request.enforce('os_compute_api:limits:other_project');
  const quota = await quotaOf(other || (request.context.project_id ?? ''));
  const { minor } = request.version;
  const of = (table: typeof names, value: (resource: string) => number | undefined) =>
    Object.fromEntries(table.filter(({ until = Infinity }) => minor <= until).map(({ name, resource }) => [name, value(resource)]));
  return { body: { limits: { rate: [], absolute: { ...of(names, (resource) => quota.limits[resource]), ...of(used, (resource) => inUse(quota, resource)) } } } };
}
