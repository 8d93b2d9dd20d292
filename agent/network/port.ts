import type { Vif } from '../../shared/agent/command.ts';
import { ActionFailed } from '../drivers/driver.ts';
import { bridgeMac } from './names.ts';
import { addressOf, type Cidr, cidrOf, linkLocalOf, LONGEST_IPV6, METADATA_IPV4 } from './addresses.ts';

/** A port as this host works with it: every value parsed and written anew, so that none can mean more than it says to a program. */
export interface Port {
  id: string;
  network_id: string;
  mac: string;
  mtu: number;
  secured: boolean;
  addresses: PortAddress[];
  /** All that it may send from, its own first. */
  sources: { mac: string; cidr: Cidr }[];
  rules: Rule[];
}
export type Rule = Vif['security_rules'][number];
export interface PortAddress { address: Cidr; subnet: Cidr; gateway: string | undefined; dns: string[]; routes: { destination: Cidr; nexthop: string }[]; dhcp: boolean }

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const mac = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/; // no group's address
const LEAST_MTU = 68, MOST_MTU = 65_521;

/** Throws ActionFailed naming the field. */
export function portOf(vif: Vif): Port {
  const refuse = (field: string): never => {
    throw new ActionFailed(`The host cannot use the port's ${field}.`);
  };
  const macOf = (text: string, field: string) => {
    const lower = text.toLowerCase();
    return mac.test(lower) && lower !== '00:00:00:00:00:00' && lower !== bridgeMac(vif.network_id) ? lower : refuse(field);
  };
  const checked = <T>(value: T | undefined, field: string): T => value ?? refuse(field);
  if (!uuid.test(vif.port_id)) refuse('port_id');
  if (!uuid.test(vif.network_id)) refuse('network_id');
  if (!Number.isInteger(vif.mtu) || vif.mtu < LEAST_MTU || vif.mtu > MOST_MTU) refuse('mtu');
  const own = macOf(vif.mac_address, 'mac_address');
  const addresses = vif.fixed_ips.map(({ ip_address, cidr, gateway_ip, dns_nameservers, host_routes, enable_dhcp }): PortAddress => {
    const address = checked(addressOf(ip_address), 'fixed_ips.ip_address');
    const subnet = checked(cidrOf(cidr), 'fixed_ips.cidr');
    const bridges = subnet.version === 6 && subnet.prefix <= LONGEST_IPV6 && address.text === subnet.text;
    if (address.text === METADATA_IPV4 || address.version !== subnet.version || bridges) refuse('fixed_ips.ip_address');
    const nearby = (text: string, field: string) => {
      const parsed = checked(addressOf(text), field);
      return parsed.version === subnet.version ? parsed.text : refuse(field);
    };
    return {
      address, subnet, dhcp: enable_dhcp,
      gateway: gateway_ip === null ? undefined : nearby(gateway_ip, 'fixed_ips.gateway_ip'),
      dns: dns_nameservers.map((text) => nearby(text, 'fixed_ips.dns_nameservers')),
      routes: host_routes.map(({ destination, nexthop }) => {
        const to = checked(cidrOf(destination), 'fixed_ips.host_routes.destination');
        if (to.version !== subnet.version) refuse('fixed_ips.host_routes.destination');
        return { destination: to, nexthop: nearby(nexthop, 'fixed_ips.host_routes.nexthop') };
      }),
    };
  });
  const sources = [
    ...addresses.map(({ address }) => ({ mac: own, cidr: address })),
    ...(vif.allowed_address_pairs ?? []).map(({ ip_address, mac_address }) =>
      ({ mac: macOf(mac_address, 'allowed_address_pairs.mac_address'), cidr: checked(cidrOf(ip_address), 'allowed_address_pairs.ip_address') })),
  ];
  const macs = [...new Set([own, ...sources.map((each) => each.mac)])];
  const linkLocals = macs.map((each) => ({ mac: each, cidr: addressOf(linkLocalOf(each))! }));
  return { id: vif.port_id, network_id: vif.network_id, mac: own, mtu: vif.mtu, secured: vif.port_security, addresses, sources: [...sources, ...linkLocals], rules: vif.security_rules };
}

export const macsOf = (port: Port): string[] => [...new Set([port.mac, ...port.sources.map((each) => each.mac)])];
export const ownAddresses = ({ mac: own, addresses }: Port): string[] => [...new Set([...addresses.map(({ address }) => address.text), linkLocalOf(own)])];
