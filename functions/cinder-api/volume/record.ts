import { dueShards } from '../../../shared/store/due-shards.ts';
import type { Key } from '../../../shared/store/table.ts';

export type VolumeStatus =
  | 'creating' | 'available' | 'reserved' | 'attaching' | 'in-use' | 'detaching' | 'deleting' | 'error' | 'error_deleting' | 'maintenance';

/** A volume's use by a server (Block Storage API 3.27, attachments). */
export interface Attachment {
  id: string;
  instance_uuid: string | null;
  /** reserved: nobody knows yet from where; attaching: a host has the connection; attached: the guest has the disk. */
  attach_status: 'reserved' | 'attaching' | 'attached';
  attach_mode: 'rw' | 'ro';
  connector: Record<string, unknown> | null;
  mountpoint: string | null;
  attached_host: string | null;
  attach_time: string | null;
  created_at: string;
}

/** A volume as its item in the table: a file in a pool on one host. Times are ISO 8601 with milliseconds, sizes GB. */
export interface Volume extends Record<string, unknown> {
  id: string;
  project_id: string;
  user_id: string;
  name: string | null;
  description: string | null;
  size: number;
  status: VolumeStatus;
  /** Why it is in error, for the log and the launch that waits for it. */
  reason?: string;
  availability_zone: string;
  volume_type_id: string;
  bootable: boolean;
  readonly: boolean;
  metadata: Record<string, string>;
  /** What the image that it was made of said of itself. */
  image_metadata?: Record<string, string>;
  source_volid: string | null;
  /** The snapshot that it was made of. */
  snapshot_id?: string;
  /** Its snapshots' ids: while there are any it can't be deleted. */
  snapshots?: Set<string>;
  /** Where its host fetches that image; kept until the volume is there. */
  image?: { id: string; location: string; size: number; checksum: string | null; disk_format: string };
  /** The host whose pool has the file; null where none had room. */
  host: string | null;
  attachments: Record<string, Attachment>;
  created_at: string;
  updated_at: string;
  /** A launch waits for it: that instance is told when it is there, or will not be. */
  waiting_instance?: string;
  /** What its quota was held under when it was made. */
  hold: string;
  /** Asked of the host's agent and not answered yet: the sweeper asks again, or gives up. */
  due_pk?: string;
  due_at?: string;
  asked?: number;
  /** The file is gone, and until then one invocation is at work taking away count and record. */
  lease_until?: string;
}

/** Where a volume or a snapshot lies among others of its project or part; backwards it is the order that lists have unless told: newest first. */
export const position = ({ created_at, id }: { created_at: string; id: string }) => `${created_at}#${id}`;

/** The project's volumes are found by gsi1, everyone's (for admins) by gsi2 in 16 parts. */
export const volumeKey = (id: string): Key => ({ pk: `volume#${id}`, sk: 'volume' });
export const volumeItem = (volume: Volume) => ({
  ...volume,
  ...volumeKey(volume.id),
  gsi1pk: `project#${volume.project_id}`,
  gsi1sk: position(volume),
  gsi2pk: `volumes#${volume.id[0]}`,
  gsi2sk: position(volume),
});
export const SHARDS = [...'0123456789abcdef'];

/** Where an attachment is found by its own id, and by its instance: both only name the volume that holds it. */
export interface AttachmentPointer extends Key { attachment_id: string; volume_id: string; project_id: string; instance_uuid: string | null; [attribute: string]: unknown }
export const attachmentKey = (id: string): Key => ({ pk: `attachment#${id}`, sk: 'attachment' });
export const instanceAttachmentKey = (instance: string, id: string): Key => ({ pk: `instance#${instance}`, sk: `attachment#${id}` });

/** What is in flight is found by its deadline. */
const sharded = { count: 1, once: 4 };
export const inFlight = { volumes: dueShards('volumes', sharded), snapshots: dueShards('snapshots', sharded), quotas: dueShards('quotas', sharded) };
export const due = (kind: keyof typeof inFlight, id: string, milliseconds: number) => ({ due_pk: inFlight[kind].of(id), due_at: new Date(Date.now() + milliseconds).toISOString() });
