import { badRequest } from '../../../shared/http/errors.ts';

const MAX_LIMIT = 1000; // osapi_max_limit

/** One page of what is listed: `limit`, `marker` (an id), `offset`. Throws 400 for a marker that isn't there. */
export function page<T>(query: URLSearchParams, all: T[], idOf: (item: T) => string): { items: T[]; next: string | undefined } {
  const limit = Math.min(count(query, 'limit', MAX_LIMIT), MAX_LIMIT);
  const offset = count(query, 'offset', 0);
  const marker = query.get('marker');
  const start = marker === null ? 0 : all.findIndex((item) => idOf(item) === marker) + 1;
  if (marker !== null && start === 0) throw badRequest(`marker not found: ${marker}`);
  const rest = all.slice(start + offset);
  const items = rest.slice(0, limit);
  return { items, next: items.length && rest.length > limit ? idOf(items.at(-1)!) : undefined };
}

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
export function orderOf<T extends Record<string, unknown>>(query: URLSearchParams, keys: Record<string, keyof T>): (a: T, b: T) => number {
  const sort = query.get('sort');
  if (sort !== null && (query.has('sort_key') || query.has('sort_dir'))) throw badRequest("The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.");
  const given = (sort ?? `${query.get('sort_key') ?? 'created_at'}:${query.get('sort_dir') ?? 'desc'}`).split(',').filter(Boolean);
  const order = given.map((part) => {
    const [key = '', direction = 'desc'] = part.trim().split(':');
    if (!Object.hasOwn(keys, key)) throw badRequest(`Invalid input received: Sort key supplied is invalid: ${key}`);
    if (direction !== 'asc' && direction !== 'desc') throw badRequest(`Invalid input received: Unknown sort direction, must be 'desc' or 'asc': ${direction}`);
    return [keys[key]!, direction === 'asc' ? 1 : -1] as const;
  });
  return (a, b) => {
    for (const [field, sign] of [...order, ['created_at', -1] as const, ['id', -1] as const]) {
      const [x, y] = [a[field] as string | number | null, b[field] as string | number | null];
      if (x !== y) return (x === null ? -1 : y === null ? 1 : x < y ? -1 : 1) * sign;
    }
    return 0;
  };
}

/** `…_links` with the address of the next page; nothing where this is the last. */
export function nextLink(name: string, url: string, query: URLSearchParams, next: string | undefined) {
  if (next === undefined) return {};
  const params = new URLSearchParams(query);
  params.delete('offset');
  params.set('marker', next);
  return { [`${name}_links`]: [{ rel: 'next', href: `${url}?${params}` }] };
}
