import { absent } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { resourceNotFound, subnetInUse } from '../errors.ts';
import { revised } from '../http/standard.ts';
import { changeNetwork } from '../network/store.ts';
import { db } from '../store/db.ts';
import { isMarked, newMark } from '../store/deletion.ts';
import { ownedKey, resourceKey } from '../store/keys.ts';
import type { Network, Subnet } from '../store/records.ts';
import { find } from '../store/visible.ts';

interface Pointer { network_id: string }

export interface SubnetOfNetwork { subnet: Subnet; network: Network }

export async function findSubnet(id: string): Promise<SubnetOfNetwork | undefined> {
  const pointer = (await db.get(resourceKey('subnet', id))) as Pointer | undefined;
  const network = pointer && (await find('network', pointer.network_id));
  const subnet = network?.subnets[id];
  return subnet && { subnet, network };
}

/** `plan` sees the network as it is when the subnet joins it, so that two that overlap can't both come. */
export async function insertSubnet(network: string, plan: (network: Network) => Subnet): Promise<Subnet> {
  let made: Subnet | undefined;
  await changeNetwork(network, (current) => {
    if (isMarked(current)) throw resourceNotFound('network', network);
    made = plan(current);
    return { ...current, subnets: { ...current.subnets, [made.id]: made } };
  }, () => [
    { put: { ...resourceKey('subnet', made!.id), network_id: network }, if: { pk: absent() } },
    { put: { ...ownedKey(made!.project_id, 'subnet', made!.id), network_id: network } },
  ]);
  return made!;
}

export async function changeSubnet(subnet: Subnet, change: (subnet: Subnet) => Subnet): Promise<Subnet> {
  const network = await changeNetwork(subnet.network_id, (current) => {
    const now = current.subnets[subnet.id];
    if (!now) throw resourceNotFound('subnet', subnet.id);
    return { ...current, subnets: { ...current.subnets, [subnet.id]: revised(change(now)) } };
  });
  return network.subnets[subnet.id]!;
}

/** Throws SubnetInUse while ports have addresses of it. */
export async function removeSubnet({ id, network_id, project_id }: Subnet): Promise<void> {
  const mark = newMark();
  const key = resourceKey('network', network_id);
  const path = `subnets.${id}`;
  try {
    await db.update(key, { set: { [`${path}.deleting`]: mark }, add: { revision_number: 1 } }, { [`${path}.id`]: id });
  } catch (error) {
    throw error instanceof ConditionFailed ? resourceNotFound('subnet', id) : error;
  }
  if ((await db.query({ pk: `addresses#${id}`, limit: 1 })).length) {
    await db.update(key, { remove: [`${path}.deleting`], add: { revision_number: 1 } }, { [`${path}.deleting`]: mark }).catch((error: unknown) => {
      if (!(error instanceof ConditionFailed)) throw error;
    });
    throw subnetInUse(id);
  }
  await changeNetwork(network_id, (network) => {
    const { [id]: subnet, ...others } = network.subnets;
    if (!subnet) throw resourceNotFound('subnet', id);
    if (subnet.deleting !== mark) throw subnetInUse(id);
    return { ...network, subnets: others };
  }, () => [{ delete: resourceKey('subnet', id) }, { delete: ownedKey(project_id, 'subnet', id) }]);
}
