import type { Request } from '../../../shared/http/route.ts';
import { listed } from '../list/listed.ts';
import type { Snapshot } from './record.ts';
import { getSnapshot, snapshotsIn } from './store.ts';

const filters: Record<string, (snapshot: Snapshot) => string | null> = {
  name: ({ name }) => name, display_name: ({ name }) => name, status: ({ status }) => status, volume_id: ({ volume_id }) => volume_id,
  id: ({ id }) => id, user_id: ({ user_id }) => user_id, description: ({ description }) => description,
};
const sortKeys: Record<string, keyof Snapshot> = { id: 'id', status: 'status', volume_id: 'volume_id', volume_size: 'volume_size', created_at: 'created_at', updated_at: 'updated_at', name: 'name', display_name: 'name', user_id: 'user_id', project_id: 'project_id' };

/** The snapshots that the request's filters leave, in its order; where a page of them is enough, as many as it needs. Filters that aren't known are passed over, as Cinder does here. */
export async function listedSnapshots(request: Request, enough: 'page' | 'all'): Promise<Snapshot[]> {
  const tests = [...request.query].flatMap(([name, value]) => {
    const like = name.endsWith('~');
    const field = like ? name.slice(0, -1) : name;
    const read = Object.hasOwn(filters, field) && filters[field];
    return read ? [(snapshot: Snapshot) => (like ? (read(snapshot)?.includes(value) ?? false) : read(snapshot) === value)] : [];
  });
  return listed<Snapshot>(request, { selections: snapshotsIn, get: getSnapshot, sortKeys }, tests, enough);
}
