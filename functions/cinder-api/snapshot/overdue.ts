import { serviceContext } from '../../../shared/identity/service-context.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { log } from '../../../shared/telemetry/log.ts';
import { ASK_AGAIN_MS, askToCreate, ATTEMPTS, waitFor } from '../volume/agent.ts';
import { due } from '../volume/record.ts';
import { cinder, now } from '../volume/store.ts';
import { copyOf, nameInVolume } from './create.ts';
import { askToDeleteCopy, forgetSnapshot } from './delete.ts';
import { snapshotKey, type Snapshot } from './record.ts';

/** Its host didn't answer in time, or its making or end broke off: the host is asked again; after the last time the snapshot is in error, and its owner may delete it. */
export async function driveSnapshotOn(snapshot: Snapshot): Promise<void> {
  if (snapshot.lease_until) return forgetSnapshot(snapshot);
  const context = serviceContext('cinder', { project_id: snapshot.project_id });
  const asked = snapshot.asked ?? 1;
  const creating = snapshot.status !== 'deleting';
  const named = !creating || (await nameInVolume(snapshot));
  if (named && asked < ATTEMPTS) {
    const copy = creating ? copyOf(snapshot) : undefined;
    if (!(await changeIfSame(snapshot, { asked: asked + 1, ...due('snapshots', snapshot.id, copy ? waitFor(copy, asked + 1) : ASK_AGAIN_MS) }))) return;
    await (copy ? askToCreate(copy, context) : askToDeleteCopy(snapshot, context));
    return;
  }
  const status = creating ? 'error' : 'error_deleting';
  const reason = named ? `Host ${snapshot.host} did not answer.` : `Volume ${snapshot.volume_id} was not available.`;
  if (await changeIfSame(snapshot, { status, reason, updated_at: now() }, ['due_pk', 'due_at', 'asked'])) log.warn('snapshot given up', { snapshot_id: snapshot.id, status, reason });
}

/** False where somebody was faster. */
async function changeIfSame(snapshot: Snapshot, set: Record<string, unknown>, remove: string[] = []): Promise<boolean> {
  try {
    await cinder.update(snapshotKey(snapshot.id), { set, remove }, { status: snapshot.status, due_at: snapshot.due_at });
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
