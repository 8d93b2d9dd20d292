import type { Key } from '../../../shared/store/table.ts';
import { db } from '../store/db.ts';
import type { Port } from '../store/records.ts';
import { findMany } from '../store/visible.ts';

/** A port of a security group, as it stands beside the group: with all that others' rules and refreshes need of it. */
export interface Member { port_id: string; addresses: string[]; host: string }

/** What a rule that names the port's group lets through: its own addresses, and those that it may send from besides (CIDRs too). */
export const addressesOf = ({ fixed_ips, allowed_address_pairs }: Pick<Port, 'fixed_ips' | 'allowed_address_pairs'>): string[] =>
  [...new Set([...fixed_ips.map(({ ip_address }) => ip_address), ...allowed_address_pairs.map(({ ip_address }) => ip_address)])].sort();

export const memberItem = (port: Port): Omit<Member, 'port_id'> => ({ addresses: addressesOf(port), host: port['binding:host_id'] });

/** All ports of a group; one request for every megabyte of them. */
export const membersOf = async (group: string): Promise<Member[]> => whole(await db.query<Stored>({ pk: `group-ports#${group}` }));

const FEW = 8;
/** The ports of a group that has few; undefined for a larger one, however large: what is asked of the database is the same. */
export async function fewMembersOf(group: string): Promise<Member[] | undefined> {
  const items = await db.query<Stored>({ pk: `group-ports#${group}`, limit: FEW + 1 });
  return items.length > FEW ? undefined : whole(items);
}

type Stored = Key & Partial<Member>;

async function whole(items: Stored[]): Promise<Member[]> {
  const bare = items.filter(({ addresses }) => addresses === undefined).map(({ sk }) => sk); // written before members were kept whole
  const ports = await findMany('port', bare);
  return [
    ...items.flatMap(({ sk, addresses, host = '' }) => (addresses ? [{ port_id: sk, addresses, host }] : [])),
    ...ports.map((port) => ({ port_id: port.id, ...memberItem(port) })),
  ];
}
