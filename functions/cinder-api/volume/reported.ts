import type { Delivery } from '../../../shared/rpc/serve.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { tellLaunch } from './agent.ts';
import { snapshotCreated, snapshotDeleted } from '../snapshot/reported.ts';
import { forgetVolume } from './delete.ts';
import { volumeKey, type Volume, type VolumeStatus } from './record.ts';
import { cinder, now } from './store.ts';

interface Report { volume_id: string; host: string; error?: string | undefined }

/** The host made the file, or could not: `available` or `error`, and the launch that waits goes on. Safe to repeat. */
export async function volumeCreated(report: Report, { context }: Pick<Delivery, 'context'>): Promise<void> {
  const volume = await settle(report, 'creating', report.error === undefined ? 'available' : 'error');
  // a repeated report tells again: the first time may have ended between the record and the message
  if (!volume) return snapshotCreated(report);
  if (volume.status === 'available' || volume.status === 'error') await tellLaunch(volume, context);
}

/** The host deleted the file, or could not: the record goes, or says `error_deleting`. Safe to repeat. */
export async function volumeDeleted(report: Report): Promise<void> {
  const known = report.error === undefined ? await forgetVolume({ id: report.volume_id, host: report.host }) : await settle(report, 'deleting', 'error_deleting');
  if (!known) await snapshotDeleted(report);
}

/** Takes the volume on where it is still where the report finds it; the volume as it now is, undefined where it is gone. */
async function settle({ volume_id, host, error }: Report, from: VolumeStatus, status: VolumeStatus): Promise<Volume | undefined> {
  try {
    return await cinder.update<Volume>(
      volumeKey(volume_id),
      { set: { status, updated_at: now(), reason: error }, remove: ['due_pk', 'due_at', 'asked', 'image'] },
      { status: from, host },
    );
  } catch (failure) {
    if (!(failure instanceof ConditionFailed)) throw failure;
    return failure.item as Volume | undefined;
  }
}
