import { badRequest } from '../../../shared/http/errors.ts';
import type { Image } from '../image/record.ts';

const keys = ['name', 'status', 'container_format', 'disk_format', 'size', 'id', 'created_at', 'updated_at'] as const;
type SortKey = (typeof keys)[number];
type Direction = 'asc' | 'desc';

/** Compares images as `sort=name:asc,size:desc`, or as the older `sort_key` and `sort_dir`, ask for; newest first by default. */
export function orderOf(query: URLSearchParams): (a: Image, b: Image) => number {
  const order = total(query);
  return (a, b) => {
    for (const [key, direction] of order) {
      const difference = compare(a[key], b[key]);
      if (difference) return direction === 'asc' ? difference : -difference;
    }
    return 0;
  };
}

/** Whether that order is the one in which images lie in the table's indexes. */
export function isNewestFirst(query: URLSearchParams): boolean {
  return total(query).slice(0, 2).join() === 'created_at,desc,id,desc';
}

function total(query: URLSearchParams): [SortKey, Direction][] {
  const order = parse(query);
  for (const last of ['created_at', 'id'] as const) if (!order.some(([key]) => key === last)) order.push([last, order[0]![1]]);
  return order;
}

function parse(query: URLSearchParams): [SortKey, Direction][] {
  const sort = query.get('sort');
  const sortKeys = query.getAll('sort_key');
  const sortDirs = query.getAll('sort_dir');
  if (sort !== null) {
    if (sortKeys.length || sortDirs.length) throw badRequest('Old and new sorting syntax cannot be combined');
    return sort.trim().split(',').map((part) => {
      const [key = '', direction = ''] = part.split(':');
      return [keyOf(key), directionOf(direction || 'desc')];
    });
  }
  if (sortDirs.length > 1 && sortDirs.length !== sortKeys.length) throw badRequest('Number of sort dirs does not match the number of sort keys');
  const all = sortKeys.length ? sortKeys : ['created_at'];
  return all.map((key, i) => [keyOf(key), directionOf(sortDirs.length > 1 ? sortDirs[i]! : (sortDirs[0] ?? 'desc'))]);
}

function keyOf(given: string): SortKey {
  const key = given.trim();
  if (!(keys as readonly string[]).includes(key)) throw badRequest(`Invalid sort key: ${key}. It must be one of the following: ${keys.join(', ')}.`);
  return key as SortKey;
}

function directionOf(given: string): Direction {
  const direction = given.trim();
  if (direction !== 'asc' && direction !== 'desc') throw badRequest(`Invalid sort direction: ${direction}`);
  return direction;
}

/** What is not set comes first. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}
