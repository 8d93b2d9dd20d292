import type { Vif } from '../../../shared/agent/command.ts';
import type { VirtualInterface } from '../../../shared/objects/instance.ts';
import type { Port } from './neutron.ts';

/** A port as the host needs it: addresses with their subnets, and the rules of its security groups. */
export function vifOf(port: Port, tag: string | undefined): Vif {
  const network = port['binding:network'];
  const portSecurity = port.port_security_enabled ?? true;
  const { as_of, rules, members = [] } = port['binding:filter'];
  return {
    port_id: port.id, network_id: port.network_id, network_name: network.name, mac_address: port.mac_address, mtu: network.mtu, ...(tag && { tag }), port_security: portSecurity,
    fixed_ips: port.fixed_ips.flatMap(({ subnet_id, ip_address }) => {
      const subnet = network.subnets.find(({ id }) => id === subnet_id);
      if (!subnet) return [];
      const { cidr, gateway_ip, ip_version: version, dns_nameservers, host_routes, enable_dhcp } = subnet;
      return [{ ip_address, subnet_id, cidr, gateway_ip, version, dns_nameservers, host_routes, enable_dhcp }];
    }),
    security_rules: rules,
    ...(port.allowed_address_pairs?.length && { allowed_address_pairs: port.allowed_address_pairs }),
    ...(members.length > 0 && { group_members: members.map((each) => ({ ...each, as_of })) }),
  };
}

/** The instance record's own copy of a port. */
export const interfaceOf = (port: Port, more: Pick<VirtualInterface, 'created_by_nova' | 'tag'>): VirtualInterface => ({
  port_id: port.id, network_id: port.network_id, network_label: port['binding:network'].name, mac_address: port.mac_address,
  fixed_ips: port.fixed_ips.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address, version: ip_address.includes(':') ? 6 : 4 })),
  created_by_nova: more.created_by_nova, ...(more.tag && { tag: more.tag }),
});
