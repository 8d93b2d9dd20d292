import type { Collection, View } from '../http/list.ts';
import { standardAttributes } from '../http/standard.ts';
import type { Subnet } from '../store/records.ts';

export const subnets: Collection = {
  name: 'subnets',
  path: 'subnets',
  attributes: [
    ...standardAttributes, 'network_id', 'ip_version', 'cidr', 'gateway_ip', 'allocation_pools', 'dns_nameservers', 'host_routes', 'enable_dhcp', 'ipv6_ra_mode',
    'ipv6_address_mode', 'subnetpool_id', 'shared', 'router:external',
  ],
};

/** Networking API v2.0, "Subnets". */
export const subnetView = (subnet: Subnet): View => ({
  id: subnet.id,
  name: subnet.name,
  description: subnet.description,
  project_id: subnet.project_id,
  tenant_id: subnet.project_id,
  network_id: subnet.network_id,
  ip_version: subnet.ip_version,
  cidr: subnet.cidr,
  subnetpool_id: null,
  gateway_ip: subnet.gateway_ip,
  allocation_pools: subnet.allocation_pools,
  dns_nameservers: subnet.dns_nameservers,
  host_routes: subnet.host_routes,
  enable_dhcp: subnet.enable_dhcp,
  ipv6_ra_mode: subnet.ipv6_ra_mode,
  ipv6_address_mode: subnet.ipv6_address_mode,
  tags: subnet.tags,
  created_at: subnet.created_at,
  updated_at: subnet.updated_at,
  revision_number: subnet.revision_number,
});
