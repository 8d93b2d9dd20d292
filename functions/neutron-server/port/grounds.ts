import { maxAge, recentValues } from '../../../shared/http/max-age.ts';
import type { Request } from '../../../shared/http/route.ts';
import { StoreBusy } from '../../../shared/store/errors.ts';
import { resourceNotFound } from '../errors.ts';
import { db } from '../store/db.ts';
import { isMarked } from '../store/deletion.ts';
import type { NetworkHost } from '../network/host.ts';
import { namedKey, networkHostKey, resourceKey } from '../store/keys.ts';
import type { Network, Port, SecurityGroup } from '../store/records.ts';

/** What a port stands on, read in one request. */
export interface Grounds {
  network: Network | undefined;
  host: NetworkHost | undefined;
  groups: SecurityGroup[];
  port: Port | undefined;
  /** Of the groups asked for, those whose members stand in rules, their own or others'. */
  named: Set<string>;
  /** Of those the ones that other groups' rules name, or did so once. */
  namedByOthers: Set<string>;
}

export async function readGrounds(ids: { network: string; groups: string[]; port?: string }): Promise<Grounds> {
  const items = await db.getMany([
    resourceKey('network', ids.network),
    networkHostKey(ids.network),
    ...ids.groups.flatMap((id) => [resourceKey('security_group', id), namedKey(id)]),
    ...(ids.port ? [resourceKey('port', ids.port)] : []),
  ]);
  const of = (kind: string) => items.filter(({ sk }) => sk === kind) as unknown[];
  const groups = of('security_group') as SecurityGroup[];
  const namedByOthers = new Set(items.filter(({ sk }) => sk === 'named').map(({ pk }) => String(pk).slice('security_group#'.length)));
  const named = new Set([...groups.filter(namesItself).map(({ id }) => id), ...namedByOthers]);
  return { network: of('network')[0] as Network | undefined, host: of('host')[0] as NetworkHost | undefined, groups, port: of('port')[0] as Port | undefined, named, namedByOthers };
}

const recent = recentValues<Grounds>(1_000);
const subjectOf = ({ network, groups }: { network: string; groups: string[] }) => [network, ...groups].join();

/** What a port is to stand on, as it was when another came to stand on the same here, so recently as the caller allows. */
export const recentGrounds = (ids: { network: string; groups: string[] }, request: Pick<Request, 'header'>): Grounds | undefined =>
  recent.get(subjectOf(ids), maxAge(request));

export type Named = Pick<Grounds, 'named' | 'namedByOthers'>;
/** Of these groups those whose members stand in rules now. */
export const namedOf = async ({ network_id }: Port, groups: string[]): Promise<Named> =>
  groups.length > 0 ? readGrounds({ network: network_id, groups }) : { named: new Set(), namedByOthers: new Set() };

export const namesItself = ({ id, rules }: SecurityGroup) => Object.values(rules).some(({ remote_group_id }) => remote_group_id === id);

/**
 * After a port took hold of its network, subnets and groups: are they still there? Who deletes one of them looks for ports after
 * he marked it (store/deletion.ts), so one of the two sees the other. Throws 404 where it's gone, and where its deletion is
 * still undecided that one should try again. Returns what was read.
 */
export async function requireGrounds({ network_id, fixed_ips, security_groups }: Port): Promise<Grounds> {
  const ids = { network: network_id, groups: security_groups };
  const at = Date.now();
  const grounds = await readGrounds(ids);
  const { network, groups } = grounds;
  const missing =
    !network ? resourceNotFound('network', network_id)
    : fixed_ips.map(({ subnet_id }) => subnet_id).filter((id) => !network.subnets[id]).map((id) => resourceNotFound('subnet', id))[0]
      ?? security_groups.filter((id) => !groups.some((group) => group.id === id)).map((id) => resourceNotFound('security_group', id))[0];
  if (missing) throw missing;
  const going = [network!, ...fixed_ips.map(({ subnet_id }) => network!.subnets[subnet_id]!), ...groups].find(isMarked);
  if (going) throw new StoreBusy(`${going.id} is being deleted`);
  if (!grounds.host) recent.set(subjectOf(ids), grounds, at); // which host a network is on must be known as it is
  return grounds;
}
