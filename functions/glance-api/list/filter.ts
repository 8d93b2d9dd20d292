import { badRequest } from '../../../shared/http/errors.ts';
import type { Image } from '../image/record.ts';

type Test = (image: Image) => boolean;

const notFilters = new Set(['limit', 'marker', 'sort', 'sort_key', 'sort_dir', 'visibility', 'member_status', 'os_hidden', 'tag']);
const fields = new Set(['name', 'status', 'container_format', 'disk_format', 'id', 'owner', 'checksum', 'os_hash_algo', 'os_hash_value']);
const takesIn = new Set(['name', 'status', 'container_format', 'disk_format', 'id']);
const counts = new Set(['min_ram', 'min_disk', 'size', 'virtual_size']);

/** What an image must meet to be listed. Names that are no field of images are those of custom properties. */
export function filterOf(query: URLSearchParams): Test {
  const tests: Test[] = [hidden(query.get('os_hidden'))];
  if (query.has('changes-since')) throw badRequest('The "changes-since" filter is no longer available on v2.');
  const tags = query.getAll('tag').map((tag) => tag.trim());
  if (tags.length) tests.push((image) => tags.every((tag) => image.tags.includes(tag)));
  for (const [name, value] of query) if (!notFilters.has(name)) tests.push(test(name, value));
  return (image) => tests.every((each) => each(image));
}

/** Whether few of many images may be what is asked for. Hidden ones are few, so a list without them is one of nearly all. */
export const isNarrow = (query: URLSearchParams) =>
  query.get('os_hidden')?.toLowerCase() === 'true' || [...query.keys()].some((name) => name === 'tag' || !notFilters.has(name));

/** As much of it as the database can tell: what can't be listed need not be sent. */
export const conditionOf = (query: URLSearchParams): Partial<Image> =>
  Object.fromEntries([...query].filter(([name, value]) => fields.has(name) && !isIn(name, value)));

const isIn = (name: string, value: string) => takesIn.has(name) && value.startsWith('in:');

function test(name: string, value: string): Test {
  if (name === 'protected') {
    if (value !== 'true' && value !== 'false') throw badRequest(`Invalid value '${value}' for 'protected' filter. Valid values are 'true' or 'false'.`);
    return (image) => image.protected === (value === 'true');
  }
  if (name === 'size_min' || name === 'size_max') return size(name, value);
  if (name === 'created_at' || name === 'updated_at') return time(name, value);
  if (counts.has(name)) return (image) => image[name] === Number(value);
  if (isIn(name, value)) {
    const wanted = commaSeparated(value.slice(3), name);
    return (image) => wanted.includes(image[name] as string);
  }
  if (fields.has(name)) return (image) => image[name] === value;
  return (image) => image.properties[name] === value;
}

function hidden(given: string | null): Test {
  const value = given?.toLowerCase() ?? 'false';
  if (value !== 'true' && value !== 'false') throw badRequest(`Invalid value '${given}' for 'os_hidden' filter. Valid values are 'true' or 'false'.`);
  return (image) => image.os_hidden === (value === 'true');
}

function size(name: 'size_min' | 'size_max', value: string): Test {
  if (!/^\d+$/.test(value)) throw badRequest(`Invalid value '${value}' for '${name}' filter: it must be a non-negative integer.`);
  const bound = Number(value);
  return name === 'size_min' ? (image) => image.size !== null && image.size >= bound : (image) => image.size !== null && image.size <= bound;
}

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b, neq: (a, b) => a !== b, gt: (a, b) => a > b, gte: (a, b) => a >= b, lt: (a, b) => a < b, lte: (a, b) => a <= b,
};

/** `gte:2026-01-31T12:00:00Z`; without an operator `eq`. Images are shown, and so compared, in whole seconds. */
function time(field: 'created_at' | 'updated_at', value: string): Test {
  const match = /^(?:([a-z]+):)?(\d{4}-.+)$/.exec(value);
  const operator = match?.[1] ?? 'eq';
  const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
  if (!compare) throw badRequest(`Unable to filter using the operator ${operator}`);
  const moment = match?.[2] ?? value;
  const bound = Date.parse(/T.*([zZ]|[+-]\d\d:?\d\d)$/.test(moment) ? moment : `${moment.includes('T') ? moment : `${moment}T00:00:00`}Z`);
  if (Number.isNaN(bound)) throw badRequest(`Unable to filter on a range with a value that is not a time: ${field}=${value}`);
  return (image) => compare(Math.floor(Date.parse(image[field]) / 1000), Math.floor(bound / 1000));
}

/** Values between commas; one in double quotes may hold commas itself. */
function commaSeparated(list: string, name: string): string[] {
  const values: string[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|([^",]*))\s*(,|$)/y;
  while (pattern.lastIndex <= list.length) {
    const match = pattern.exec(list);
    if (!match) throw badRequest(`Invalid filter value ${list} of ${name}: the quote is not closed or has no comma after it.`);
    values.push(match[1] !== undefined ? match[1].replaceAll(/\\(.)/g, '$1') : match[2]!.trim());
    if (match[3] === '') break;
  }
  return values;
}
