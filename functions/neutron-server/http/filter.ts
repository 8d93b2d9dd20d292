import type { View } from './list.ts';

/** Filters that are no attribute: resources that have all, or any, or none of some tags (comma-separated). */
export const tagFilters = new Set(['tags', 'tags-any', 'not-tags', 'not-tags-any']);

/** Does the resource meet every filter? A filter given several times is met by any of its values. */
export function matches(view: View, query: URLSearchParams, ignored: ReadonlySet<string>): boolean {
  return [...new Set(query.keys())].every((name) => {
    if (ignored.has(name)) return true;
    const wanted = query.getAll(name);
    if (tagFilters.has(name)) return wanted.every((tags) => matchesTags(name, (view['tags'] as string[] | undefined) ?? [], tags.split(',')));
    // what a policy hides can't be asked for either
    return name in view && (name === 'fixed_ips' ? matchesFixedIps(view[name] as FixedIp[], wanted) : wanted.some((value) => equals(view[name], value)));
  });
}

function matchesTags(filter: string, tags: string[], wanted: string[]): boolean {
  const all = wanted.every((tag) => tags.includes(tag));
  const any = wanted.some((tag) => tags.includes(tag));
  return filter === 'tags' ? all : filter === 'tags-any' ? any : filter === 'not-tags' ? !all : !any;
}

interface FixedIp { ip_address: string; subnet_id: string }

/** `fixed_ips=ip_address=10.0.0.5` and `fixed_ips=subnet_id=…`; of one kind any value will do, of two kinds both must be met. */
function matchesFixedIps(fixedIps: FixedIp[], wanted: string[]): boolean {
  const byKey = Map.groupBy(wanted, (value) => value.slice(0, Math.max(0, value.indexOf('='))));
  return [...byKey].every(([key, values]) =>
    values.some((value) => {
      const text = value.slice(key.length + 1);
      if (key === 'ip_address_substr') return fixedIps.some(({ ip_address }) => ip_address.includes(text));
      return (key === 'ip_address' || key === 'subnet_id') && fixedIps.some((ip) => ip[key] === text);
    }),
  );
}

function equals(actual: unknown, wanted: string): boolean {
  if (Array.isArray(actual)) return actual.length === 0 ? wanted === '' : actual.some((item) => equals(item, wanted));
  if (typeof actual === 'boolean') return actual === /^(true|1)$/i.test(wanted) && /^(true|false|1|0)$/i.test(wanted);
  if (actual === null) return wanted === '' || wanted === 'None' || wanted === 'null';
  if (typeof actual === 'object') return JSON.stringify(actual) === wanted;
  return String(actual) === wanted;
}
