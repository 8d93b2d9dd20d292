import type { Entity, Fields } from '../records/entities.ts';

const off = new Set(['0', 'false', 'no', 'off', 'n', 'f']);
/** A flag in a query: there means yes, unless its value says no. */
export const isTrue = (query: URLSearchParams, name: string) => query.has(name) && !off.has(query.get(name)!.toLowerCase());

/** Keystone's comparators, as in `name__icontains=web`. */
const comparators: Record<string, (value: string, wanted: string) => boolean> = {
  eq: (value, wanted) => value === wanted,
  contains: (value, wanted) => value.includes(wanted),
  icontains: (value, wanted) => value.toLowerCase().includes(wanted.toLowerCase()),
  startswith: (value, wanted) => value.startsWith(wanted),
  istartswith: (value, wanted) => value.toLowerCase().startsWith(wanted.toLowerCase()),
  endswith: (value, wanted) => value.endsWith(wanted),
  iendswith: (value, wanted) => value.toLowerCase().endsWith(wanted.toLowerCase()),
};

/** Those that meet each of the query's conditions on these fields; other query parameters are no conditions. */
export function filtered<E extends Entity<any>>(entities: E[], fields: string[], query: URLSearchParams): E[] {
  const conditions = [...query].flatMap(([parameter, wanted]) => {
    const [field = '', comparator = 'eq'] = parameter.split('__');
    const compare = Object.hasOwn(comparators, comparator) && comparators[comparator];
    return fields.includes(field) && compare ? [(data: Fields) => meets(data[field], wanted, compare)] : [];
  });
  return entities.filter(({ data }) => conditions.every((condition) => condition(data)));
}

function meets(value: unknown, wanted: string, compare: (value: string, wanted: string) => boolean): boolean {
  if (typeof value === 'boolean') return value === !off.has(wanted.toLowerCase());
  return compare(value === null || value === undefined ? '' : String(value), wanted);
}
