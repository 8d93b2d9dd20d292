import type { BlockDevice, VirtualInterface } from '../../../shared/objects/instance.ts';
import type { Delivery } from '../../../shared/rpc/serve.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { due, journal, terminationKey, type Termination } from '../journal.ts';
import { lease, LEASE_MS, newLease, underLease } from '../lease.ts';
import { drive, tellDestroyed } from './drive.ts';
import { releaseIfGone } from './reported.ts';

export type Terminate = Args<typeof novaCompute.methods.terminate_instance>;

/** Undoes all that an instance has, wherever its launch stands. A repeated message goes on with what is there. */
export async function terminateInstance(message: Terminate, { context }: Delivery): Promise<void> {
  const { instance_uuid, project_id, host, sequence, request_id } = message;
  const termination: Termination = {
    ...terminationKey(instance_uuid), kind: 'termination', state: 'cancelling', instance_uuid, project_id, host, sequence, request_id, context,
    started_at: new Date().toISOString(), interfaces: message.interfaces as VirtualInterface[], block_devices: message.block_devices as BlockDevice[],
    ...newLease(), ...due(instance_uuid, Date.now() + LEASE_MS),
  };
  const leased = await begin(termination);
  if (leased === 'done') return tellDestroyed({ ...termination, state: 'done' });
  if (leased === 'destroying') return releaseIfGone(instance_uuid);
  if (leased) await underLease(leased, () => drive(leased));
}

async function begin(termination: Termination): Promise<Termination | 'done' | 'destroying' | undefined> {
  try {
    await journal.putNew(termination);
    return termination;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const there = error.item as Termination;
    // while it waits for hosts nobody else may hold it: the report that comes meanwhile would find it in other hands, and leave it
    if (there.state === 'done' || there.state === 'destroying') return there.state;
    // what was given up before is begun anew, by a newer request
    if (there.state === 'failed' && there.sequence < termination.sequence) return restart(termination, there);
    return lease<Termination>(there, { state: there.state });
  }
}

async function restart(termination: Termination, { sequence }: Termination): Promise<Termination | undefined> {
  try {
    await journal.put(termination, { state: 'failed', sequence });
    return termination;
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

