import { badRequest } from '../../../shared/http/errors.ts';
import type { RequestContext } from '../../../shared/identity/context.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { absentOrLessThan, exists, oneOf } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { releaseKey, releaseQuota, settle } from '../quota/count.ts';
import { ASK_AGAIN_MS } from '../volume/agent.ts';
import { due, volumeKey, type Volume } from '../volume/record.ts';
import { cinder, now } from '../volume/store.ts';
import { snapshotKey, type Snapshot } from './record.ts';
import { getSnapshots } from './store.ts';

const deletable: string[] = ['available', 'error', 'error_deleting'];

/** Takes the snapshot to `deleting` and asks its host to delete the file. Throws 400 where its status forbids it. */
export async function deleteSnapshot({ id }: Snapshot, context: RequestContext): Promise<void> {
  let deleting: Snapshot;
  try {
    deleting = await cinder.update<Snapshot>(
      snapshotKey(id),
      { set: { status: 'deleting', updated_at: now(), asked: 1, ...due('snapshots', id, ASK_AGAIN_MS) } },
      { status: oneOf(...deletable) },
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw badRequest('Invalid snapshot: Snapshot status must be available or error or error_deleting.');
  }
  await askToDeleteCopy(deleting, context).catch((error: unknown) => log.warn('the sweeper will ask to delete the snapshot', { snapshot_id: id, ...factsOf(error) }));
}

/** Before a volume goes with all its snapshots. Throws 400 where one of them can't go now, or the volume itself. */
export async function deleteSnapshotsOf({ status, attachments, snapshots = new Set() }: Volume, context: RequestContext): Promise<void> {
  const those = (await getSnapshots([...snapshots])).filter((snapshot) => snapshot.status !== 'deleting');
  if (!deletable.includes(status) || Object.keys(attachments).length || those.some((snapshot) => !deletable.includes(snapshot.status)))
    throw badRequest('Invalid volume: Volume status must be available or error or error_deleting, it must not be attached, and its snapshots must be available or error or error_deleting.');
  for (const snapshot of those) await deleteSnapshot(snapshot, context);
}

/** `volume_deleted` answers; a file that is not there is deleted. */
export const askToDeleteCopy = ({ id, host, project_id }: Snapshot, context: RequestContext) =>
  cast(novaCompute.methods.delete_volume, { host, volume_id: id, project_id }, { context });

const LEASE_MS = 60_000; // longer than any of our functions runs

/** The file is gone: so are the volume's word of it, the count and, last of all, the record; one invocation at a time, as with a volume. */
export async function forgetSnapshot({ id, host }: Pick<Snapshot, 'id' | 'host'>): Promise<void> {
  try {
    const snapshot = await cinder.update<Snapshot>(
      snapshotKey(id),
      { set: { lease_until: new Date(Date.now() + LEASE_MS).toISOString(), ...due('snapshots', id, LEASE_MS) } },
      { status: 'deleting', host, lease_until: absentOrLessThan(now()) },
    );
    await unnameInVolume(snapshot);
    await releaseQuota({ ...snapshot, size: snapshot.volume_size }, 'snapshots');
    await cinder.remove(snapshotKey(id));
    await settle(snapshot.project_id, releaseKey(id));
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error; // it went already, or another is at it
  }
}

async function unnameInVolume({ id, volume_id }: Snapshot): Promise<void> {
  try {
    await cinder.update(volumeKey(volume_id), { subtract: { snapshots: new Set([id]) } }, { pk: exists() });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
