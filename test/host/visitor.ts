import { randomBytes } from 'node:crypto';
import { run } from '../../agent/run.ts';
import type { Api } from '../support/api.ts';

/**
 * A place in a guests' network from which a test looks at them. Nothing on the host may speak to a guest, so the visitor sits down in
 * the seat of a server that the cloud put there: at the server's tap, with its port's addresses, under its port's rules. The server
 * itself is cut off by that and should be paused.
 */
export interface Visitor {
  address: string;
  /** The network's namespace on the host. */
  namespace: string;
  /** Whether one of `count` pings is answered, each waited for a second. */
  pings(address: string, count?: number): Promise<boolean>;
  /** Whether a TCP connection comes about within 0.8 s. */
  connects(address: string, port: number): Promise<boolean>;
  /** The body of an answer with status 200. Throws where there is none within `seconds`. */
  fetch(url: string, options?: { body?: string; seconds?: number }): Promise<string>;
  leave(): Promise<void>;
}

export async function visitInPlaceOf(api: Api, server: string): Promise<Visitor> {
  const { ports: [port] } = (await api.get(`/network/v2.0/ports?device_id=${server}`)).body;
  const { subnet } = (await api.get(`/network/v2.0/subnets/${port.fixed_ips[0].subnet_id}`)).body;
  const address: string = port.fixed_ips[0].ip_address;
  const namespace = await namespaceOf(port.network_id);
  const tap = `tap${port.id.slice(0, 11)}`;
  const own = `visit-${randomBytes(4).toString('hex')}`;
  const inside = (program: string, ...args: string[]) => run('ip', ['netns', 'exec', own, program, ...args]);

  await run('ip', ['netns', 'add', own]);
  await run('ip', ['-n', namespace, 'link', 'set', 'dev', tap, 'nomaster', 'down']);
  await run('ip', ['-n', namespace, 'link', 'set', 'dev', tap, 'name', `old${tap.slice(3)}`]);
  await run('ip', ['-n', namespace, 'link', 'add', tap, 'type', 'veth', 'peer', 'name', 'eth0', 'address', port.mac_address, 'netns', own]);
  await run('ip', ['-n', namespace, 'link', 'set', 'dev', tap, 'master', 'br0', 'up']);
  await run('ip', ['-n', own, 'link', 'set', 'dev', 'lo', 'up']);
  await run('ip', ['-n', own, 'addr', 'add', `${address}/${subnet.cidr.split('/')[1]}`, 'dev', 'eth0']);
  await run('ip', ['-n', own, 'link', 'set', 'dev', 'eth0', 'up']);

  return {
    address, namespace,
    pings: (to, count = 1) => inside('ping', '-q', '-c', String(count), '-W', '1', to).then(() => true, () => false),
    connects: (to, port) => inside('timeout', '0.8', 'bash', '-c', 'exec 3<> "/dev/tcp/$1/$2"', 'bash', to, String(port)).then(() => true, () => false),
    fetch: (url, { body, seconds = 5 } = {}) => inside('curl', '-sSf', '-m', String(seconds), ...(body === undefined ? [] : ['--data-binary', body]), url),
    async leave() {
      await run('ip', ['netns', 'del', own]).catch(() => {});
      await run('ip', ['-n', namespace, 'link', 'del', 'dev', tap]).catch(() => {});
    },
  };
}

export async function namespaceOf(network_id: string): Promise<string> {
  const found = (await namespaces()).filter((name) => name.endsWith(network_id));
  if (found.length !== 1) throw new Error(`network ${network_id} has ${found.length} namespaces`);
  return found[0]!;
}

export const namespaces = async (): Promise<string[]> => (await run('ip', ['netns', 'list'])).split('\n').filter(Boolean).map((line) => line.split(' ')[0]!);
