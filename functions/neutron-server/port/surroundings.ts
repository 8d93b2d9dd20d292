import type { Network, Port, Subnet } from '../store/records.ts';

/** What a bound port's host must know of the network around it, so that nobody who has the port has to ask for more. */
export interface Surroundings {
  name: string;
  mtu: number;
  /** Those that the port has addresses in. */
  subnets: Pick<Subnet, 'id' | 'cidr' | 'ip_version' | 'gateway_ip' | 'enable_dhcp' | 'dns_nameservers' | 'host_routes'>[];
}

/** Undefined where the network is gone. */
export function surroundingsOf({ fixed_ips }: Port, network: Network | undefined): Surroundings | undefined {
  if (!network) return undefined;
  const ids = new Set(fixed_ips.map(({ subnet_id }) => subnet_id));
  const subnets = [...ids].flatMap((each) => {
    const subnet = network.subnets[each];
    if (!subnet) return [];
    const { id, cidr, ip_version, gateway_ip, enable_dhcp, dns_nameservers, host_routes } = subnet;
    return [{ id, cidr, ip_version, gateway_ip, enable_dhcp, dns_nameservers, host_routes }];
  });
  return { name: network.name, mtu: network.mtu, subnets };
}
