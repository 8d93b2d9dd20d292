import { DELETED } from '../../../shared/objects/deletion.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import type { Selection } from '../../../shared/store/table.ts';
import { nova } from '../store.ts';
import { madeAt } from './uuid.ts';

/** What of each record is wanted, and of which. */
export type Part = Pick<Selection, 'attributes' | 'filter'>;

/** Servers in the megabyte that DynamoDB answers at once: more are read in parts side by side instead of page after page, each looked through while the database reads the others. */
const PART = 400;
const MOST_PARTS = 8;
export const [FIRST_SERVER, LAST_SERVER] = ['SERVER#', 'SERVER#\uffff'];

/** A project of more than one part, as it was when all of it was last read. */
interface Known {
  servers: number;
  /** Keys that cut it into parts. */
  cuts: string[];
  /** Whether there were servers whose ids don't tell when they were made. There will be no new ones. */
  untold: boolean;
}
const known = new Map<string, Known>();
export const knownOf = (projectId: string): Known | undefined => known.get(projectId);

/** Those of a project that were deleted within the last days. */
export const deletedOf = (projectId: string, { attributes }: Part): Promise<Instance[]> => nova.query<Instance>({ pk: `PROJECT#${projectId}`, prefix: DELETED, ...(attributes && { attributes }) });

/** A project's servers, by a consistent read; in no order. */
export async function serversOf(projectId: string, part: Part): Promise<Instance[]> {
  const bounds = [FIRST_SERVER, ...(known.get(projectId)?.cuts ?? []), LAST_SERVER];
  const found = await Promise.all(bounds.slice(1).map((end, i) => nova.query<Instance>({ pk: `PROJECT#${projectId}`, between: [bounds[i]!, end], ...part })));
  const servers = found.flat();
  remember(projectId, servers);
  return servers;
}

function remember(projectId: string, servers: Instance[]): void {
  const parts = Math.min(Math.ceil(servers.length / PART), MOST_PARTS);
  if (parts <= 1) return void known.delete(projectId);
  const ids = servers.map(({ uuid }) => uuid).sort();
  known.set(projectId, {
    servers: servers.length,
    cuts: Array.from({ length: parts - 1 }, (_, i) => `${FIRST_SERVER}${ids[Math.floor(((i + 1) / parts) * ids.length)]}-`), // which is nobody's key: bounds belong to both sides
    untold: ids.some((id) => !madeAt(id)),
  });
}
