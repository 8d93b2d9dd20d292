import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { CannotDo, goneIsFine, refusalsAreFinal } from '../errors.ts';
import type { Cinder } from './cinder.ts';

/** Takes away an instance's attachments, then the volumes that go with it. Safe to repeat. */
export async function releaseVolumes(cinder: Cinder, instanceUuid: string, doomed: string[]): Promise<void> {
  const attachments = await cinder.attachmentsOf(instanceUuid);
  await Promise.all(attachments.map(({ id }) => goneIsFine(cinder.deleteAttachment(id))));
  await Promise.all(doomed.map((id) => deleteVolume(cinder, id, instanceUuid)));
}

/** As in Nova, a volume that cinder keeps (it has snapshots) holds up nothing else: the owner still has it. */
async function deleteVolume(cinder: Cinder, id: string, instance_uuid: string): Promise<void> {
  try {
    await refusalsAreFinal(goneIsFine(cinder.deleteVolume(id)));
  } catch (error) {
    if (!(error instanceof CannotDo)) throw error;
    log.warn('volume kept', { volume_id: id, instance_uuid, ...factsOf(error) });
  }
}
