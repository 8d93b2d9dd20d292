import { badRequest, conflict, notFound } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { absent, exists, oneOf } from '../../../shared/store/condition.ts';
import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import { attachmentKey, instanceAttachmentKey, volumeKey, type Attachment, type AttachmentPointer, type Volume } from '../volume/record.ts';
import { cinder, getVolume, getVolumes, now } from '../volume/store.ts';

export interface Held { attachment: Attachment; volume: Volume }

export const noAttachment = (id: string) => notFound(`Volume attachment could not be found with filter: attachment_id = ${id}.`);

export async function getAttachment(id: string): Promise<Held | undefined> {
  const pointer = await cinder.get<AttachmentPointer>(attachmentKey(id));
  const volume = pointer && (await getVolume(pointer.volume_id));
  const attachment = volume?.attachments[id];
  return attachment && { attachment, volume };
}

/** The attachment, where its volume is the asker's (404 otherwise) and policy allows (403). */
export async function ownAttachment(request: Request, policy: string): Promise<Held> {
  const id = request.params['attachment_id']!;
  const held = await getAttachment(id);
  if (!held || (!isAdmin(request.context) && held.volume.project_id !== request.context.project_id)) throw noAttachment(id);
  request.enforce(policy, { project_id: held.volume.project_id });
  return held;
}

/** All attachments of an instance, whatever their state; consistent, so that an undo finds what was just made. */
export async function attachmentsOfInstance(instance: string): Promise<Held[]> {
  const pointers = await cinder.query<AttachmentPointer>({ pk: `instance#${instance}`, prefix: 'attachment#' });
  const volumes = new Map((await getVolumes(pointers.map((p) => p.volume_id))).map((volume) => [volume.id, volume]));
  return pointers.flatMap(({ attachment_id: id, volume_id }) => {
    const volume = volumes.get(volume_id);
    const attachment = volume?.attachments[id];
    return attachment ? [{ attachment, volume }] : [];
  });
}

/**
 * Reserves an available volume with its first attachment. Throws 400 where it is not available. An attachment of that id
 * that is there already is the answer to a repeated request.
 */
export async function reserve(volume: Volume, attachment: Attachment): Promise<Held> {
  const pointer = { attachment_id: attachment.id, volume_id: volume.id, project_id: volume.project_id, instance_uuid: attachment.instance_uuid };
  try {
    await cinder.transact([
      {
        update: volumeKey(volume.id),
        change: { set: { status: attachment.attach_status === 'reserved' ? 'reserved' : 'attaching', updated_at: now(), [`attachments.${attachment.id}`]: attachment } },
        if: { status: 'available' },
      },
      { put: { ...pointer, ...attachmentKey(attachment.id) }, if: { pk: absent() } },
      ...(attachment.instance_uuid ? [{ put: { ...pointer, ...instanceAttachmentKey(attachment.instance_uuid, attachment.id) } }] : []),
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    const known = await getAttachment(attachment.id);
    if (known) return known;
    const current = await getVolume(volume.id);
    throw badRequest(`Invalid volume: Volume ${volume.id} status must be available or downloading to reserve, but the current status is ${current?.status ?? 'deleted'}.`);
  }
  return { attachment, volume };
}

/** Changes fields of an attachment that is there, and its volume's status with it. Throws 404 where it went meanwhile. */
export async function changeAttachment({ attachment, volume }: Held, fields: Partial<Attachment>, status: Volume['status']): Promise<Held> {
  const changed = { ...attachment, ...fields };
  try {
    const next = await cinder.update<Volume>(
      volumeKey(volume.id),
      { set: { status, updated_at: now(), [`attachments.${attachment.id}`]: changed } },
      { [`attachments.${attachment.id}`]: exists(), status: oneOf('reserved', 'attaching', 'in-use', 'detaching') },
    );
    return { attachment: changed, volume: next };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const current = error.item as Volume | undefined;
    if (!current?.attachments[attachment.id]) throw noAttachment(attachment.id);
    throw conflict(`Volume ${volume.id} cannot be attached while its status is ${current.status}.`);
  }
}

/** Lets the volume go: it is `available` again. Safe to repeat. */
export async function release({ attachment, volume }: Held): Promise<void> {
  try {
    await cinder.transact([
      {
        update: volumeKey(volume.id),
        change: { set: { status: 'available', updated_at: now() }, remove: [`attachments.${attachment.id}`] },
        if: { [`attachments.${attachment.id}`]: exists() },
      },
      { delete: attachmentKey(attachment.id) },
      ...(attachment.instance_uuid ? [{ delete: instanceAttachmentKey(attachment.instance_uuid, attachment.id) }] : []),
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error; // it went already
  }
}
