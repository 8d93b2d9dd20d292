import type { Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { newest } from '../../../shared/store/newest.ts';
import type { Selection } from '../../../shared/store/table.ts';
import { position } from '../volume/record.ts';
import { cinder, everything } from '../volume/store.ts';
import { isNewestFirst, isTrue, orderOf, reachOf, type Dated } from './page.ts';

/** Volumes, or snapshots: where a project's are, or everyone's, newest first in each; the one of an id; and what they may be sorted by. */
export interface Kind<T> {
  selections: (project?: string) => Selection[];
  get: (id: string) => Promise<T | undefined>;
  sortKeys: Record<string, keyof T>;
}

/**
 * What passes the tests, in the request's order: of the project's own, or of everyone's for an admin who asks for all. Where a page is `enough`, and the
 * order is that of the indexes, no more is read than `page` has to see; but tests may leave out most of what is read, so with any all is.
 */
export async function listed<T extends Dated & { project_id: string }>({ query, context }: Request, { selections, get, sortKeys }: Kind<T>, tests: ((item: T) => boolean)[], enough: 'page' | 'all'): Promise<T[]> {
  const order = orderOf(query, sortKeys);
  const everyones = isAdmin(context) && isTrue(query.get('all_tenants'));
  const project = everyones ? query.get('project_id') || undefined : (context.project_id ?? '');
  if (enough === 'all' || tests.length > 0 || !isNewestFirst(query, sortKeys))
    return (await everything<T>(selections(project))).filter((item) => tests.every((test) => test(item))).sort(order);
  const marker = query.get('marker');
  const last = marker === null ? undefined : await get(marker);
  if (marker !== null && (!last || (project !== undefined && last.project_id !== project))) return []; // `page` says that it is not there
  return [...(last ? [last] : []), ...(await newestOf<T>(selections(project), reachOf(query), last))].sort(order);
}

/** Records read of each selection beyond its share of what is wanted: one that tells that nothing is missing, and some since chance gives one more than another. */
const UNEVEN = 3;

async function newestOf<T extends Dated>(selections: Selection[], wanted: number, last: T | undefined): Promise<T[]> {
  const size = Math.ceil(wanted / selections.length) + UNEVEN;
  return newest(selections.map((each) => cinder.walk<T>({ ...each, after: last && position(last) }, size)), { wanted, rank: position });
}
