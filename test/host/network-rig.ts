import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import type { SpawnArgs, Vif } from '../../shared/agent/command.ts';
import { type HostNetwork, hostNetwork, missingForNetworks } from '../../agent/network/network.ts';
import { namespacePrefix } from '../../agent/network/names.ts';
import { isInstalled, run } from '../../agent/run.ts';

export const allowAll = { port_range_min: null, port_range_max: null, remote_ip_prefix: null, remote_group_id: null, protocol: null } as const;
export const egressAll: Vif['security_rules'] = [{ direction: 'egress', ethertype: 'IPv4', ...allowAll }, { direction: 'egress', ethertype: 'IPv6', ...allowAll }];
export const ingress = (protocol: string | null, from: number | null = null, to = from): Vif['security_rules'][number] =>
  ({ direction: 'ingress', ethertype: 'IPv4', ...allowAll, protocol, port_range_min: from, port_range_max: to });

export const newMac = (): string => `fa:16:3e${randomBytes(3).toString('hex').replace(/../g, ':$&')}`;
export const subnet4 = { subnet_id: randomUUID(), cidr: '10.9.0.0/24', gateway_ip: '10.9.0.1', version: 4, dns_nameservers: ['192.0.2.53'], host_routes: [{ destination: '192.0.2.0/24', nexthop: '10.9.0.77' }], enable_dhcp: true };
export const subnet6 = { subnet_id: randomUUID(), cidr: 'fd00:9::/64', gateway_ip: null, version: 6, dns_nameservers: ['fd00:9::53'], host_routes: [], enable_dhcp: true };

export function vifOf(network_id: string, last: number, more: Partial<Vif> = {}): Vif {
  return {
    port_id: randomUUID(), network_id, network_name: 'net', mac_address: newMac(), mtu: 1442, port_security: true,
    fixed_ips: [{ ...subnet4, ip_address: `10.9.0.${last}` }, { ...subnet6, ip_address: `fd00:9::${last}` }], security_rules: egressAll, ...more,
  };
}

export const spawnArgs = (uuid: string, vifs: Vif[], more: Partial<SpawnArgs> = {}): SpawnArgs => ({
  instance_uuid: uuid, project_id: 'p', user_id: 'u', name: 'A guest', hostname: 'a-guest', launch_index: 0,
  flavor: { name: 'm1.tiny', vcpus: 1, memory_mb: 128, root_gb: 1, ephemeral_gb: 0, swap: 0, extra_specs: {} }, image_properties: {},
  disks: [], vifs, config_drive: false, key_name: null, key_data: null, user_data: null, metadata: {}, availability_zone: 'nova', console_public_key: '', ...more,
});

/** One host's networks in a folder of their own; the guests are namespaces, their interfaces one end of a veth. */
export function networkRig(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-net-'));
  const sources = new Map<string, SpawnArgs>();
  const open = (): HostNetwork => hostNetwork({ host: 'test', folder, metadata: (guest) => sources.get(guest) });
  let network = open();
  const guests: Guest[] = [];
  t.after(async () => {
    for (const guest of guests) await guest.delete();
    for (const { vif } of guests) await network.unplug(vif.port_id).catch(() => {});
    network.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A guest with one interface; not plugged yet. */
  async function guest(vif: Vif, more: Partial<SpawnArgs> = {}): Promise<Guest> {
    const uuid = randomUUID();
    sources.set(uuid, spawnArgs(uuid, [vif], more));
    const namespace = `guest-${uuid.slice(0, 8)}`;
    const tap = network.tapName(vif.port_id);
    const it: Guest = {
      uuid, vif, namespace, tap,
      run: (program, ...args) => run('nsenter', [`--net=/run/netns/${namespace}`, program, ...args], { timeoutMs: 20_000 }),
      async makeTap() {
        await run('ip', ['netns', 'add', namespace]);
        await run('ip', ['link', 'add', tap, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace, 'address', vif.mac_address]);
        await it.run('ip', 'link', 'set', 'eth0', 'mtu', '1442', 'up');
      },
      async address() {
        for (const { ip_address, cidr, version } of vif.fixed_ips) await it.run('ip', 'addr', 'add', `${ip_address}/${cidr.split('/')[1]}`, 'dev', 'eth0', ...(version === 6 ? ['nodad'] : []));
      },
      async start() {
        await network.prepare(uuid, vif);
        await it.makeTap();
        await network.plug(uuid, vif);
        await it.address();
        return it;
      },
      ends: [],
      async delete() {
        for (const end of it.ends.splice(0)) end();
        await run('ip', ['netns', 'delete', namespace]).catch(() => {});
      },
    };
    guests.push(it);
    return it;
  }

  return {
    folder, sources, guest,
    get network() { return network; },
    /** As after a restart of the agent. */
    async restart(): Promise<void> {
      network.close();
      network = open();
      await network.recover();
    },
    /** Ports that the host knows of. */
    ports: () => network.ports().map(({ port_id }) => port_id),
    namespaces: async () => (await run('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0]!).filter((name) => name.startsWith(namespacePrefix(folder))),
  };
}
export interface Guest {
  uuid: string; vif: Vif; namespace: string; tap: string;
  run(program: string, ...args: string[]): Promise<string>;
  makeTap(): Promise<void>;
  address(): Promise<void>;
  /** prepare, tap, plug, addresses by hand. */
  start(): Promise<Guest>;
  delete(): Promise<void>;
  /** What its end ends. */
  ends: (() => void)[];
}

export const pings = (from: Guest, to: string): Promise<boolean> => from.run('ping', '-c1', '-W1', to).then(() => true, () => false);

/** Why these tests can't run here; undefined where they can. */
export async function reasonToSkip(): Promise<string | undefined> {
  const missing = await missingForNetworks();
  const programs = ['busybox', 'ping', 'curl', 'dhclient', 'python3'].filter((program) => !isInstalled(program));
  return [...missing, ...(programs.length > 0 ? [`${programs.join(', ')} not installed`] : [])].join('; ') || undefined;
}

/** What a real DHCP client of the guest got, as it gives it to its script; undefined where nobody answered. */
export async function dhcp(guest: Guest, folder: string): Promise<Record<string, string> | undefined> {
  const script = join(folder, 'udhcpc'), answer = join(folder, 'lease');
  writeFileSync(script, `#!/bin/sh\n[ "$1" = bound ] && env > ${answer}\nexit 0\n`, { mode: 0o755 });
  rmSync(answer, { force: true });
  await guest.run('busybox', 'udhcpc', '-i', 'eth0', '-f', '-n', '-q', '-t', '3', '-T', '1', '-s', script, '-O', 'staticroutes', '-O', 'mtu', '-O', 'msstaticroutes').catch(() => {});
  if (!existsSync(answer)) return undefined;
  return Object.fromEntries(readFileSync(answer, 'utf8').split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

/** What a real DHCPv6 client got; undefined where nobody answered. */
export async function dhcp6(guest: Guest, folder: string): Promise<{ address: string | undefined; nameServers: string | undefined } | undefined> {
  const lease = join(folder, 'lease6');
  rmSync(lease, { force: true });
  const ready = async () => (await guest.run('ip', '-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'link', '-tentative')).includes('fe80:');
  for (let tries = 0; tries < 100 && !(await ready()); tries++) await sleep(50);
  await guest.run('timeout', '8', 'dhclient', '-6', '-1', '-lf', lease, '-pf', join(folder, 'dhclient.pid'), '-sf', '/bin/true', 'eth0').catch(() => {});
  for (const pid of existsSync(join(folder, 'dhclient.pid')) ? [Number(readFileSync(join(folder, 'dhclient.pid'), 'utf8'))] : []) if (pid > 1) process.kill(pid);
  const text = existsSync(lease) ? readFileSync(lease, 'utf8') : '';
  const found = (pattern: RegExp) => pattern.exec(text)?.[1];
  return text.includes('iaaddr') ? { address: found(/iaaddr (\S+)/), nameServers: found(/name-servers (.*);/) } : undefined;
}

/** Echoes what comes to a TCP port, until the guest goes. */
export async function serveEcho(guest: Guest, port: number): Promise<void> {
  const child = spawn('nsenter', [`--net=/run/netns/${guest.namespace}`, 'busybox', 'nc', '-ll', '-p', String(port), '-e', 'cat'], { stdio: 'ignore' });
  guest.ends.push(() => child.kill());
  for (let tries = 0; tries < 50 && !(await guest.run('ss', '-Hltn')).includes(`:${port}`); tries++) await sleep(50);
}

/** A TCP connection from inside a guest that says a word and hears it back. */
export function connection(guest: Guest, to: string, port: number) {
  const child = spawn('nsenter', [`--net=/run/netns/${guest.namespace}`, 'busybox', 'nc', '-w', '2', to, String(port)], { stdio: ['pipe', 'pipe', 'ignore'] });
  guest.ends.push(() => child.kill());
  let heard = '';
  child.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  child.stdin.on('error', () => {});
  return async (word: string, withinMs = 2500): Promise<boolean> => {
    child.stdin.write(`${word}\n`);
    for (const until = Date.now() + withinMs; Date.now() < until && !heard.includes(word);) await sleep(25);
    return heard.includes(word);
  };
}

/** dnsmasq processes whose files lie in the folder. */
export const dnsmasqs = (folder: string): number[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--conf-file=${folder}/`);
  } catch {
    return false;
  }
}).map(Number);

/** Of a guest's frames those that reach another one; each is given without its MAC addresses, in hex. The sender's is its own. */
export async function framesThatReach(from: Guest, to: Guest, frames: string[]): Promise<string[]> {
  const heard = to.run('python3', '-c', capture);
  await sleep(500);
  const mac = (guest: Guest) => guest.vif.mac_address.replaceAll(':', '');
  await from.run('python3', '-c', send, ...frames.map((frame) => mac(to) + mac(from) + frame));
  const all = (await heard).split('\n');
  return frames.filter((frame) => all.some((line) => line.slice(24).startsWith(frame)));
}
const send = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('eth0', 0))
for frame in sys.argv[1:]: s.send(bytes.fromhex(frame))
`;
const capture = `
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(('eth0', 0))
end = time.time() + 2
while (left := end - time.time()) > 0:
    s.settimeout(left)
    try: print(s.recv(4096).hex())
    except TimeoutError: break
`;
