import { badRequest, forbidden } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { userPattern } from '../common/pattern.ts';
import { isTrue } from '../common/types.ts';
import { isStatus, statusOf } from './status.ts';
import { rootDeviceOf } from './view.ts';

export type Filter = (server: Instance) => boolean;
type Reading = (server: Instance) => unknown;

const exactly = (read: Reading) => (values: string[]): Filter => (server) => values.includes(String(read(server) ?? ''));
const matching = (read: Reading) => async (values: string[]): Promise<Filter> => {
  const patterns = await Promise.all(values.map((value) => userPattern(value, 'name', { ignoreCase: true })));
  return (server) => patterns.every((matches) => matches(String(read(server) ?? '')));
};
const yesOrNo = (read: Reading) => (values: string[]): Filter => (server) => Boolean(read(server)) === isTrue(values[0]);
const attribute = (name: string): Reading => (server) => server[name];
const anAddress = (version: number) => async ([value = '']: string[]): Promise<Filter> => {
  const matches = await userPattern(`^(?:${value})`, version === 4 ? 'ip' : 'ip6');
  return (server) => server.interfaces.some(({ fixed_ips }) => fixed_ips.some((ip) => ip.version === version && matches(ip.ip_address)));
};
const tagged = (test: (tags: string[], has: (tag: string) => boolean) => boolean) => (values: string[]): Filter => {
  const tags = values.flatMap((value) => value.split(','));
  return (server) => test(tags, (tag) => server.tags.includes(tag));
};

/** A filter: since which version everybody (and not only an admin) may use it, and what it looks at. */
const filters: Record<string, { everybody?: number; make: (values: string[]) => Filter | Promise<Filter> }> = {
  name: { everybody: 1, make: matching(attribute('display_name')) },
  display_name: { make: matching(attribute('display_name')) },
  image: { everybody: 1, make: exactly(attribute('image_ref')) },
  image_ref: { make: exactly(attribute('image_ref')) },
  flavor: { everybody: 1, make: exactly((server) => server.flavor.flavorid) },
  reservation_id: { everybody: 1, make: exactly(attribute('reservation_id')) },
  ip: { everybody: 1, make: anAddress(4) },
  ip6: { everybody: 5, make: anAddress(6) },
  tags: { everybody: 26, make: tagged((tags, has) => tags.every(has)) },
  'tags-any': { everybody: 26, make: tagged((tags, has) => tags.some(has)) },
  'not-tags': { everybody: 26, make: tagged((tags, has) => !tags.every(has)) },
  'not-tags-any': { everybody: 26, make: tagged((tags, has) => !tags.some(has)) },
  locked: { everybody: 73, make: yesOrNo(attribute('locked')) },
  availability_zone: { everybody: 83, make: exactly((server) => server.host_availability_zone ?? server.availability_zone) },
  config_drive: { everybody: 83, make: yesOrNo(attribute('config_drive')) },
  key_name: { everybody: 83, make: exactly(attribute('key_name')) },
  created_at: { everybody: 83, make: exactly(attribute('created_at')) },
  launched_at: { everybody: 83, make: exactly(attribute('launched_at')) },
  terminated_at: { everybody: 83, make: exactly(attribute('terminated_at')) },
  power_state: { everybody: 83, make: exactly(attribute('power_state')) },
  task_state: { everybody: 83, make: exactly(attribute('task_state')) },
  vm_state: { everybody: 83, make: exactly(attribute('vm_state')) },
  progress: { everybody: 83, make: exactly(() => 0) },
  user_id: { everybody: 83, make: exactly(attribute('user_id')) },
  host: { make: exactly(attribute('host')) },
  node: { make: exactly(attribute('node')) },
  hostname: { make: matching(attribute('hostname')) },
  uuid: { make: exactly(attribute('uuid')) },
  description: { make: matching(attribute('display_description')) },
  display_description: { make: matching(attribute('display_description')) },
  launch_index: { make: exactly(attribute('launch_index')) },
  locked_by: { make: exactly(attribute('locked_by')) },
  root_device_name: { make: exactly(rootDeviceOf) },
  access_ip_v4: { make: exactly(attribute('access_ip_v4')) },
  access_ip_v6: { make: exactly(attribute('access_ip_v6')) },
  auto_disk_config: { make: yesOrNo((server) => server.disk_config === 'AUTO') },
};

/** Tables that Nova joins, and whatever begins with an underscore: no fields to filter by. */
const noFilters = ['block_device_mapping', 'services', 'metadata', 'system_metadata', 'info_cache', 'security_groups', 'pci_devices'];

/** What the query asks for, as far as the asker may ask it; what one may not ask by is passed over, as in Nova. Undefined: nothing can match. */
export async function filtersOf(request: Pick<Request, 'query' | 'version' | 'allowed'>): Promise<Filter[] | undefined> {
  const { query, version } = request;
  const all = request.allowed('os_compute_api:servers:allow_all_filters');
  if (all) for (const name of query.keys()) if (noFilters.includes(name) || name.startsWith('_')) throw badRequest(`Invalid filter field: ${name}.`);
  const mayUse = (name: string) => all || version.minor >= (filters[name]?.everybody ?? Infinity);
  const asked = await Promise.all(Object.entries(filters).filter(([name]) => query.has(name) && mayUse(name)).map(([name, { make }]) => make(query.getAll(name))));
  const statuses = query.getAll('status').map((status) => status.toLowerCase());
  if (statuses.length > 0 && !statuses.some(isStatus)) {
    if (version.minor >= 38) throw badRequest('Invalid status value');
    return undefined;
  }
  if (statuses.length > 0) asked.push((server) => statuses.includes(statusOf(server).toLowerCase()));
  return [...asked, changed(query), deletion(request, all, statuses)];
}

function changed(query: URLSearchParams): Filter {
  const since = timeOf(query, 'changes-since');
  const before = timeOf(query, 'changes-before');
  if (since !== undefined && before !== undefined && before < since) throw badRequest('The value of changes-since must be less than or equal to changes-before.');
  return ({ updated_at }) => (since === undefined || Date.parse(updated_at) >= since) && (before === undefined || Date.parse(updated_at) <= before);
}

export function timeOf(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(value) || !value.includes(':') ? value : `${value}Z`;
  const time = Date.parse(zoned);
  if (!/^\d{4}-\d\d/.test(value) || Number.isNaN(time)) throw badRequest(`Invalid input for query parameters ${name}. Value: ${value}. '${value}' is not a 'date-time'`);
  return time;
}

/** Whether what such a query lists may hold deleted servers, by `deletion`: elsewhere nobody reads them. */
export const mayHoldDeleted = (query: URLSearchParams): boolean =>
  query.has('changes-since') || query.has('changes-before') || isTrue(query.get('deleted')) || query.getAll('status').some((status) => status.toLowerCase() === 'deleted');

/** Deleted servers only where changes or (by an admin) deleted ones were asked for. */
function deletion({ query }: Pick<Request, 'query'>, all: boolean, statuses: string[]): Filter {
  const gone: Filter = (server) => server.vm_state === 'deleted';
  if (statuses.length > 0 && statuses.every((status) => status === 'deleted')) {
    if (!all) throw forbidden('Only administrators may list deleted instances');
    return gone;
  }
  if (all && query.has('deleted')) return isTrue(query.get('deleted')) ? gone : (server) => !gone(server);
  return query.has('changes-since') || query.has('changes-before') ? () => true : (server) => !gone(server);
}
