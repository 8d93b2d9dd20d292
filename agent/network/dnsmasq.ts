import type { Port, PortAddress } from './port.ts';
import { LONGEST_IPV6, METADATA_IPV4, netmaskOf, rangeText } from './addresses.ts';
import { BRIDGE } from './names.ts';

export interface Guest { port: Port; /** Unique in the network. */ number: number; hostname: string | undefined }

const LEASE_SECONDS = 86_400;
/** An option's length is one byte. */
const MOST_OPTION_BYTES = 255;
const MOST_DNS6 = 15;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** What a DHCP client of the port gets: its first address of a version whose subnet has DHCP. */
export const leaseOf = (port: Port, version: 4 | 6): PortAddress | undefined =>
  port.addresses.find(({ address, subnet, dhcp }) => dhcp && address.version === version && (version === 4 || (subnet.prefix >= 64 && subnet.prefix <= LONGEST_IPV6)));

/**
 * dnsmasq's configuration for one network, all in one file: it starts in milliseconds, so a change is a new start, after which
 * it knows of no lease that another port had. Only ports have addresses here; whoever else asks hears nothing.
 */
export function dnsmasqConfig(guests: Guest[], { user, logFile }: { user: string; logFile: string }): string {
  const subnets = new Map<string, PortAddress['subnet']>();
  const hosts = new Map<string, string[]>(); // by address: twice the same would end dnsmasq; the later port counts
  for (const { port, number, hostname } of guests) {
    for (const version of [4, 6] as const) {
      const lease = leaseOf(port, version);
      if (!lease) continue;
      subnets.set(rangeText(lease.subnet), lease.subnet);
      hosts.set(lease.address.text, hostLines(port, `p${number}`, lease, hostname));
    }
  }
  const ranges = [...subnets.values()].flatMap((subnet) => (subnet.version === 4
    // The bridge has no address in the subnet: none of the tenant's is used up.
    ? [`shared-network=${BRIDGE},${subnet.text}`, `dhcp-range=${subnet.text},static,${netmaskOf(subnet)},${LEASE_SECONDS}`]
    : [`dhcp-range=${subnet.text},static,${subnet.prefix},${LEASE_SECONDS}`]));
  const ipv6 = [...subnets.values()].some(({ version }) => version === 6);
  return [
    'port=0', // no name server
    `interface=${BRIDGE}`, 'except-interface=lo', 'bind-interfaces', 'no-resolv', 'no-hosts', 'no-ping', 'leasefile-ro', 'dhcp-authoritative', 'dhcp-ignore-names',
    `user=${user}`, 'pid-file', `log-facility=${logFile}`, 'quiet-dhcp', 'quiet-dhcp6', 'quiet-ra',
    'dhcp-ignore=tag:!known',
    // Tells guests to ask by DHCPv6 and what is on the link, and that this is no router (lifetime 0).
    ...(ipv6 ? ['enable-ra', `ra-param=${BRIDGE},mtu:${Math.min(...guests.map(({ port }) => port.mtu))},60,0`] : []),
    ...ranges, ...[...hosts.values()].flat(),
  ].join('\n') + '\n';
}

function hostLines(port: Port, tag: string, { address, gateway, dns, routes }: PortAddress, hostname: string | undefined): string[] {
  if (address.version === 6) {
    return [
      `dhcp-host=${port.mac},set:${tag},[${address.text}],${LEASE_SECONDS}`,
      ...(dns.length > 0 ? [`dhcp-option=tag:${tag},option6:dns-server,${dns.slice(0, MOST_DNS6).map((each) => `[${each}]`).join(',')}`] : []),
    ];
  }
  const classless = classlessRoutes(gateway, routes);
  return [
    `dhcp-host=${port.mac},set:${tag},${address.text},${LEASE_SECONDS}`,
    `dhcp-option=tag:${tag},3${gateway === undefined ? '' : `,${gateway}`}`,
    `dhcp-option=tag:${tag},6${dns.slice(0, MOST_OPTION_BYTES / 4).map((each) => `,${each}`).join('')}`,
    `dhcp-option=tag:${tag},26,${port.mtu}`,
    ...(hostname !== undefined && label.test(hostname) ? [`dhcp-option=tag:${tag},12,${hostname}`] : []),
    `dhcp-option=tag:${tag},121,${classless}`,
    `dhcp-option=tag:${tag},249,${classless}`, // as older Windows knows it
  ];
}

/** RFC 3442: a client that reads these does not read the gateway's option. 0.0.0.0 is "on the link". */
function classlessRoutes(gateway: string | undefined, routes: PortAddress['routes']): string {
  const all = [
    [`${METADATA_IPV4}/32`, 32, '0.0.0.0'] as const,
    ...(gateway === undefined ? [] : [['0.0.0.0/0', 0, gateway] as const]),
    ...routes.map(({ destination, nexthop }) => [`${destination.text}/${destination.prefix}`, destination.prefix, nexthop] as const),
  ];
  let bytes = 0;
  return all.filter(([, prefix]) => (bytes += 5 + Math.ceil(prefix / 8)) <= MOST_OPTION_BYTES).map(([to, , via]) => `${to},${via}`).join(',');
}
