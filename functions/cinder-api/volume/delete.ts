import { badRequest } from '../../../shared/http/errors.ts';
import { isService, type RequestContext } from '../../../shared/identity/context.ts';
import { absent, absentOrLessThan, oneOf } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { releaseKey, releaseQuota, settle } from '../quota/count.ts';
import { ASK_AGAIN_MS, askToDelete } from './agent.ts';
import { due, volumeKey, type Volume, type VolumeStatus } from './record.ts';
import { cinder, now } from './store.ts';

const deletable: VolumeStatus[] = ['available', 'error', 'error_deleting'];

const forcible: VolumeStatus[] = ['creating', 'deleting', 'maintenance', 'reserved', 'attaching', 'detaching'];

/**
 * Takes the volume to `deleting` (with `cascade` also one whose snapshots are on their way out) and asks its host to delete the file. Throws 400 where its status or an attachment forbids it.
 * A service may undo what its launch began (the host makes a file and deletes it in the order asked), and may say so again.
 */
export async function deleteVolume(volume: Volume, context: RequestContext, { force = false, cascade = false } = {}): Promise<void> {
  if (volume.status === 'deleting' && isService(context)) return;
  const statuses: VolumeStatus[] = [...deletable, ...(force ? forcible : isService(context) ? (['creating'] as const) : [])];
  let deleting: Volume;
  try {
    deleting = await cinder.update<Volume>(
      volumeKey(volume.id),
      { set: { status: 'deleting', updated_at: now(), asked: 1, ...due('volumes', volume.id, ASK_AGAIN_MS) } },
      { status: oneOf(...statuses), attachments: {}, ...(!cascade && { snapshots: absent() }) },
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw cannotBeDeleted();
  }
  if (deleting.host === null) return void (await forgetVolume(deleting));
  await askToDelete(deleting, context).catch((error: unknown) => log.warn('the sweeper will ask to delete the volume', { volume_id: volume.id, ...factsOf(error) }));
}

export const cannotBeDeleted = () =>
  badRequest(
    'Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, ' +
      'belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.',
  );

const LEASE_MS = 60_000; // longer than any of our functions runs

/**
 * The file is gone: so are the count and, last of all, the record. One invocation at a time does it; what it may leave
 * undone, the sweeper does. Whether there was such a volume.
 */
export async function forgetVolume({ id, host }: Pick<Volume, 'id' | 'host'>): Promise<boolean> {
  try {
    const volume = await cinder.update<Volume>(
      volumeKey(id),
      { set: { lease_until: new Date(Date.now() + LEASE_MS).toISOString(), ...due('volumes', id, LEASE_MS) } },
      { status: 'deleting', host, lease_until: absentOrLessThan(now()) },
    );
    await releaseQuota(volume);
    await cinder.remove(volumeKey(id));
    await settle(volume.project_id, releaseKey(id));
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return error.item !== undefined; // it went already, or another is at it
  }
}
