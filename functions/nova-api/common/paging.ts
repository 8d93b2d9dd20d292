import { badRequest } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import type { Link } from './links.ts';
import { IntegerFrom, Many } from './types.ts';
import * as Type from '@sinclair/typebox';

/** Nova's osapi_max_limit: no page is longer. */
export const MAX_LIMIT = 1000;

/** Query parameters of every collection that comes in pages. */
export const pageParameters = { limit: Many(IntegerFrom(0)), marker: Many(Type.String()) };

export interface Page<T> { items: T[]; links: Link[] | undefined }

/** The page that `limit` and `marker` ask for, and a link to the next one where it is full. 400 where the marker is not among the items. */
export function paged<T>(request: Pick<Request, 'query' | 'baseUrl' | 'path'>, all: T[], idOf: (item: T) => string, options: { unknownMarker?: (marker: string) => string } = {}): Page<T> {
  const limit = Math.min(Number(request.query.get('limit') ?? MAX_LIMIT), MAX_LIMIT);
  const marker = request.query.get('marker');
  let start = 0;
  if (marker) {
    start = all.findIndex((item) => idOf(item) === marker) + 1;
    if (start === 0) throw badRequest((options.unknownMarker ?? ((m) => `marker [${m}] not found`))(marker));
  }
  const items = all.slice(start, start + limit);
  return { items, links: items.length > 0 && items.length === limit ? [nextLink(request, idOf(items.at(-1)!))] : undefined };
}

function nextLink({ query, baseUrl, path }: Pick<Request, 'query' | 'baseUrl' | 'path'>, marker: string): Link {
  const next = new URLSearchParams(query);
  next.set('marker', marker);
  return { rel: 'next', href: `${baseUrl}${path}?${next}` };
}
