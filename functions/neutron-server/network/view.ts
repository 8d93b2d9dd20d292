import type { Request } from '../../../shared/http/route.ts';
import type { Collection, View } from '../http/list.ts';
import { standardAttributes } from '../http/standard.ts';
import type { Network } from '../store/records.ts';

const provider = ['provider:network_type', 'provider:physical_network', 'provider:segmentation_id'] as const;

export const networks: Collection = {
  name: 'networks',
  path: 'networks',
  attributes: [
    ...standardAttributes, 'admin_state_up', 'status', 'shared', 'router:external', 'is_default', 'mtu', 'port_security_enabled', 'dns_domain', 'subnets',
    'availability_zone_hints', 'availability_zones', 'ipv4_address_scope', 'ipv6_address_scope', ...provider, 'binding:host_id',
  ],
};

/** Networking API v2.0, "Networks". What the host sees of the network's outside is for administrators; the host that keeps it to itself also for services. */
export function networkView(request: Request, network: Network, host?: string): View {
  const hidden = !request.allowed('get_network:provider:network_type', network);
  return {
    id: network.id,
    name: network.name,
    description: network.description,
    project_id: network.project_id,
    tenant_id: network.project_id,
    admin_state_up: network.admin_state_up,
    status: 'ACTIVE',
    shared: network.shared,
    'router:external': network['router:external'],
    ...(network['router:external'] && { is_default: network.is_default }),
    mtu: network.mtu,
    port_security_enabled: network.port_security_enabled,
    dns_domain: network.dns_domain,
    subnets: Object.keys(network.subnets).sort(),
    availability_zone_hints: [],
    availability_zones: [],
    ipv4_address_scope: null,
    ipv6_address_scope: null,
    ...(!hidden && Object.fromEntries(provider.map((name) => [name, network[name]]))),
    ...(host !== undefined && { 'binding:host_id': host }),
    tags: network.tags,
    created_at: network.created_at,
    updated_at: network.updated_at,
    revision_number: network.revision_number,
  };
}
