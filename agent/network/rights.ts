import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../run.ts';

const programs: Record<string, string> = {
  ip: 'iproute2', bridge: 'iproute2', nft: 'nftables', dnsmasq: 'dnsmasq-base', nsenter: 'util-linux', sysctl: 'procps',
};

/** What this machine lacks for guests' networks: one sentence each, with how to get it; empty where all is there. */
export async function missingForNetworks(): Promise<string[]> {
  const absent = Object.keys(programs).filter((program) => !found(program));
  const packages = [...new Set(absent.map((program) => programs[program]!))];
  return [
    ...(process.getuid?.() === 0 ? [] : ['guests\' networks need root: start the agent as root (sudo)']),
    ...(absent.length > 0 ? [`${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} not installed: apt-get install ${packages.join(' ')}`] : []),
    ...((await hasBridgeFilter()) ? [] : ['the kernel module br_netfilter is not loaded: modprobe br_netfilter']),
  ];
}

const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
function found(program: string): boolean {
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function hasBridgeFilter(): Promise<boolean> {
  const there = () => existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables');
  if (!there() && process.getuid?.() === 0) await run('modprobe', ['br_netfilter']).catch(() => {});
  return there();
}
