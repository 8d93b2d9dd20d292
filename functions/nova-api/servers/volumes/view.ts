import { createHash } from 'node:crypto';
import type { Request } from '../../../../shared/http/route.ts';
import type { BlockDevice, Instance } from '../../../../shared/objects/instance.ts';

/** 2.70 shows the tag, 2.79 what becomes of the volume at the end, 2.89 other ids instead of the volume's twice. */
export const attachmentView = (server: Instance, device: BlockDevice, { version: { minor } }: Pick<Request, 'version'>) => ({
  ...(minor < 89 && { id: device.volume_id }),
  volumeId: device.volume_id,
  serverId: server.uuid,
  device: device.device_name,
  ...(minor >= 70 && { tag: device.tag ?? null }),
  ...(minor >= 79 && { delete_on_termination: device.delete_on_termination }),
  ...(minor >= 89 && { attachment_id: device.attachment_id ?? null, bdm_uuid: bdmUuid(server, device) }),
});

/** A device has no record of its own: its id is made of the server's and the volume's, the same each time. */
function bdmUuid(server: Instance, device: BlockDevice): string {
  const hex = createHash('sha1').update(`${server.uuid} ${device.volume_id}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
