import { invalidAttribute } from '../errors.ts';
import { canonicalAddress } from '../ipam/address.ts';
import { formatCidr, parseCidr } from '../ipam/cidr.ts';
import { canonicalMac } from '../ipam/mac.ts';
import type { Port } from '../store/records.ts';
import type { PortUpdate } from './schema.ts';

export function macOf(text: string): string {
  const mac = canonicalMac(text);
  if (!mac) throw invalidAttribute('mac_address', `'${text}' is not a valid MAC address`);
  if (Number.parseInt(mac.slice(0, 2), 16) & 1) throw invalidAttribute('mac_address', `'${text}' is a multicast MAC address`);
  return mac;
}

/** Pairs in one way of writing; without a MAC of its own a pair has the port's. */
export function addressPairsOf(given: NonNullable<PortUpdate['allowed_address_pairs']>, portMac: string): Port['allowed_address_pairs'] {
  const pairs = given.map(({ ip_address, mac_address }) => {
    const cidr = parseCidr(ip_address);
    if (!cidr) throw invalidAttribute('allowed_address_pairs', `'${ip_address}' is neither a valid IP address, nor is it a valid IP subnet`);
    return { ip_address: ip_address.includes('/') ? formatCidr(cidr) : canonicalAddress(ip_address)!, mac_address: mac_address === undefined ? portMac : macOf(mac_address) };
  });
  const key = (pair: (typeof pairs)[number]) => `${pair.ip_address} ${pair.mac_address}`;
  const double = pairs.find((pair, i) => pairs.findIndex((other) => key(other) === key(pair)) !== i);
  if (double) throw invalidAttribute('allowed_address_pairs', `Request contains duplicate address pair: mac_address ${double.mac_address} ip_address ${double.ip_address}`);
  return pairs;
}

/** Options by name and IP version; one without a value takes the option away (Networking API v2.0, "Extra DHCP option"). */
export function mergeDhcpOptions(before: Port['extra_dhcp_opts'], given: PortUpdate['extra_dhcp_opts']): Port['extra_dhcp_opts'] {
  if (given === null) return [];
  const options = new Map(before.map((option) => [`${option.opt_name} ${option.ip_version}`, option]));
  for (const { opt_name, opt_value, ip_version } of given ?? []) {
    const version = Number(ip_version ?? 4);
    if (opt_value === null) options.delete(`${opt_name} ${version}`);
    else options.set(`${opt_name} ${version}`, { opt_name, opt_value, ip_version: version });
  }
  return [...options.values()];
}

/** Devices of the network's own; they need no filter in front of them. */
export const isNetworkDevice = (owner: string) => owner.startsWith('network:');
