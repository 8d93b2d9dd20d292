import type { Request } from '../../../shared/http/route.ts';
import { isService } from '../../../shared/identity/context.ts';
import { time } from '../volume/view.ts';
import type { Snapshot } from './record.ts';

/** As a list without details shows a snapshot. */
export const summary = ({ id, created_at, updated_at, name, description, volume_id, status, volume_size, metadata }: Snapshot) => ({
  id, created_at: time(created_at), updated_at: time(updated_at), name, description, volume_id, status, size: volume_size, metadata,
});

/** All of a snapshot; fields by microversion as in the Block Storage API reference. */
export const detail = ({ version: { minor }, context }: Pick<Request, 'version' | 'context'>, snapshot: Snapshot) => ({
  ...summary(snapshot),
  'os-extended-snapshot-attributes:progress': snapshot.status === 'available' ? '100%' : '0%',
  'os-extended-snapshot-attributes:project_id': snapshot.project_id,
  // nova puts a server that is made of it there
  ...(isService(context) && { 'os-vol-host-attr:host': snapshot.host }),
  ...(minor >= 14 && { group_snapshot_id: null }),
  ...(minor >= 41 && { user_id: snapshot.user_id }),
  ...(minor >= 65 && { consumes_quota: true }),
});
