import { badRequest } from '../../../shared/http/errors.ts';

const MAX_LIMIT = 1000; // osapi_max_limit

/** What may be sorted. */
export interface Dated extends Record<string, unknown> { id: string; created_at: string }

/** One page of what is listed: `limit`, `marker` (an id), `offset`. Throws 400 for a marker that isn't there. */
export function page<T>(query: URLSearchParams, all: T[], idOf: (item: T) => string): { items: T[]; next: string | undefined } {
  const { limit, offset } = boundsOf(query);
  const marker = query.get('marker');
  const start = marker === null ? 0 : all.findIndex((item) => idOf(item) === marker) + 1;
  if (marker !== null && start === 0) throw badRequest(`marker not found: ${marker}`);
  const rest = all.slice(start + offset);
  const items = rest.slice(0, limit);
  return { items, next: items.length && rest.length > limit ? idOf(items.at(-1)!) : undefined };
}

/** How many of those after the marker have to be seen for a page: its own, those before it, and one that tells of a next page. */
export function reachOf(query: URLSearchParams): number {
  const { limit, offset } = boundsOf(query);
  return offset + limit + 1;
}

const boundsOf = (query: URLSearchParams) => ({ limit: Math.min(count(query, 'limit', MAX_LIMIT), MAX_LIMIT), offset: count(query, 'offset', 0) });

export const isTrue = (given: string | null) => given !== null && !['0', 'false', 'f', 'no', 'off', 'n', ''].includes(given.toLowerCase());

function count(query: URLSearchParams, name: string, otherwise: number): number {
  const given = query.get(name);
  if (given === null) return otherwise;
  if (!/^\d{1,9}$/.test(given)) throw badRequest(`${name} must be an integer >= 0: ${given}`);
  return Number(given);
}

/**
 * `sort=key:dir,…`, or the older `sort_key` and `sort_dir`; newest first by default. `keys`: what may be named, and the field that it means.
 * Throws 400 naming what is not known.
 */
export function orderOf<T extends Dated>(query: URLSearchParams, keys: Record<string, keyof T>): (a: T, b: T) => number {
  const order = total(query, keys);
  return (a, b) => {
    for (const [field, sign] of order) {
      const [x, y] = [a[field] as string | number | null, b[field] as string | number | null];
      if (x !== y) return (x === null ? -1 : y === null ? 1 : x < y ? -1 : 1) * sign;
    }
    return 0;
  };
}

/** Whether that order is the one in which records lie in the table's indexes. */
export const isNewestFirst = <T extends Dated>(query: URLSearchParams, keys: Record<string, keyof T>): boolean => total(query, keys).slice(0, 2).join() === 'created_at,-1,id,-1';

/** The fields to compare, one after the other, up or down; no two records are the same in all. */
function total<T extends Dated>(query: URLSearchParams, keys: Record<string, keyof T>): [field: keyof T, sign: 1 | -1][] {
  const sort = query.get('sort');
  if (sort !== null && (query.has('sort_key') || query.has('sort_dir'))) throw badRequest("The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.");
  const given = (sort ?? `${query.get('sort_key') ?? 'created_at'}:${query.get('sort_dir') ?? 'desc'}`).split(',').filter(Boolean);
  const order = given.map((part): [keyof T, 1 | -1] => {
    const [key = '', direction = 'desc'] = part.trim().split(':');
    if (!Object.hasOwn(keys, key)) throw badRequest(`Invalid input received: Sort key supplied is invalid: ${key}`);
    if (direction !== 'asc' && direction !== 'desc') throw badRequest(`Invalid input received: Unknown sort direction, must be 'desc' or 'asc': ${direction}`);
    return [keys[key]!, direction === 'asc' ? 1 : -1];
  });
  for (const last of ['created_at', 'id']) if (!order.some(([field]) => field === last)) order.push([last, -1]);
  return order;
}

/** `…_links` with the address of the next page; nothing where this is the last. */
export function nextLink(name: string, url: string, query: URLSearchParams, next: string | undefined) {
  if (next === undefined) return {};
  const params = new URLSearchParams(query);
  params.delete('offset');
  params.set('marker', next);
  return { [`${name}_links`]: [{ rel: 'next', href: `${url}?${params}` }] };
}
