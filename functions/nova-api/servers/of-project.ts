import { DELETED } from '../../../shared/objects/deletion.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import type { Selection } from '../../../shared/store/table.ts';
import { nova } from '../store.ts';

/** Servers in the megabyte that DynamoDB answers at once: more are read in parts side by side instead of page after page, each looked through while the database reads the others. */
const PART = 400;
const MOST_PARTS = 8;
/** How many servers a project had when it was last looked at, where that was more than a part: ids are spread evenly. */
const lengths = new Map<string, number>();

/** Those of a project that were deleted within the last days. */
export const deletedOf = (projectId: string, { attributes }: Pick<Selection, 'attributes'>): Promise<Instance[]> => nova.query<Instance>({ pk: `PROJECT#${projectId}`, prefix: DELETED, ...(attributes && { attributes }) });

/** A project's servers, by a consistent read; in no order. */
export async function serversOf(projectId: string, part: Pick<Selection, 'attributes' | 'filter'>): Promise<Instance[]> {
  const parts = Math.min(Math.ceil((lengths.get(projectId) ?? 1) / PART), MOST_PARTS);
  const bounds = Array.from({ length: parts + 1 }, (_, i) => `SERVER#${i === 0 ? '' : i === parts ? '\uffff' : Math.round((i / parts) * 256).toString(16).padStart(2, '0')}`);
  const found = await Promise.all(bounds.slice(1).map((end, i) => nova.query<Instance>({ pk: `PROJECT#${projectId}`, between: [bounds[i]!, end], ...part })));
  const servers = found.flat();
  if (servers.length > PART) lengths.set(projectId, servers.length);
  else lengths.delete(projectId);
  return servers;
}
