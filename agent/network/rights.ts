import { existsSync } from 'node:fs';
import { CommandFailed, isInstalled, run } from '../run.ts';
import { filterText } from './filters.ts';
import { portOf } from './port.ts';

const programs: Record<string, string> = {
  ip: 'iproute2', bridge: 'iproute2', nft: 'nftables', dnsmasq: 'dnsmasq-base', nsenter: 'util-linux', unshare: 'util-linux', sysctl: 'procps',
};

/** What this machine lacks for guests' networks: one sentence each, with how to get it; empty where all is there. */
export async function missingForNetworks(): Promise<string[]> {
  const absent = Object.keys(programs).filter((program) => !isInstalled(program));
  const packages = [...new Set(absent.map((program) => programs[program]!))];
  const missing = [
    ...(process.getuid?.() === 0 ? [] : ['guests\' networks need root: start the agent as root (sudo)']),
    ...(absent.length > 0 ? [`${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} not installed: apt-get install ${packages.join(' ')}`] : []),
    ...((await hasBridgeFilter()) ? [] : ['the kernel module br_netfilter is not loaded: modprobe br_netfilter']),
  ];
  return missing.length > 0 ? missing : lackingFilters();
}

/** Whether this kernel and this nft take the rules that guests get: tried in a namespace that nobody uses. */
async function lackingFilters(): Promise<string[]> {
  const port = portOf({
    port_id: '00000000-0000-4000-8000-000000000001', network_id: '00000000-0000-4000-8000-000000000002', network_name: '', mac_address: 'fa:16:3e:00:00:01', mtu: 1500, port_security: true,
    fixed_ips: [{ ip_address: '192.0.2.2', subnet_id: '', cidr: '192.0.2.0/24', gateway_ip: null, version: 4, dns_nameservers: [], host_routes: [], enable_dhcp: true }],
    security_rules: [{ direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', port_range_min: 22, port_range_max: 23, remote_ip_prefix: null, remote_group_id: '00000000-0000-4000-8000-000000000003' }],
  });
  try {
    await run('unshare', ['--net', 'nft', '-c', '-f', '-'], { input: filterText([{ port, number: 1 }], 1, () => ['192.0.2.2', '192.0.2.64/26']) });
    return [];
  } catch (error) {
    const complaint = error instanceof CommandFailed ? error.stderr.trim().split('\n')[0] : (error as Error).message;
    return [`the kernel or nft does not take the rules that guests get (it needs nf_tables for bridge and inet, conntrack with marks, and limits): ${complaint}`];
  }
}

async function hasBridgeFilter(): Promise<boolean> {
  const there = () => existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables');
  if (!there() && process.getuid?.() === 0) await run('modprobe', ['br_netfilter']).catch(() => {});
  return there();
}
