import { existsSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { run } from '../run.ts';
import { LONGEST_IPV6, METADATA_IPV4, METADATA_IPV6, rangeText } from './addresses.ts';
import { BRIDGE, bridgeMac, namespaceFile, tapName } from './names.ts';
import { macsOf, ownAddresses, type Port } from './port.ts';

const NSFS = 0x6e736673;
export const withIpv6 = existsSync('/proc/sys/net/ipv6');

/** Runs a program in the namespace. */
export const runIn = (namespace: string, program: string, args: readonly string[], input = ''): Promise<string> =>
  run('nsenter', [`--net=${namespaceFile(namespace)}`, program, ...args], { input });

/** Its file may be there without it: `ip` ended between the two. */
export const namespaceExists = (name: string): boolean => existsSync(namespaceFile(name)) && statfsSync(namespaceFile(name)).type === NSFS;

export const namespacesWith = (prefix: string): string[] => (existsSync('/run/netns') ? readdirSync('/run/netns').filter((name) => name.startsWith(prefix)) : []);

/** Without its processes: the caller has ended them. Its bridge, filters and connections go with it. */
export async function removeNamespace(name: string): Promise<void> {
  if (namespaceExists(name)) await run('ip', ['netns', 'delete', name]);
  else rmSync(namespaceFile(name), { force: true });
}

interface Link { ifname: string; master?: string }
export const linksIn = async (name: string): Promise<Map<string, Link>> =>
  new Map((JSON.parse((await run('ip', ['-n', name, '-j', 'link', 'show'])) || '[]') as Link[]).map((link) => [link.ifname, link]));

/** A namespace that forwards nothing, its bridge, and a way to each subnet: the bridge itself has only the metadata service's addresses. */
export async function makeNamespace(name: string, network_id: string, ports: Port[]): Promise<void> {
  if (!namespaceExists(name)) {
    rmSync(namespaceFile(name), { force: true });
    await run('ip', ['netns', 'add', name]);
  }
  await runIn(name, 'sysctl', ['-qw',
    'net.ipv4.ip_forward=0', 'net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0',
    'net.bridge.bridge-nf-call-iptables=1',
    ...(withIpv6 ? ['net.bridge.bridge-nf-call-ip6tables=1', 'net.ipv6.conf.all.forwarding=0', 'net.ipv6.conf.default.disable_ipv6=1', 'net.ipv6.conf.default.accept_ra=0'] : []),
  ]);
  if (!(await linksIn(name)).has(BRIDGE)) {
    await run('ip', ['-n', name, 'link', 'add', BRIDGE, 'address', bridgeMac(network_id), 'type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0']);
  }
  if (withIpv6) await runIn(name, 'sysctl', ['-qw', `net.ipv6.conf.${BRIDGE}.accept_ra=0`, `net.ipv6.conf.${BRIDGE}.accept_dad=0`, `net.ipv6.conf.${BRIDGE}.disable_ipv6=0`]);
  const subnets = new Map(ports.flatMap(({ addresses }) => addresses).map(({ subnet }) => [rangeText(subnet), subnet]));
  await batch(name, [
    `link set dev ${BRIDGE} mtu ${Math.max(1280, ...ports.map(({ mtu }) => mtu))}`,
    `link set dev ${BRIDGE} up`,
    `addr replace ${METADATA_IPV4}/32 dev ${BRIDGE}`,
    ...(withIpv6 ? [`addr replace ${METADATA_IPV6}/64 dev ${BRIDGE} nodad`] : []),
    ...[...subnets.values()].filter(({ version, prefix }) => version === 4 || (withIpv6 && prefix <= LONGEST_IPV6)).map(({ version, text, prefix }) => (version === 4
      ? `route replace ${text}/${prefix} dev ${BRIDGE} scope link src ${METADATA_IPV4}`
      // The subnet's routers' address, which no guest has: dnsmasq tells of a subnet only where it has an address in it.
      : `addr replace ${text}/${prefix} dev ${BRIDGE} nodad`)),
    // Whose address is whose is known: no guest talks the metadata service's answers for another over to itself.
    `neigh flush dev ${BRIDGE} nud permanent`,
    ...ports.flatMap((port) => ownAddresses(port).filter((address) => withIpv6 || !address.includes(':')).map((address) => `neigh replace ${address} lladdr ${port.mac} dev ${BRIDGE} nud permanent`)),
  ]);
}

/** The tap as a port of the bridge. Frames for a guest go to it alone; its addresses are known, so the bridge learns nothing from it. */
export async function connectTap(name: string, port: Port): Promise<void> {
  const tap = tapName(port.id);
  const learns = !port.secured || macsOf(port).length > 1;
  const flag = (on: boolean) => (on ? 'on' : 'off');
  await batch(name, [
    `link set dev ${tap} mtu ${port.mtu} master ${BRIDGE}`,
    `link set dev ${tap} type bridge_slave learning ${flag(learns)} flood ${flag(learns)}`,
    `link set dev ${tap} up`,
  ]);
  await run('bridge', ['-n', name, 'fdb', 'replace', port.mac, 'dev', tap, 'master', 'static', 'sticky']);
}

/** From the host's own namespace, where libvirt makes it. False: it isn't there. */
export async function fetchTap(name: string, tap: string): Promise<boolean> {
  if (!existsSync(`/sys/class/net/${tap}`)) return false;
  await run('ip', ['link', 'set', 'dev', tap, 'netns', name]);
  return true;
}

/** A guest that is just ending takes its own along. */
export async function removeTap(name: string, tap: string): Promise<void> {
  await run('ip', ['-n', name, 'link', 'delete', 'dev', tap]).catch(async (error: unknown) => {
    if ((await linksIn(name)).has(tap)) throw error;
  });
}

const batch = (name: string, lines: string[]) => run('ip', ['-n', name, '-batch', '-'], { input: lines.join('\n') + '\n' });
