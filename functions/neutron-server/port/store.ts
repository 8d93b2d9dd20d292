import { isDeepStrictEqual } from 'node:util';
import { absent } from '../../../shared/store/condition.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import type { Item, Key, Write } from '../../../shared/store/table.ts';
import { db } from '../store/db.ts';
import { addressKey, deviceKey, everywhere, groupPortKey, macKey, ownedKey, resourceKey } from '../store/keys.ts';
import { memberItem } from '../security-group/members.ts';
import { markWrites, type Mark } from '../refresh/mark.ts';
import type { Port } from '../store/records.ts';

/** Something that a port holds: nobody else may have what is `exclusive`. */
interface Hold { key: Key; item: Item; exclusive: boolean; of: 'mac' | 'address' | 'other' }

const holdsOf = (port: Port): Hold[] => [
  { key: macKey(port.network_id, port.mac_address), item: { port_id: port.id, project_id: port.project_id, host: port['binding:host_id'] }, exclusive: true, of: 'mac' },
  ...port.fixed_ips.map(({ subnet_id, ip_address }): Hold => ({ key: addressKey(subnet_id, ip_address), item: { port_id: port.id }, exclusive: true, of: 'address' })),
  { key: ownedKey(port.project_id, 'port', port.id), item: {}, exclusive: false, of: 'other' },
  ...(port.device_id ? [{ key: deviceKey(port.device_id, port.id), item: {}, exclusive: false, of: 'other' } satisfies Hold] : []),
  ...port.security_groups.map((group): Hold => ({ key: groupPortKey(group, port.id), item: memberItem(port), exclusive: false, of: 'other' })),
];

/** What stood in the way of a port's change. */
export type Clash = { of: 'port' } | { of: 'mac' } | { of: 'address'; subnet_id: string; ip_address: string };

/**
 * From one state of a port to another, all or nothing: addresses, MAC and references come and go with the record. `before`
 * undefined: the port is new; `after` undefined: it goes. Returns what is taken, or that the port is not (any more) as `before`.
 * `marks` are written along.
 */
export async function transition(before: Port | undefined, after: Port | undefined, marks: Mark[] = []): Promise<Clash | undefined> {
  const port = (after ?? before)!;
  const text = ({ pk, sk }: Key) => `${pk}\0${sk}`;
  const had = new Map((before ? holdsOf(before) : []).map((hold) => [text(hold.key), hold]));
  const has = new Map((after ? holdsOf(after) : []).map((hold) => [text(hold.key), hold]));
  const gained = [...has].filter(([key]) => !had.has(key)).map(([, hold]) => hold);
  const changed = [...has].filter(([key, { item }]) => had.has(key) && !isDeepStrictEqual(had.get(key)!.item, item)).map(([, hold]) => hold);
  const lost = [...had].filter(([key]) => !has.has(key)).map(([, hold]) => hold);
  const key = resourceKey('port', port.id);
  const as = before ? { revision_number: before.revision_number, created_at: before.created_at } : { pk: absent() };
  const record: Write = after ? { put: { ...key, ...everywhere('port', port.id), ...after }, if: as } : { delete: key, if: as };
  try {
    await db.transact([
      record,
      ...gained.map((hold): Write => ({ put: { ...hold.key, ...hold.item }, ...(hold.exclusive && { if: { pk: absent() } }) })),
      ...lost.map((hold): Write => ({ delete: hold.key, ...(hold.exclusive && { if: [{ pk: absent() }, { port_id: port.id }] }) })),
      ...changed.map((hold): Write => ({ put: { ...hold.key, ...hold.item } })), // the record's own condition holds for what it has
      ...markWrites(marks),
    ]);
    return undefined;
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    const [own, ...others] = error.failed;
    if (own?.conditionFailed) return { of: 'port' };
    const hold = gained.find((_, i) => others[i]?.conditionFailed);
    if (hold?.of === 'mac') return { of: 'mac' };
    if (hold?.of === 'address') return { of: 'address', subnet_id: hold.key.pk.slice('addresses#'.length), ip_address: hold.key.sk };
    throw error;
  }
}

export const takenAddresses = async (subnet: string): Promise<Set<string>> => new Set((await db.query<Key>({ pk: `addresses#${subnet}` })).map(({ sk }) => sk));
export const portIdsOfDevice = async (device: string): Promise<string[]> => (await db.query<Key>({ pk: `device#${device}` })).map(({ sk }) => sk);
export const portIdsOfNetwork = async (network: string): Promise<string[]> => (await db.query<{ port_id: string }>({ pk: `macs#${network}` })).map(({ port_id }) => port_id);
export const portIdsOfSecurityGroup = async (group: string): Promise<string[]> => (await db.query<Key>({ pk: `group-ports#${group}` })).map(({ sk }) => sk);
