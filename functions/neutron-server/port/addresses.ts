import { randomBytes } from 'node:crypto';
import { StoreBusy } from '../../../shared/store/errors.ts';
import {
  allocationOnAutoAddressSubnet, invalidAttribute, invalidInput, invalidIpForNetwork, invalidIpForSubnet, ipAddressAlreadyAllocated, ipAddressGenerationFailure,
  resourceNotFound,
} from '../errors.ts';
import { formatAddress, parseAddress } from '../ipam/address.ts';
import { parseCidr, usableAddress } from '../ipam/cidr.ts';
import { eui64Address } from '../ipam/eui64.ts';
import { freeAddress, type Random } from '../ipam/pool.ts';
import { isMarked } from '../store/deletion.ts';
import type { FixedIp, Network, Subnet } from '../store/records.ts';
import { takenAddresses, type Clash } from './store.ts';

/** One address that a port is to have: a certain one, or any out of the first of these subnets that has one. */
export type Want = { subnet: Subnet; address: string } | { anyOf: Subnet[] } | { derivedIn: Subnet };

const isAutomatic = ({ ipv6_address_mode }: Subnet) => ipv6_address_mode === 'slaac' || ipv6_address_mode === 'dhcpv6-stateless';
const inOrder = (subnets: Subnet[]) => [...subnets].sort((a, b) => (a.created_at + a.id < b.created_at + b.id ? -1 : 1));

/** What a request's `fixed_ips` ask for; without them one address per IP version, and the one that guests make up in every SLAAC subnet. */
export function wantsOf(network: Network, fixedIps: { subnet_id?: string; ip_address?: string }[] | undefined): Want[] {
  const subnets = inOrder(Object.values(network.subnets).filter((subnet) => !isMarked(subnet)));
  const automatic = subnets.filter(isAutomatic);
  if (fixedIps === undefined) {
    const pooled = [4, 6].map((version) => subnets.filter((subnet) => subnet.ip_version === version && !isAutomatic(subnet)));
    return [...pooled.filter((some) => some.length).map((anyOf) => ({ anyOf })), ...automatic.map((derivedIn) => ({ derivedIn }))];
  }
  const wants = fixedIps.map((fixedIp) => wantOf(network, subnets, fixedIp));
  const addresses = wants.flatMap((want) => ('address' in want ? [want.address] : []));
  const double = addresses.find((address, i) => addresses.indexOf(address) !== i);
  if (double) throw invalidAttribute('fixed_ips', `Duplicate IP address '${double}'`);
  return wants;
}

function wantOf(network: Network, subnets: Subnet[], { subnet_id, ip_address }: { subnet_id?: string; ip_address?: string }): Want {
  const address = ip_address === undefined ? undefined : parseAddress(ip_address);
  if (ip_address !== undefined && !address) throw invalidAttribute('fixed_ips', `'${ip_address}' is not a valid IP address`);
  if (subnets.length === 0) throw invalidInput('IP allocation requires subnets for network');
  if (subnet_id === undefined) {
    if (!address) throw invalidInput('IP allocation requires subnet_id or ip_address');
    const subnet = subnets.find(({ cidr }) => usableAddress(parseCidr(cidr)!, address));
    if (!subnet) throw invalidIpForNetwork(ip_address!);
    return { subnet, address: formatAddress(address) };
  }
  const subnet = subnets.find(({ id }) => id === subnet_id);
  if (!subnet) throw network.subnets[subnet_id] ? resourceNotFound('subnet', subnet_id) : invalidInput(`Failed to create port on network ${network.id}, because fixed_ips included invalid subnet ${subnet_id}`);
  if (!address) return isAutomatic(subnet) ? { derivedIn: subnet } : { anyOf: [subnet] };
  if (!usableAddress(parseCidr(subnet.cidr)!, address)) throw invalidIpForSubnet(ip_address!);
  if (isAutomatic(subnet)) throw allocationOnAutoAddressSubnet(ip_address!, subnet_id);
  return { subnet, address: formatAddress(address) };
}

const random: Random = (n) => BigInt(`0x${randomBytes(20).toString('hex')}`) % n;

/**
 * Chooses a port's addresses, and others when some turn out to be taken. The first choice is blind; only who meets somebody
 * reads what is taken, so a port in a roomy subnet costs no read.
 */
export function chooser(network: Network, wants: Want[], keep: FixedIp[] = []) {
  const taken = new Map<string, Set<string>>(); // by subnet, as far as known
  const takenIn = (subnet: string) => taken.get(subnet) ?? taken.set(subnet, new Set()).get(subnet)!;
  const exact = new Set(wants.flatMap((want) => ('address' in want ? [want.address] : [])));
  let clashes = 0;

  function choose(mac: string): FixedIp[] {
    const chosen: FixedIp[] = [...keep];
    for (const want of wants) {
      if ('address' in want) chosen.push({ subnet_id: want.subnet.id, ip_address: want.address });
      else if ('derivedIn' in want) chosen.push({ subnet_id: want.derivedIn.id, ip_address: eui64Address(want.derivedIn.cidr, mac) });
      else chosen.push(free(want.anyOf, chosen));
    }
    return chosen;
  }

  function free(subnets: Subnet[], chosen: FixedIp[]): FixedIp {
    for (const subnet of subnets) {
      const out = new Set([...takenIn(subnet.id), ...chosen.map(({ ip_address }) => ip_address), ...exact]);
      const ip_address = freeAddress(subnet.ip_version, subnet.allocation_pools, out, random);
      if (ip_address) return { subnet_id: subnet.id, ip_address };
    }
    throw ipAddressGenerationFailure(network.id);
  }

  /** Learns from a clash. Throws where there is no other choice. */
  async function learn(clash: Clash & { of: 'address' }): Promise<void> {
    const { subnet_id, ip_address } = clash;
    if (exact.has(ip_address)) throw ipAddressAlreadyAllocated(ip_address, subnet_id);
    if (wants.some((want) => 'derivedIn' in want && want.derivedIn.id === subnet_id)) throw ipAddressAlreadyAllocated(ip_address, subnet_id);
    if (++clashes > 60) throw new StoreBusy('too many ask for addresses of this subnet at once');
    if (clashes % 3 === 1) taken.set(subnet_id, await takenAddresses(subnet_id));
    else takenIn(subnet_id).add(ip_address);
  }

  return { choose, learn };
}
