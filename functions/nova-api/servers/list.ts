import { badRequest, forbidden } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { DELETED } from '../../../shared/objects/deletion.ts';
import { type Instance, SERVER_SHARDS, SERVERS } from '../../../shared/objects/instance.ts';
import { not } from '../../../shared/store/condition.ts';
import { paged } from '../common/paging.ts';
import { sorted, type Order } from '../common/sort.ts';
import { nova } from '../store.ts';
import { filtersOf, mayHoldDeleted } from './filters.ts';
import { sortKeys } from './list-schema.ts';
import { deletedOf, serversOf } from './of-project.ts';
import { pageOf } from './page.ts';
import { hostsOf } from './show.ts';
import { basicAttributes, shownTo } from './shown.ts';
import { basicServer, detailedServer } from './view.ts';

export const listServers = async (request: Request): Promise<Reply> => {
  const seen = [...request.query.keys()].every((name) => seenInBasic.includes(name));
  const { items, links } = await wanted(request, 'os_compute_api:servers:index:get_all_tenants', seen ? basicAttributes : shownTo(request));
  return { body: { servers: items.map((server) => basicServer(server, request)), ...(links && { servers_links: links }) } };
};

/** Parameters by which a list of names is found in what it shows; by others it may be sorted or filtered by anything. */
const seenInBasic = ['limit', 'marker', 'sort_dir', 'all_tenants', 'project_id', 'tenant_id', 'name', 'changes-since', 'changes-before', 'deleted'];

export const listServersDetailed = async (request: Request): Promise<Reply> => {
  const { items, links } = await wanted(request, 'os_compute_api:servers:detail:get_all_tenants', shownTo(request));
  const hosts = await hostsOf(items, request);
  return { body: { servers: items.map((server) => detailedServer(server, request, { node: hosts.get(server.host) })), ...(links && { servers_links: links }) } };
};

async function wanted(request: Request, allTenantsPolicy: string, attributes: string[]) {
  const filters = await filtersOf(request);
  const order = orderOf(request);
  const servers = filters ? await readable(request, allTenantsPolicy, order, attributes) : [];
  const matching = servers.filter((server) => filters!.every((filter) => filter(server)));
  return paged(request, sorted(matching, order, attributeOf), (server) => server.uuid);
}

/**
 * The project's servers (a consistent read), or for an admin who asks so, those of all projects or of another one; with those that are gone where the list may
 * hold them. Of many, those that its page needs.
 */
async function readable({ query, context, enforce }: Request, allTenantsPolicy: string, order: Order, attributes: string[]): Promise<Instance[]> {
  const deleted = mayHoldDeleted(query);
  // what earlier code deleted stays among the others for some days
  const part = { attributes, ...(!deleted && { filter: { vm_state: not('deleted') } }) };
  const all = asksForAll(query);
  if (all) enforce(allTenantsPolicy);
  const project = all ? (query.get('project_id') ?? query.get('tenant_id')) : context.project_id!;
  const page = deleted ? undefined : await pageOf(project, query, order, part);
  if (page) return page;
  const partitions = SERVER_SHARDS.flatMap((shard) => [SERVERS + shard, ...(deleted ? [DELETED + shard] : [])]);
  const found = project === null
    ? partitions.map((pk) => nova.query<Instance>({ index: 'gsi1', pk, ...part }))
    : [serversOf(project, part), ...(deleted ? [deletedOf(project, part)] : [])];
  return (await Promise.all(found)).flat();
}

/** `?all_tenants` alone says yes. */
function asksForAll(query: URLSearchParams): boolean {
  const value = query.get('all_tenants');
  if (value === null) return false;
  if (value === '' || /^(1|t|true|on|y|yes)$/i.test(value)) return true;
  if (/^(0|f|false|off|n|no)$/i.test(value)) return false;
  throw badRequest(`Invalid value '${value}' for all_tenants: a boolean is needed`);
}

function orderOf({ query, context }: Request): Order {
  const directions = query.getAll('sort_dir');
  const descending = (i: number) => (directions[i] ?? directions.at(-1) ?? 'desc').trim() !== 'asc';
  const keys = query.getAll('sort_key').map((key, i) => ({ key: key.trim(), descending: descending(i) }));
  for (const { key } of keys) if ((key === 'host' || key === 'node') && !isAdmin(context)) throw forbidden(`Only administrators can sort servers by ${key}`);
  const asked = keys.filter(({ key }) => Object.hasOwn(sortKeys, key) || key === 'locked');
  const rest = descending(asked.length);
  return [...(asked.length > 0 ? asked : [{ key: 'created_at', descending: descending(0) }]), { key: 'created_at', descending: rest }, { key: 'launch_index', descending: rest }, { key: 'uuid', descending: rest }];
}

const attributeOf = (server: Instance, key: string): unknown =>
  key === 'locked' ? Number(server.locked) : (sortKeys[key] ?? '').split('.').reduce<unknown>((value, part) => (part === '' ? null : (value as Record<string, unknown> | null)?.[part]), server);
