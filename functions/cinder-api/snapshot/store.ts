import { notFound } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import type { Selection } from '../../../shared/store/table.ts';
import { SHARDS } from '../volume/record.ts';
import { cinder } from '../volume/store.ts';
import { snapshotKey, type Snapshot } from './record.ts';

export const getSnapshot = (id: string): Promise<Snapshot | undefined> => cinder.get<Snapshot>(snapshotKey(id));
export const getSnapshots = (ids: string[]): Promise<Snapshot[]> => cinder.getMany<Snapshot>(ids.map(snapshotKey));

/** As volumesIn. */
export const snapshotsIn = (project?: string): Selection[] =>
  project === undefined ? SHARDS.map((shard) => ({ index: 'gsi2', pk: `snapshots#${shard}`, descending: true })) : [{ index: 'gsi1', pk: `snapshots#project#${project}`, descending: true }];

export const noSnapshot = (id: string) => notFound(`Snapshot ${id} could not be found.`);

/** The snapshot, where the asker's project owns it or the asker is admin (404 otherwise), and policy allows (403). */
export async function ownSnapshot(request: Request, policy: string, id = request.params['snapshot_id']!): Promise<Snapshot> {
  const snapshot = await getSnapshot(id);
  if (!snapshot || (!isAdmin(request.context) && snapshot.project_id !== request.context.project_id)) throw noSnapshot(id);
  request.enforce(policy, { project_id: snapshot.project_id });
  return snapshot;
}
