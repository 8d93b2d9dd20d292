import { goneIsFine } from '../errors.ts';
import type { Cinder } from './cinder.ts';

/** Takes away an instance's attachments, then the volumes that go with it. Safe to repeat. */
export async function releaseVolumes(cinder: Cinder, instanceUuid: string, doomed: string[]): Promise<void> {
  const attachments = await cinder.attachmentsOf(instanceUuid);
  await Promise.all(attachments.map(({ id }) => goneIsFine(cinder.deleteAttachment(id))));
  await Promise.all(doomed.map((id) => goneIsFine(cinder.deleteVolume(id))));
}
