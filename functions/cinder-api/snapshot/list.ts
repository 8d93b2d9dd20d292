import { badRequest } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { isTrue } from '../list/volumes.ts';
import type { Snapshot } from './record.ts';
import { allSnapshots, snapshotsOfProject } from './store.ts';

const filters: Record<string, (snapshot: Snapshot) => string | null> = {
  name: ({ name }) => name, display_name: ({ name }) => name, status: ({ status }) => status, volume_id: ({ volume_id }) => volume_id,
  id: ({ id }) => id, user_id: ({ user_id }) => user_id, description: ({ description }) => description,
};
const sortKeys: Record<string, keyof Snapshot> = { id: 'id', status: 'status', volume_id: 'volume_id', volume_size: 'volume_size', created_at: 'created_at', updated_at: 'updated_at', name: 'name', display_name: 'name', user_id: 'user_id', project_id: 'project_id' };

/** The snapshots that the request's filters leave, in its order; filters that aren't known are passed over, as Cinder does here. */
export async function listedSnapshots({ query, context }: Request): Promise<Snapshot[]> {
  const everyones = isAdmin(context) && isTrue(query.get('all_tenants'));
  const project = query.get('project_id');
  const snapshots = everyones ? (project ? await snapshotsOfProject(project) : await allSnapshots()) : await snapshotsOfProject(context.project_id ?? '');
  const tests = [...query].flatMap(([name, value]) => {
    const like = name.endsWith('~');
    const read = filters[like ? name.slice(0, -1) : name];
    return read ? [(snapshot: Snapshot) => (like ? (read(snapshot)?.includes(value) ?? false) : read(snapshot) === value)] : [];
  });
  return snapshots.filter((snapshot) => tests.every((test) => test(snapshot))).sort(orderOf(query));
}

/** `sort=key:dir,…`, or `sort_key` and `sort_dir`; newest first by default. */
function orderOf(query: URLSearchParams): (a: Snapshot, b: Snapshot) => number {
  const given = query.get('sort') ?? `${query.get('sort_key') ?? 'created_at'}:${query.get('sort_dir') ?? 'desc'}`;
  const order = given.split(',').filter(Boolean).map((part) => {
    const [key = '', direction = 'desc'] = part.trim().split(':');
    const field = Object.hasOwn(sortKeys, key) ? sortKeys[key] : undefined;
    if (!field) throw badRequest(`Invalid input received: Sort key supplied is invalid: ${key}`);
    if (direction !== 'asc' && direction !== 'desc') throw badRequest(`Invalid input received: Unknown sort direction, must be 'desc' or 'asc': ${direction}`);
    return [field, direction === 'asc' ? 1 : -1] as const;
  });
  return (a, b) => {
    for (const [field, sign] of [...order, ['id', -1] as const]) {
      const [x, y] = [a[field] as string | number | null, b[field] as string | number | null];
      if (x !== y) return (x === null ? -1 : y === null ? 1 : x < y ? -1 : 1) * sign;
    }
    return 0;
  };
}
