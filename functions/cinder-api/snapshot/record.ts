import type { Key } from '../../../shared/store/table.ts';
import { position } from '../volume/record.ts';

export type SnapshotStatus = 'creating' | 'available' | 'deleting' | 'error' | 'error_deleting';

/** What a volume was at a time, as its item in the table: a file of its own in the pool of the volume's host. Times and sizes as a volume's. */
export interface Snapshot extends Record<string, unknown> {
  id: string;
  project_id: string;
  user_id: string;
  volume_id: string;
  name: string | null;
  description: string | null;
  volume_size: number;
  status: SnapshotStatus;
  /** Why it is in error. */
  reason?: string;
  metadata: Record<string, string>;
  host: string;
  /** What a volume made of it inherits. */
  bootable: boolean;
  image_metadata?: Record<string, string>;
  created_at: string;
  updated_at: string;
  hold: string;
  due_pk?: string;
  due_at?: string;
  asked?: number;
  lease_until?: string;
}

/** Found as volumes are: the project's by gsi1, everyone's by gsi2. */
export const snapshotKey = (id: string): Key => ({ pk: `snapshot#${id}`, sk: 'snapshot' });
export const snapshotItem = (snapshot: Snapshot) => ({
  ...snapshot,
  ...snapshotKey(snapshot.id),
  gsi1pk: `snapshots#project#${snapshot.project_id}`,
  gsi1sk: position(snapshot),
  gsi2pk: `snapshots#${snapshot.id[0]}`,
  gsi2sk: position(snapshot),
});
