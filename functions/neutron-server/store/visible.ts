import { isAdmin, type RequestContext } from '../../../shared/identity/context.ts';
import { resourceNotFound, type Kind } from '../errors.ts';
import { db } from './db.ts';
import { resourceKey } from './keys.ts';
import type { Network, Port, SecurityGroup, Standard } from './records.ts';

export type Stored = { network: Network; port: Port; security_group: SecurityGroup };
export type StoredKind = keyof Stored;

/** Does this asker see this resource? Others' resources look as if they weren't there. */
export const sees = (context: RequestContext, record: Standard & Partial<Network>): boolean =>
  isAdmin(context) || record.project_id === context.project_id || record.shared === true || record['router:external'] === true;

export async function find<K extends StoredKind>(kind: K, id: string): Promise<Stored[K] | undefined> {
  return (await db.get(resourceKey(kind, id))) as Stored[K] | undefined;
}

/** The resource, or Neutron's 404. */
export async function findVisible<K extends StoredKind>(context: RequestContext, kind: K, id: string): Promise<Stored[K]> {
  const record = await find(kind, id);
  if (!record || !sees(context, record)) throw resourceNotFound(kind, id);
  return record;
}

/** Several at once, in one request for every hundred; those that aren't there are left out. */
export const findMany = async <K extends StoredKind>(kind: K, ids: string[]): Promise<Stored[K][]> =>
  ids.length ? ((await db.getMany(ids.map((id) => resourceKey(kind, id)))) as Stored[K][]) : [];

/** So many, in the order of ids, after the marker. */
export interface Page { size: number; marker: string | null }

export interface Scope {
  /** Filters of the list: these ids, this owner. */
  ids?: string[];
  project?: string | undefined;
  /** No more than this page needs. */
  page?: Page;
}

/**
 * All that the asker sees. A project's own and the shared ones come from consistent reads. An administrator's list of all
 * projects takes its ids from an index that may lag behind for others' newest, never for those of his own project.
 */
export async function listVisible<K extends StoredKind>(context: RequestContext, kind: K, scope: Scope = {}): Promise<Stored[K][]> {
  if (scope.page) return pageVisible(context, kind, scope.project, scope.page);
  const ids = scope.ids ?? (await visibleIds(context, kind, scope.project));
  const records = await findMany(kind, [...new Set(ids)]);
  return records.filter((record) => sees(context, record));
}

/** Ids of one round: a client's limit may be any number, DynamoDB's may not. */
const MOST_AT_ONCE = 1000;

/** The marker, if it is in the list, and what follows it, to one beyond the page: it tells that there are more. Nothing where the marker is not in the list. */
async function pageVisible<K extends StoredKind>(context: RequestContext, kind: K, project: string | undefined, { size, marker }: Page): Promise<Stored[K][]> {
  const listed = async (ids: string[]) => (await findMany(kind, ids)).filter((record) => sees(context, record) && (project === undefined || record.project_id === project));
  const known = marker === null ? [] : await listed([marker]);
  if (marker !== null && known.length === 0) return [];
  const limit = Math.min(size + 1, MOST_AT_ONCE);
  const following: Stored[K][] = [];
  for (let after = marker ?? '', more = true; more && following.length <= size; ) {
    const ids = [...new Set(await visibleIds(context, kind, project, { after, limit }))].sort().slice(0, limit); // each source gave its first ones
    following.push(...(await listed(ids)));
    more = ids.length === limit;
    after = ids.at(-1) ?? after;
  }
  return [...known, ...following];
}

/** Which ids of each source: all, or the first so many after one of them. */
interface Stretch { after: string; limit: number }

/** Ids of what the asker may see, and of some that he may not; some twice. */
export async function visibleIds(context: RequestContext, kind: StoredKind, project: string | undefined, stretch?: Stretch): Promise<string[]> {
  const owner = project ?? context.project_id;
  const [own, shared, all] = await Promise.all([
    owner === null || (project !== undefined && !isAdmin(context) && project !== context.project_id) ? [] : ownedIds(owner, kind, stretch),
    kind === 'network' ? namedIn('shared', kind, stretch) : [],
    isAdmin(context) && project === undefined ? indexedIds(kind, stretch) : [],
  ]);
  return [...own, ...shared, ...all];
}

export const ownedIds = (project: string, kind: Kind, stretch?: Stretch): Promise<string[]> => namedIn(`project#${project}`, kind, stretch);

/** Ids of a kind that a partition names. */
async function namedIn(pk: string, kind: Kind, stretch?: Stretch): Promise<string[]> {
  const prefix = `${kind}#`;
  const named = await db.query<{ sk: string }>({ pk, prefix, ...(stretch && { limit: stretch.limit, ...(stretch.after && { after: prefix + stretch.after }) }) });
  return named.map(({ sk }) => sk.slice(prefix.length));
}

const indexedIds = async (kind: Kind, stretch?: Stretch) => (await db.query<{ gsi1sk: string }>({ pk: kind, index: 'gsi1', ...stretch })).map(({ gsi1sk }) => gsi1sk);
