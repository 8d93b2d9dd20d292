import type { Request } from '../../../shared/http/route.ts';
import type { Collection, View } from '../http/list.ts';
import { standardAttributes } from '../http/standard.ts';
import type { Port } from '../store/records.ts';
import type { Filter } from './filter.ts';
import type { Surroundings } from './surroundings.ts';

export const ports: Collection = {
  name: 'ports',
  path: 'ports',
  attributes: [
    ...standardAttributes, 'network_id', 'mac_address', 'admin_state_up', 'status', 'device_id', 'device_owner', 'fixed_ips', 'security_groups', 'allowed_address_pairs',
    'extra_dhcp_opts', 'port_security_enabled', 'dns_name', 'dns_assignment', 'binding:host_id', 'binding:vnic_type', 'binding:vif_type', 'binding:vif_details', 'binding:profile', 'binding:filter', 'binding:network',
  ],
};

const DNS_DOMAIN = 'openstacklocal';

/** A port is up while it is bound to a host for a device. */
const statusOf = (port: Port) => (port['binding:host_id'] && port.device_id && port.admin_state_up ? 'ACTIVE' : 'DOWN');

function dnsAssignment({ dns_name, fixed_ips }: Port) {
  return fixed_ips.map(({ ip_address }) => {
    const hostname = dns_name || `host-${ip_address.replaceAll(/[.:]+/g, '-')}`;
    return { ip_address, hostname, fqdn: hostname.endsWith('.') ? hostname : `${hostname}.${DNS_DOMAIN}.` };
  });
}

/** Networking API v2.0, "Ports". Where the port is bound is for administrators and services; what its host enforces, and on what network, for services. */
export function portView(request: Request, port: Port, { filter, surroundings }: { filter?: Filter | undefined; surroundings?: Surroundings | undefined } = {}): View {
  const host = port['binding:host_id'];
  return {
    id: port.id,
    name: port.name,
    description: port.description,
    project_id: port.project_id,
    tenant_id: port.project_id,
    network_id: port.network_id,
    mac_address: port.mac_address,
    admin_state_up: port.admin_state_up,
    status: statusOf(port),
    device_id: port.device_id,
    device_owner: port.device_owner,
    fixed_ips: port.fixed_ips,
    security_groups: port.security_groups,
    allowed_address_pairs: port.allowed_address_pairs,
    extra_dhcp_opts: port.extra_dhcp_opts,
    port_security_enabled: port.port_security_enabled,
    dns_name: port.dns_name,
    dns_assignment: dnsAssignment(port),
    'binding:vnic_type': port['binding:vnic_type'],
    ...(request.allowed('get_port:binding:host_id', port) && {
      'binding:host_id': host,
      'binding:profile': port['binding:profile'],
      'binding:vif_type': host ? 'bridge' : 'unbound',
      'binding:vif_details': host ? { port_filter: true, connectivity: 'l2' } : {},
    }),
    ...(filter && { 'binding:filter': filter }),
    ...(surroundings && { 'binding:network': surroundings }),
    tags: port.tags,
    created_at: port.created_at,
    updated_at: port.updated_at,
    revision_number: port.revision_number,
  };
}
