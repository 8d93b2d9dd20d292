import { badRequest } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { matches, tagFilters } from './filter.ts';

export interface Collection {
  /** Key of the list in the body, and its path below the root. */
  name: string;
  path: string;
  /** Every attribute that the API knows of the resource: what may be filtered on and sorted by. */
  attributes: readonly string[];
}

export type View = Record<string, unknown>;

/** Query parameters that are no filters. */
export const controls = new Set(['fields', 'sort_key', 'sort_dir', 'limit', 'marker', 'page_reverse']);

/** Networking API v2.0, "Filtering and column selection", "Sorting", "Pagination". `views` is all that the asker may see, or what the page needs of it (page.ts). */
export function listReply(request: Request, collection: Collection, views: View[]): Reply {
  const { query } = request;
  refuseUnknown(query, collection);
  const found = views.filter((view) => matches(view, query, controls));
  const sorted = sort(found, query, collection);
  const { page, links } = paginate(sorted, request, collection);
  return { body: { [collection.name]: page.map((view) => selectFields(view, query)), ...(links.length && { [`${collection.name}_links`]: links }) } };
}

/** Only the asked fields, where `fields` says so. */
export function selectFields(view: View, query: URLSearchParams): View {
  const fields = query.getAll('fields').filter(Boolean);
  return fields.length ? Object.fromEntries(Object.entries(view).filter(([name]) => fields.includes(name))) : view;
}

function refuseUnknown(query: URLSearchParams, { attributes }: Collection): void {
  const unknown = [...new Set(query.keys())].filter((name) => !controls.has(name) && !tagFilters.has(name) && !attributes.includes(name));
  if (unknown.length) throw badRequest(`${JSON.stringify(unknown).replaceAll('"', "'")} is invalid attribute for filter`, { type: 'HTTPBadRequest' });
}

function sort(views: View[], query: URLSearchParams, { attributes }: Collection): View[] {
  const keys = query.getAll('sort_key').flatMap((key) => key.split(','));
  const directions = query.getAll('sort_dir').flatMap((direction) => direction.split(','));
  if (directions.length && directions.length !== keys.length) throw badRequest('The number of sort_keys and sort_dirs must be same', { type: 'HTTPBadRequest' });
  for (const key of keys) if (!attributes.includes(key)) throw badRequest(`['${key}'] is invalid attribute for sort_keys`, { type: 'HTTPBadRequest' });
  for (const direction of directions) if (direction !== 'asc' && direction !== 'desc') throw badRequest(`sort_dir must be one of ['asc', 'desc']`, { type: 'HTTPBadRequest' });
  const order = [...keys.map((key, i) => ({ key, sign: directions[i] === 'desc' ? -1 : 1 })), { key: 'id', sign: 1 }];
  return [...views].sort((a, b) => {
    for (const { key, sign } of order) {
      const difference = compare(a[key], b[key]);
      if (difference) return sign * difference;
    }
    return 0;
  });
}

export const isReverse = (query: URLSearchParams) => /^(true|1)$/i.test(query.get('page_reverse') ?? '');

function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function paginate(views: View[], request: Request, { name, path }: Collection) {
  const { query } = request;
  const limit = Number(query.get('limit') ?? 0);
  if (!Number.isInteger(limit) || limit < 0) throw badRequest(`limit must be an integer 0 or greater and not '${query.get('limit')}'`, { type: 'HTTPBadRequest' });
  const marker = query.get('marker');
  const reverse = isReverse(query);
  const at = marker === null ? undefined : views.findIndex((view) => view['id'] === marker);
  if (at === -1) throw badRequest(`Invalid marker: ${name} has no ${marker}`, { type: 'HTTPBadRequest' });
  const rest = at === undefined ? views : reverse ? views.slice(0, at) : views.slice(at + 1);
  if (limit === 0 || (rest.length === 0 && marker === null)) return { page: rest, links: [] };
  const page = reverse ? rest.slice(-limit) : rest.slice(0, limit);
  const link = (rel: 'next' | 'previous', to: View) => {
    const href = new URLSearchParams([...query].filter(([key]) => key !== 'marker' && key !== 'page_reverse'));
    href.set('marker', String(to['id']));
    if (rel === 'previous') href.set('page_reverse', 'True');
    return { rel, href: `${request.baseUrl}/${path}?${href}` };
  };
  const more = rest.length > page.length;
  const links = [
    ...(page.length && (reverse || more) ? [link('next', page.at(-1)!)] : []),
    ...(page.length && (reverse ? more : marker !== null) ? [link('previous', page[0]!)] : []),
  ];
  return { page, links };
}
