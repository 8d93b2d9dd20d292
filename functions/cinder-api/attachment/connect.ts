import { badRequest } from '../../../shared/http/errors.ts';
import type { Attachment, Volume } from '../volume/record.ts';
import { now } from '../volume/store.ts';

export type Connector = Record<string, unknown>;

/** What an attachment learns from the connector of the host that takes the volume. Throws 400 where the file is on another host. */
export function connected(volume: Volume, attachment: Pick<Attachment, 'attach_mode'>, connector: Connector, modeGiven = true): Partial<Attachment> {
  const host = connector['host'];
  if (typeof host !== 'string' || !host) throw badRequest("Invalid input for field/attribute connector. 'host' is a required property");
  if (host !== volume.host)
    throw badRequest(`Invalid volume: Volume ${volume.id} is a file on host ${volume.host} and cannot be attached on host ${host}: create the server on ${volume.host}.`);
  const mode = connector['mode'];
  if (mode !== undefined && mode !== null && mode !== 'rw' && mode !== 'ro') throw badRequest(`Invalid input for field/attribute mode. Value: ${String(mode)}. It is not one of ['rw', 'ro']`);
  const attach_mode = volume.readonly ? 'ro' : modeGiven ? attachment.attach_mode : ((mode as 'rw' | 'ro' | null | undefined) ?? attachment.attach_mode);
  return {
    connector: { ...connector, mode: attach_mode },
    attach_mode,
    attach_status: 'attaching',
    mountpoint: typeof connector['mountpoint'] === 'string' ? connector['mountpoint'] : null,
    attached_host: host,
    attach_time: now(),
  };
}

/** How the host reaches the volume: by its id, as a file of its own pool. Empty until a host has asked. */
export const connectionInfo = (volume: Volume, attachment: Attachment) =>
  attachment.connector === null
    ? {}
    : {
        driver_volume_type: 'local',
        attachment_id: attachment.id,
        data: { volume_id: volume.id, host: volume.host, access_mode: attachment.attach_mode, encrypted: false, discard: true },
      };
