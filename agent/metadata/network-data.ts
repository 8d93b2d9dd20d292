import ipaddr from 'ipaddr.js';
import type { MetadataSource } from './source.ts';

type FixedIp = MetadataSource['vifs'][number]['fixed_ips'][number];
type Dns = { type: 'dns'; address: string };

/** network_data.json: links, what stands on them (the first IPv4 and the first IPv6 address of each), and name servers. */
export function networkData({ vifs }: MetadataSource) {
  const links: object[] = [], networks: object[] = [], services = new Map<string, Dns>();
  for (const { port_id, mac_address, mtu, network_id, fixed_ips } of vifs.filter((vif) => vif.fixed_ips.length > 0)) {
    const id = `tap${port_id.slice(0, 11)}`;
    // By DHCP the guest hears the size as well.
    links.push({ id, vif_id: port_id, type: 'bridge', mtu: fixed_ips.some((each) => each.enable_dhcp) ? null : mtu, ethernet_mac_address: mac_address });
    for (const version of [4, 6] as const) {
      const fixed = fixed_ips.find((each) => each.version === version);
      if (!fixed) continue;
      const network = { id: `network${networks.length}`, link: id, network_id };
      networks.push(fixed.enable_dhcp ? { ...network, type: `ipv${version}_dhcp` } : { ...network, type: `ipv${version}`, ...fixedNetwork(fixed) });
      for (const each of nameServers(fixed)) services.set(each.address, each);
    }
  }
  return { links, networks, services: [...services.values()] };
}

function fixedNetwork(fixed: FixedIp) {
  const any = fixed.version === 4 ? '0.0.0.0' : '::';
  return {
    ip_address: fixed.ip_address, netmask: rangeOf(fixed.cidr).netmask,
    routes: [
      ...(fixed.gateway_ip === null ? [] : [{ network: any, netmask: any, gateway: fixed.gateway_ip }]),
      ...fixed.host_routes.map(({ destination, nexthop }) => ({ ...rangeOf(destination), gateway: nexthop })),
    ],
    services: nameServers(fixed),
  };
}

const nameServers = ({ dns_nameservers }: FixedIp): Dns[] => dns_nameservers.map((address) => ({ type: 'dns', address }));

function rangeOf(cidr: string): { network: string; netmask: string } {
  const [address, prefix] = ipaddr.parseCIDR(cidr);
  const bytes = address.toByteArray();
  const mask = bytes.map((_, index) => 0xff & ~(0xff >> Math.min(8, Math.max(0, prefix - index * 8))));
  return { network: textOf(bytes.map((byte, index) => byte & mask[index]!)), netmask: textOf(mask) };
}

function textOf(bytes: number[]): string {
  const address = ipaddr.fromByteArray(bytes);
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}
