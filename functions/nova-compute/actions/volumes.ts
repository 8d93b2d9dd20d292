import { callerOf } from '../caller.ts';
import { CannotDo, goneIsFine, refusalsAreFinal } from '../errors.ts';
import { cinder, connectorOf } from '../storage/cinder.ts';
import type { Asked, ServerAction } from './server-action.ts';

/** The block device as nova-api has put it into the record, its attachment reserved. */
interface VolumeArgs { volume_id: string; attachment_id?: string; device_name?: string; disk_bus?: string; tag?: string }
const argsOf = ({ args }: Asked) => args as unknown as VolumeArgs;

export const attachVolume: ServerAction = {
  kind: 'attach_volume', event: 'compute_attach_volume', seconds: 60,
  async args(asked) {
    const { volume_id, device_name = '', disk_bus, tag } = argsOf(asked);
    const client = cinder(callerOf(asked.context));
    const attachment = await refusalsAreFinal(attachmentOf(asked));
    if (!attachment) throw new CannotDo(`Volume ${volume_id} is not reserved for instance ${asked.instance_uuid}.`);
    await refusalsAreFinal(client.updateAttachment(attachment, connectorOf(asked.host, device_name, asked.instance_uuid)));
    return {
      instance_uuid: asked.instance_uuid,
      disk: { device: device_name, boot_index: null, ...(disk_bus && { bus: disk_bus }), ...(tag && { tag }), source: { type: 'volume', volume_id } },
    };
  },
  async done(asked) {
    const attachment = await attachmentOf(asked);
    if (attachment) await goneIsFine(cinder(callerOf(asked.context)).completeAttachment(attachment));
    return {};
  },
  undo: letGo,
};

export const detachVolume: ServerAction = {
  kind: 'detach_volume', event: 'compute_detach_volume', seconds: 60,
  args: (asked) => ({ instance_uuid: asked.instance_uuid, volume_id: argsOf(asked).volume_id }),
  done: letGo,
};

const attachmentOf = async (asked: Asked): Promise<string | undefined> => {
  const { volume_id, attachment_id } = argsOf(asked);
  return attachment_id ?? (await cinder(callerOf(asked.context)).attachmentsOf(asked.instance_uuid)).find((each) => each.volume_id === volume_id)?.id;
};

/** The volume is free again; the record forgets it. */
async function letGo(asked: Asked) {
  const attachment = await attachmentOf(asked);
  if (attachment) await goneIsFine(cinder(callerOf(asked.context)).deleteAttachment(attachment));
  return { volume: { volume_id: argsOf(asked).volume_id, block_device: null } };
}
