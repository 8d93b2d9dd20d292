import { badRequest } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { absent } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { holdQuota, settle, undoHold } from '../quota/count.ts';
import { ownVolume } from '../volume/access.ts';
import { ASK_AGAIN_MS, askToCreate } from '../volume/agent.ts';
import { trimmed } from '../volume/create.ts';
import { idFor } from '../volume/idempotency.ts';
import { projectOf } from '../volume/project.ts';
import { due, volumeKey, type Volume } from '../volume/record.ts';
import { cinder, now } from '../volume/store.ts';
import { snapshotItem, snapshotKey, type Snapshot } from './record.ts';
import type { CreateSnapshotBody } from './schema.ts';
import { getSnapshot } from './store.ts';

const IN_USE = 66; // since then `force` says nothing

/**
 * Makes a snapshot: counts it, writes its record (`creating`), has the volume name it, and asks the volume's host for a copy of the file.
 * The file of a volume that a server has changes under the copy, so `force` does not help: 400. Safe to repeat with an idempotency key.
 */
export async function createSnapshot(request: Request<CreateSnapshotBody>): Promise<Snapshot> {
  const { context, body: { snapshot: { volume_id, force } }, version } = request;
  const project = projectOf(request);
  const id = idFor(request, project, 'snapshot');
  const known = await getSnapshot(id);
  if (known) return known;
  if (version.minor >= IN_USE && force !== undefined && /^(false|0|no|off)$/i.test(String(force)))
    throw badRequest("Since microversion 3.66 the 'force' flag is invalid for this request. For backward compatability, however, when the 'force' flag is passed with a value evaluating to True, it is silently ignored.");
  const volume = await ownVolume(request, 'volume:create_snapshot', volume_id);
  if (volume.status !== 'available' || volume.host === null) throw notAvailable(volume);

  const hold = await holdQuota(project, id, volume.size, 'snapshots');
  const snapshot = newSnapshot(request, volume, { id, project, hold });
  try {
    await cinder.put(snapshotItem(snapshot), { pk: absent() });
    if (!(await nameInVolume(snapshot))) {
      await cinder.remove(snapshotKey(id));
      throw notAvailable(volume);
    }
    await settle(project, hold).catch((error: unknown) => log.warn('the sweeper will settle the quota', { snapshot_id: id, ...factsOf(error) }));
    await askToCreate(copyOf(snapshot), context).catch((error: unknown) => log.warn('the sweeper will ask for the snapshot', { snapshot_id: id, ...factsOf(error) }));
    return snapshot;
  } catch (error) {
    const there = await getSnapshot(id);
    if (there?.hold === hold) return there; // the sweeper does the rest
    await undoHold(project, hold, { size: volume.size, kind: 'snapshots' });
    if (there) return there; // the same request at the same time was faster
    throw error;
  }
}

const notAvailable = ({ id, status }: Volume) =>
  badRequest(`Invalid volume: Volume ${id} status must be available, but current status is: ${status}. A volume is copied while no server has it.`);

function newSnapshot({ context, body }: Request<CreateSnapshotBody>, volume: Volume, { id, project, hold }: { id: string; project: string; hold: string }): Snapshot {
  const { name, display_name, description, metadata } = body.snapshot;
  const at = now();
  return {
    id, project_id: project, user_id: context.user_id, volume_id: volume.id, volume_size: volume.size,
    name: trimmed(name ?? display_name), description: trimmed(description), metadata: metadata ?? {},
    status: 'creating', host: volume.host!, bootable: volume.bootable, ...(volume.image_metadata && { image_metadata: volume.image_metadata }),
    created_at: at, updated_at: at, hold, asked: 1, ...due('snapshots', id, ASK_AGAIN_MS),
  };
}

/** While a volume names a snapshot it can't be deleted. Whether it could be told: only an available volume can. Safe to repeat. */
export async function nameInVolume({ id, volume_id }: Snapshot): Promise<boolean> {
  try {
    await cinder.update<Volume>(volumeKey(volume_id), { add: { snapshots: new Set([id]) } }, { status: 'available' });
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return (error.item as Volume | undefined)?.snapshots?.has(id) ?? false;
  }
}

/** To the host a snapshot is a volume that is a copy of another. */
export const copyOf = ({ id, host, project_id, volume_id, volume_size }: Snapshot) => ({ host, volume_id: id, project_id, size_gb: volume_size, source_volume_id: volume_id });
