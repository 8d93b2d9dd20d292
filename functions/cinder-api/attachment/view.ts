import { time } from '../volume/view.ts';
import { connectionInfo } from './connect.ts';
import type { Held } from './store.ts';

export const summary = ({ attachment, volume }: Held) => ({ id: attachment.id, status: attachment.attach_status, instance: attachment.instance_uuid, volume_id: volume.id });

export const detail = (held: Held) => ({
  ...summary(held),
  attached_at: held.attachment.attach_time ? time(held.attachment.attach_time) : '',
  detached_at: '',
  attach_mode: held.attachment.attach_mode,
  connection_info: connectionInfo(held.volume, held.attachment),
});
