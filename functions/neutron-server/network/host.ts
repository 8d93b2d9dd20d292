import { absent } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { networkOnOtherHost } from '../errors.ts';
import { db } from '../store/db.ts';
import { newMark } from '../store/deletion.ts';
import { networkHostKey, resourceKey } from '../store/keys.ts';
import type { Network, Port } from '../store/records.ts';

/**
 * Some hosts keep their networks to themselves: nova-compute says so in a port's `binding:profile`. A network with a port on such
 * a host is that host's, and no other host gets a port of it, until its last port there goes. The network's host is a record of
 * its own, taken before a port is bound and looked at again afterwards; who gives it up marks it, looks for ports, and takes it
 * away only if its mark is still there. Both write before they read, so one of the two sees the other (as in store/deletion.ts).
 */
export interface NetworkHost { host: string; taken_at: string; releasing?: string; [attribute: string]: unknown }

type Named = Pick<Network, 'id' | 'name'>;
type Bound = Pick<Port, 'network_id' | 'binding:host_id' | 'binding:profile'>;

export const HOST_LOCAL = 'host_local_network';
export const isLocal = (port: Bound | undefined): boolean => !!port && port['binding:host_id'] !== '' && port['binding:profile'][HOST_LOCAL] === true;

/** Whoever took it a moment ago may not have bound his port yet; requests end after 29 s. */
const FRESH_MS = 30_000;

/** Before a port is bound: throws where the network is on another host; takes it where it is on none. No request where it is here already. */
export async function reachHost(network: Named, port: Bound, seen: NetworkHost | undefined): Promise<void> {
  const host = port['binding:host_id'];
  if (host === '') return;
  if (!isLocal(port)) return refuseOthers(network, host, seen);
  if (seen?.host === host && !seen.releasing) return;
  if (seen && seen.host !== host) {
    if (Date.now() - Date.parse(seen.taken_at) < FRESH_MS || !(await giveUp(network.id, seen.host))) throw networkOnOtherHost(network, seen.host, host);
  }
  await take(network, host);
}

/** After it was bound: is the network still here? Throws where it went to another host meanwhile. `seen` was read after the port was written. */
export async function stillHere(network: Named, port: Bound, seen: NetworkHost | undefined): Promise<void> {
  const host = port['binding:host_id'];
  if (host === '') return;
  if (!isLocal(port)) return refuseOthers(network, host, seen);
  if (seen?.host === host && !seen.releasing) return;
  await take(network, host);
}

function refuseOthers(network: Named, host: string, seen: NetworkHost | undefined): void {
  if (seen && seen.host !== host) throw networkOnOtherHost(network, seen.host, host);
}

/** After a port left its host: the last one there gives the network up. */
export async function leaveHost(before: Bound | undefined, after: Bound | undefined): Promise<void> {
  if (!before || !isLocal(before) || (isLocal(after) && after!['binding:host_id'] === before['binding:host_id'])) return;
  if (!(await hostsOf(before.network_id)).includes(before['binding:host_id'])) await giveUp(before.network_id, before['binding:host_id']);
}

export const networkHost = (id: string) => db.get<NetworkHost>(networkHostKey(id));
/** Networks together with the hosts that keep some of them to themselves, by network: one request for every fifty. */
export async function networksAndHosts(ids: string[]): Promise<{ networks: Network[]; hosts: Map<string, string> }> {
  const items = await db.getMany<(Network | NetworkHost) & { pk: string; sk: string }>(ids.flatMap((id) => [resourceKey('network', id), networkHostKey(id)]));
  const hosts = items.filter(({ sk }) => sk === networkHostKey('').sk) as (NetworkHost & { pk: string })[];
  return { networks: items.filter(({ sk }) => sk === 'network') as unknown as Network[], hosts: new Map(hosts.map(({ pk, host }) => [pk.slice('network#'.length), host])) };
}

async function take(network: Named, host: string): Promise<void> {
  const other = (await hostsOf(network.id)).find((each) => each !== host);
  if (other) throw networkOnOtherHost(network, other, host);
  try {
    await db.update(networkHostKey(network.id), { set: { host, taken_at: new Date().toISOString() }, remove: ['releasing'] }, [{ host: absent() }, { host }]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw networkOnOtherHost(network, (error.item as unknown as NetworkHost | undefined)?.host ?? 'another', host);
  }
}

/** Where ports of the network are bound. */
async function hostsOf(network: string): Promise<string[]> {
  const ports = await db.query<{ port_id: string; host?: string }>({ pk: `macs#${network}` });
  const bare = ports.filter(({ host }) => host === undefined); // written before this was kept there
  const known = bare.length ? await db.getMany<Port & { pk: string; sk: string }>(bare.map(({ port_id }) => resourceKey('port', port_id))) : [];
  return [...new Set([...ports.map(({ host }) => host ?? ''), ...known.map((port) => port['binding:host_id'])])].filter(Boolean);
}

/** Whether the network is on no host now. */
async function giveUp(network: string, host: string): Promise<boolean> {
  const releasing = newMark();
  const key = networkHostKey(network);
  try {
    await db.update(key, { set: { releasing } }, { host });
    if ((await hostsOf(network)).includes(host)) {
      await db.update(key, { remove: ['releasing'] }, { releasing });
      return false;
    }
    await db.remove(key, { releasing });
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false; // somebody came meanwhile
    throw error;
  }
}
