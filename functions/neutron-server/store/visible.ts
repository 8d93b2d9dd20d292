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

export interface Scope {
  /** Filters of the list: these ids, this owner. */
  ids?: string[];
  project?: string | undefined;
}

/**
 * All that the asker sees. A project's own and the shared ones come from consistent reads. An administrator's list of all
 * projects takes its ids from an index that may lag behind for others' newest, never for those of his own project.
 */
export async function listVisible<K extends StoredKind>(context: RequestContext, kind: K, scope: Scope = {}): Promise<Stored[K][]> {
  const ids = scope.ids ?? (await visibleIds(context, kind, scope.project));
  const records = await findMany(kind, [...new Set(ids)]);
  return records.filter((record) => sees(context, record));
}

/** Ids of what the asker may see, and of some that he may not; some twice. */
export async function visibleIds(context: RequestContext, kind: StoredKind, project: string | undefined): Promise<string[]> {
  const owner = project ?? context.project_id;
  const [own, shared, all] = await Promise.all([
    owner === null || (project !== undefined && !isAdmin(context) && project !== context.project_id) ? [] : ownedIds(owner, kind),
    kind === 'network' ? sharedNetworkIds() : [],
    isAdmin(context) && project === undefined ? indexedIds(kind) : [],
  ]);
  return [...own, ...shared, ...all];
}

export const ownedIds = async (project: string, kind: Kind): Promise<string[]> =>
  (await db.query<{ sk: string }>({ pk: `project#${project}`, prefix: `${kind}#` })).map(({ sk }) => sk.slice(kind.length + 1));

const sharedNetworkIds = async () => (await db.query<{ sk: string }>({ pk: 'shared', prefix: 'network#' })).map(({ sk }) => sk.slice('network#'.length));

const indexedIds = async (kind: Kind) => (await db.query<{ gsi1sk: string }>({ pk: kind, index: 'gsi1' })).map(({ gsi1sk }) => gsi1sk);
