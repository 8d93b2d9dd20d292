import { ConditionFailed } from '../../../shared/store/errors.ts';
import { cinder, now } from '../volume/store.ts';
import { forgetSnapshot } from './delete.ts';
import { snapshotKey, type SnapshotStatus } from './record.ts';

/** To the host a snapshot is a volume, and so it tells of it. */
interface Report { volume_id: string; host: string; error?: string | undefined }

/** The host made the copy, or could not. Safe to repeat. */
export const snapshotCreated = (report: Report): Promise<void> => settle(report, 'creating', report.error === undefined ? 'available' : 'error');

/** The host deleted the copy, or could not. Safe to repeat. */
export const snapshotDeleted = (report: Report): Promise<void> =>
  report.error !== undefined ? settle(report, 'deleting', 'error_deleting') : forgetSnapshot({ id: report.volume_id, host: report.host });

/** Where there is no such snapshot, or it is elsewhere by now, nothing happens. */
async function settle({ volume_id: id, host, error }: Report, from: SnapshotStatus, status: SnapshotStatus): Promise<void> {
  try {
    await cinder.update(snapshotKey(id), { set: { status, updated_at: now(), ...(error !== undefined && { reason: error }) }, remove: ['due_pk', 'due_at', 'asked'] }, { status: from, host });
  } catch (failure) {
    if (!(failure instanceof ConditionFailed)) throw failure;
  }
}
