import { serviceContext } from '../../../shared/identity/service-context.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { log } from '../../../shared/telemetry/log.ts';
import { ASK_AGAIN_MS, askToCreate, askToDelete, ATTEMPTS, creationOf, tellLaunch, waitFor } from './agent.ts';
import { forgetVolume } from './delete.ts';
import { due, volumeKey, type Volume } from './record.ts';
import { cinder, now } from './store.ts';

/** Its host didn't answer in time, or its end broke off: the host is asked again; after the last time the volume is in error, and its owner may delete it. */
export async function driveOn(volume: Volume): Promise<void> {
  if (volume.lease_until) return void (await forgetVolume(volume));
  const context = serviceContext('cinder', { project_id: volume.project_id });
  const asked = volume.asked ?? 1;
  if (asked < ATTEMPTS) {
    const creation = volume.status === 'deleting' ? undefined : creationOf(volume);
    const still = await changeIfSame(volume, { asked: asked + 1, ...due('volumes', volume.id, creation ? waitFor(creation, asked + 1) : ASK_AGAIN_MS) });
    if (!still) return;
    await (creation ? askToCreate(creation, context) : askToDelete(volume, context));
    return;
  }
  const status = volume.status === 'deleting' ? 'error_deleting' : 'error';
  const reason = `Host ${volume.host} did not answer.`;
  const failed = await changeIfSame(volume, { status, reason, updated_at: now() }, ['due_pk', 'due_at', 'asked']);
  if (!failed) return;
  log.warn('volume given up', { volume_id: volume.id, status, host: volume.host });
  if (status === 'error') await tellLaunch(failed, context);
}

/** Undefined where somebody was faster. */
async function changeIfSame(volume: Volume, set: Record<string, unknown>, remove: string[] = []): Promise<Volume | undefined> {
  try {
    return await cinder.update<Volume>(volumeKey(volume.id), { set, remove }, { status: volume.status, due_at: volume.due_at });
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}
