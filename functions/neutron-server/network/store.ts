import { absent } from '../../../shared/store/condition.ts';
import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import type { Write } from '../../../shared/store/table.ts';
import { networkInUse, resourceNotFound } from '../errors.ts';
import { revised } from '../http/standard.ts';
import { db } from '../store/db.ts';
import { newMark } from '../store/deletion.ts';
import { everywhere, networkHostKey, ownedKey, resourceKey, segmentKey, sharedKey } from '../store/keys.ts';
import { optimistically } from '../store/mutate.ts';
import type { Network } from '../store/records.ts';
import { isUnique } from './segment.ts';

const isOpen = (network: Pick<Network, 'shared' | 'router:external'>) => network.shared || network['router:external'];
const keyOf = ({ id }: { id: string }) => resourceKey('network', id);
const segmentOf = (network: Network) => segmentKey(network['provider:network_type'], network['provider:physical_network'], network['provider:segmentation_id']);
const item = (network: Network) => ({ ...keyOf(network), ...everywhere('network', network.id), ...network });

/** Undefined where another network has its segment. */
export async function insertNetwork(network: Network): Promise<Network | undefined> {
  const segment: Write[] = isUnique(network) ? [{ put: { ...segmentOf(network), network_id: network.id }, if: { pk: absent() } }] : [];
  try {
    await db.transact([
      ...segment,
      { put: item(network), if: { pk: absent() } },
      { put: ownedKey(network.project_id, 'network', network.id) },
      ...(isOpen(network) ? [{ put: sharedKey(network.id) }] : []),
    ]);
    return network;
  } catch (error) {
    if (error instanceof TransactionRefused && segment.length && error.failed[0]?.conditionFailed) return undefined;
    throw error;
  }
}

/** Changes the network by `change`, which is asked again where another change came first, and writes what `also` says with it. Throws what `change` throws. */
export function changeNetwork(id: string, change: (network: Network) => Network | Promise<Network>, also: () => Write[] = () => []): Promise<Network> {
  return optimistically(async () => {
    const before = (await db.get(resourceKey('network', id))) as unknown as Network | undefined;
    if (!before) throw resourceNotFound('network', id);
    const after = revised(await change(before));
    const reopened: Write[] = isOpen(before) === isOpen(after) ? [] : isOpen(after) ? [{ put: sharedKey(id) }] : [{ delete: sharedKey(id) }];
    await writeWith({ put: item(after), if: { revision_number: before.revision_number } }, [...reopened, ...also()]);
    return after;
  });
}

/** One write needs no transaction. */
async function writeWith(first: Extract<Write, { put: unknown }>, others: Write[]): Promise<void> {
  if (others.length === 0) await db.put(first.put, first.if);
  else await db.transact([first, ...others]);
}

/** Deletes the network with its subnets. Throws NetworkInUse while it has ports. */
export async function removeNetwork(id: string): Promise<Network> {
  return optimistically(async () => {
    const mark = newMark();
    const network = await markForDeletion(id, mark);
    const ports = await db.query({ pk: `macs#${id}`, limit: 1 });
    if (ports.length) {
      await unmark(id, mark);
      throw networkInUse(id);
    }
    const subnets = Object.values(network.subnets);
    await db.transact([
      { delete: keyOf(network), if: { deleting: mark, revision_number: network.revision_number } },
      { delete: ownedKey(network.project_id, 'network', id) },
      { delete: networkHostKey(id) },
      ...(isOpen(network) ? [{ delete: sharedKey(id) }] : []),
      ...(isUnique(network) ? [{ delete: segmentOf(network) }] : []),
      ...subnets.flatMap((subnet): Write[] => [{ delete: resourceKey('subnet', subnet.id) }, { delete: ownedKey(subnet.project_id, 'subnet', subnet.id) }]),
    ]);
    return network;
  });
}

async function markForDeletion(id: string, mark: string): Promise<Network> {
  try {
    return (await db.update(resourceKey('network', id), { set: { deleting: mark }, add: { revision_number: 1 } }, { id })) as unknown as Network;
  } catch (error) {
    throw error instanceof ConditionFailed ? resourceNotFound('network', id) : error;
  }
}

const unmark = (id: string, mark: string) =>
  db.update(resourceKey('network', id), { remove: ['deleting'], add: { revision_number: 1 } }, { deleting: mark }).catch((error: unknown) => {
    if (!(error instanceof ConditionFailed)) throw error;
  });
