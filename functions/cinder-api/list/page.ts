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

/** `…_links` with the address of the next page; nothing where this is the last. */
export function nextLink(name: string, url: string, query: URLSearchParams, next: string | undefined) {
  if (next === undefined) return {};
  const params = new URLSearchParams(query);
  params.delete('offset');
  params.set('marker', next);
  return { [`${name}_links`]: [{ rel: 'next', href: `${url}?${params}` }] };
}
