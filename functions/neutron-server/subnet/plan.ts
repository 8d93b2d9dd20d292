import { badResource, gatewayConflictWithAllocationPools, invalidAllocationPool, invalidAttribute, invalidInput, outOfBoundsAllocationPool, overlappingAllocationPools } from '../errors.ts';
import { formatAddress, parseAddress } from '../ipam/address.ts';
import { formatCidr, inside, isLoopback, isMulticast, overlaps, parseCidr, usable, usableAddress, type Cidr } from '../ipam/cidr.ts';
import { defaultPools, type AllocationPool } from '../ipam/pool.ts';
import type { Network, Subnet } from '../store/records.ts';
import type { SubnetCreate, SubnetUpdate } from './schema.ts';

const MAX_NAMESERVERS = 5; // neutron.conf: max_dns_nameservers
const MAX_HOST_ROUTES = 20; // max_subnet_host_routes
const IPV6_MINIMUM_MTU = 1280;
/** A network's record and what points to its subnets are deleted in one transaction, which has room for so many. */
const MAX_SUBNETS_OF_NETWORK = 45;

export type Addressing = Pick<
  Subnet, 'ip_version' | 'cidr' | 'gateway_ip' | 'allocation_pools' | 'dns_nameservers' | 'host_routes' | 'enable_dhcp' | 'ipv6_ra_mode' | 'ipv6_address_mode'
>;

/** What a new subnet's addresses are, everything that was not asked for filled in as Neutron does. */
export function planSubnet(given: SubnetCreate, network: Network): Addressing {
  const cidr = parseCidr(given.cidr);
  if (!cidr) throw invalidAttribute('cidr', `'${given.cidr}' is not a valid IP subnet`);
  if (cidr.version !== given.ip_version) throw invalidInput(`cidr '${given.cidr}' does not match the ip_version '${given.ip_version}'`);
  if (cidr.prefix === 0) throw invalidInput('0 is not allowed as CIDR prefix length');
  const enable_dhcp = given.enable_dhcp ?? true;
  if (enable_dhcp) checkDhcp(cidr);
  checkModes(given, enable_dhcp);
  if (given.ip_version === 6 && network.mtu < IPV6_MINIMUM_MTU) throw badResource('subnets', `the network's MTU ${network.mtu} is too small for IPv6`);
  checkRoom(network, cidr);
  const gateway_ip = given.gateway_ip === null ? null : given.gateway_ip === undefined ? defaultGateway(cidr) : gatewayIn(cidr, given.gateway_ip);
  return {
    ip_version: cidr.version,
    cidr: formatCidr(cidr),
    gateway_ip,
    allocation_pools: given.allocation_pools ? poolsIn(cidr, given.allocation_pools, gateway_ip) : defaultPools(formatCidr(cidr), gateway_ip),
    dns_nameservers: nameservers(cidr, given.dns_nameservers ?? []),
    host_routes: hostRoutes(cidr, given.host_routes ?? []),
    enable_dhcp,
    ipv6_ra_mode: given.ipv6_ra_mode ?? null,
    ipv6_address_mode: given.ipv6_address_mode ?? null,
  };
}

/** What a PUT changes of them. Addresses that ports have already stay theirs, whatever becomes of the pools. */
export function replanSubnet(subnet: Subnet, given: SubnetUpdate): Partial<Addressing> {
  const cidr = parseCidr(subnet.cidr)!;
  if (given.enable_dhcp && !subnet.enable_dhcp) checkDhcp(cidr);
  const gateway_ip = given.gateway_ip === undefined ? subnet.gateway_ip : given.gateway_ip === null ? null : gatewayIn(cidr, given.gateway_ip);
  const pools = given.allocation_pools ? poolsIn(cidr, given.allocation_pools, gateway_ip) : subnet.allocation_pools;
  if (given.gateway_ip) checkGatewayOutside(cidr, pools, gateway_ip);
  return {
    ...(given.enable_dhcp !== undefined && { enable_dhcp: given.enable_dhcp }),
    gateway_ip,
    allocation_pools: pools,
    ...(given.dns_nameservers !== undefined && { dns_nameservers: nameservers(cidr, given.dns_nameservers ?? []) }),
    ...(given.host_routes !== undefined && { host_routes: hostRoutes(cidr, given.host_routes ?? []) }),
  };
}

function checkRoom(network: Network, cidr: Cidr): void {
  const others = Object.values(network.subnets);
  if (others.some((other) => overlaps(parseCidr(other.cidr)!, cidr)))
    throw invalidInput(`Requested subnet with cidr: ${formatCidr(cidr)} for network: ${network.id} overlaps with another subnet`);
  if (others.length >= MAX_SUBNETS_OF_NETWORK) throw badResource('subnets', `a network has at most ${MAX_SUBNETS_OF_NETWORK} subnets`);
}

function checkDhcp(cidr: Cidr): void {
  if (cidr.prefix > (cidr.version === 4 ? 30 : 126)) throw invalidInput('Subnet has a prefix length that is incompatible with DHCP service enabled');
  if (isMulticast(cidr)) throw invalidInput('Multicast IP subnet is not supported if enable_dhcp is True');
  if (isLoopback(cidr)) throw invalidInput('Loopback IP subnet is not supported if enable_dhcp is True');
  if (cidr.first === 0n) throw invalidInput("First IP '0.0.0.0' of network is not supported if enable_dhcp is True.");
}

function checkModes({ ip_version, ipv6_ra_mode: ra, ipv6_address_mode: address, cidr }: SubnetCreate, dhcp: boolean): void {
  for (const [name, mode] of [['ipv6_ra_mode', ra], ['ipv6_address_mode', address]] as const) {
    if (!mode) continue;
    if (ip_version === 4) throw invalidInput(`${name} is not valid when ip_version is 4`);
    if (!dhcp) throw invalidInput('ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False');
    if (mode !== 'dhcpv6-stateful' && parseCidr(cidr)!.prefix !== 64) throw invalidInput(`Invalid CIDR ${cidr} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64`);
  }
  if (ra && address && ra !== address) throw invalidInput(`ipv6_ra_mode set to '${ra}' with ipv6_address_mode set to '${address}' is not valid. If both attributes are set, they must be the same value`);
}

const defaultGateway = (cidr: Cidr) => {
  const { first, last } = usable(cidr);
  const value = cidr.version === 6 ? cidr.first + 1n : first;
  return value > last ? null : formatAddress({ version: cidr.version, value });
};

function gatewayIn(cidr: Cidr, text: string): string {
  const address = parseAddress(text);
  if (!address) throw invalidAttribute('gateway_ip', `'${text}' is not a valid IP address`);
  if (address.version !== cidr.version) throw invalidInput(`gateway_ip '${text}' does not match the ip_version '${cidr.version}'`);
  // outside of the subnet it may stand, as Neutron lets it
  if (inside(cidr, address) && !usableAddress(cidr, address)) throw invalidInput('Gateway is not valid on subnet');
  return formatAddress(address);
}

function poolsIn(cidr: Cidr, given: AllocationPool[], gateway: string | null): AllocationPool[] {
  const ranges = given.map((pool) => {
    const [start, end] = [parseAddress(pool.start), parseAddress(pool.end)];
    const name = `${pool.start}-${pool.end}`;
    for (const [text, address] of [[pool.start, start], [pool.end, end]] as const) if (!address) throw invalidAttribute('allocation_pools', `'${text}' is not a valid IP address`);
    if (start!.version !== cidr.version || end!.version !== cidr.version || start!.value > end!.value) throw invalidAllocationPool(name);
    const { first, last } = usable(cidr);
    if (start!.value < first || end!.value > last) throw outOfBoundsAllocationPool(name, formatCidr(cidr));
    return { name, start: start!.value, end: end!.value };
  });
  for (const [i, one] of ranges.entries())
    for (const other of ranges.slice(i + 1)) if (one.start <= other.end && other.start <= one.end) throw overlappingAllocationPools(one.name, other.name, formatCidr(cidr));
  const text = (value: bigint) => formatAddress({ version: cidr.version, value });
  const pools = ranges.map(({ start, end }) => ({ start: text(start), end: text(end) }));
  checkGatewayOutside(cidr, pools, gateway);
  return pools;
}

function checkGatewayOutside(cidr: Cidr, pools: AllocationPool[], gateway: string | null): void {
  const address = gateway === null ? undefined : parseAddress(gateway);
  if (!address || !inside(cidr, address)) return;
  const pool = pools.find(({ start, end }) => parseAddress(start)!.value <= address.value && address.value <= parseAddress(end)!.value);
  if (pool) throw gatewayConflictWithAllocationPools(gateway!, `${pool.start}-${pool.end}`);
}

function nameservers(cidr: Cidr, given: string[]): string[] {
  if (given.length > MAX_NAMESERVERS) throw badResource('subnets', `The number of DNS nameservers exceeds the limit ${MAX_NAMESERVERS}`);
  const servers = given.map((text) => {
    const address = parseAddress(text);
    if (!address) throw invalidAttribute('dns_nameservers', `'${text}' is not a valid nameserver. '${text}' is not a valid IP address`);
    if (address.version !== cidr.version) throw invalidInput(`dns_nameserver '${text}' does not match the ip_version '${cidr.version}'`);
    return formatAddress(address);
  });
  const double = servers.find((server, i) => servers.indexOf(server) !== i);
  if (double) throw invalidAttribute('dns_nameservers', `Duplicate nameserver '${double}'`);
  return servers;
}

function hostRoutes(cidr: Cidr, given: { destination: string; nexthop: string }[]): { destination: string; nexthop: string }[] {
  if (given.length > MAX_HOST_ROUTES) throw badResource('subnets', `The number of host routes exceeds the limit ${MAX_HOST_ROUTES}`);
  return given.map(({ destination, nexthop }) => {
    const [to, via] = [parseCidr(destination), parseAddress(nexthop)];
    if (!to) throw invalidAttribute('host_routes', `'${destination}' is not a valid CIDR`);
    if (!via) throw invalidAttribute('host_routes', `'${nexthop}' is not a valid IP address`);
    if (to.version !== cidr.version || via.version !== cidr.version) throw invalidInput(`host_routes '${destination}' does not match the ip_version '${cidr.version}'`);
    return { destination: formatCidr(to), nexthop: formatAddress(via) };
  });
}
