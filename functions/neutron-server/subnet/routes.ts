import { randomUUID } from 'node:crypto';
import type { RequestContext } from '../../../shared/identity/context.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { resourceNotFound } from '../errors.ts';
import { createEach } from '../http/bulk.ts';
import { enforce } from '../http/enforce.ts';
import { listReply, selectFields } from '../http/list.ts';
import { ownerOf } from '../http/owner.ts';
import { requireRevision } from '../http/revision.ts';
import { scopeOf } from '../http/scope.ts';
import { newStandard } from '../http/standard.ts';
import { counted } from '../quota/counted.ts';
import { giveBack, giveBackDeleted } from '../quota/usage.ts';
import { db } from '../store/db.ts';
import { resourceKey } from '../store/keys.ts';
import type { Subnet } from '../store/records.ts';
import { findMany, findVisible, listVisible, ownedIds, sees } from '../store/visible.ts';
import { planSubnet, replanSubnet } from './plan.ts';
import { subnetCreateBody, subnetUpdateBody, type SubnetCreate, type SubnetUpdate } from './schema.ts';
import { changeSubnet, findSubnet, insertSubnet, removeSubnet, type SubnetOfNetwork } from './store.ts';
import { subnets, subnetView } from './view.ts';

const seesSubnet = (context: RequestContext, { subnet, network }: SubnetOfNetwork) => sees(context, network) || sees(context, subnet);

async function findVisibleSubnet(request: Request): Promise<SubnetOfNetwork> {
  const id = request.params['id']!;
  const found = await findSubnet(id);
  if (!found || !seesSubnet(request.context, found)) throw resourceNotFound('subnet', id);
  return found;
}

async function create(request: Request, given: SubnetCreate): Promise<Subnet> {
  const project = ownerOf(request, given);
  const network = await findVisible(request.context, 'network', given.network_id);
  enforce(request, 'create_subnet', network);
  planSubnet(given, network); // refuses before anything is counted
  const id = randomUUID();
  return counted(
    project, [{ kind: 'subnet' }],
    () => insertSubnet(network.id, (current) => ({ ...newStandard(id, project, given), network_id: current.id, ...planSubnet(given, current) })),
    async () => (await findSubnet(id))?.subnet,
  );
}

async function update(request: Request): Promise<Subnet> {
  const given = (request.body as { subnet: SubnetUpdate }).subnet;
  const { subnet, network } = await findVisibleSubnet(request);
  enforce(request, 'update_subnet', network, subnet);
  return changeSubnet(subnet, (current) => {
    requireRevision(request, current);
    const { name = current.name, description = current.description } = given;
    return { ...current, name, description, ...replanSubnet(current, given) };
  });
}

async function remove(request: Request): Promise<void> {
  const { subnet, network } = await findVisibleSubnet(request);
  enforce(request, 'delete_subnet', network, subnet);
  requireRevision(request, subnet);
  await removeSubnet(subnet);
  await giveBackDeleted(request.receivedAt, subnet.project_id, 'subnet');
}

/** Subnets of the networks that the asker sees, and his own on others'. */
async function list(request: Request): Promise<Subnet[]> {
  const { ids, project } = scopeOf(request);
  const { context, query } = request;
  const networkIds = query.getAll('network_id');
  const networks = networkIds.length ? await listVisible(context, 'network', { ids: networkIds }) : ids ? await networksOf(ids) : await listVisible(context, 'network');
  const owner = project ?? context.project_id;
  const elsewhere = networkIds.length || ids || isAdmin(context) || owner === null ? [] : await networksOf(await ownedIds(owner, 'subnet'));
  const found = [...networks, ...elsewhere].flatMap((network) => Object.values(network.subnets).map((subnet) => ({ subnet, network })));
  return [...new Map(found.filter((one) => seesSubnet(context, one)).map(({ subnet }) => [subnet.id, subnet])).values()];
}

const networksOf = async (subnetIds: string[]) => {
  const pointers = await db.getMany<{ network_id: string }>(subnetIds.map((id) => resourceKey('subnet', id)));
  return findMany('network', [...new Set(pointers.map(({ network_id }) => network_id))]);
};

export const subnetRoutes: Route[] = [
  { method: 'GET', path: '/subnets', policy: 'get_subnet', handler: async (request) => listReply(request, subnets, (await list(request)).map(subnetView)) },
  {
    method: 'POST', path: '/subnets', policy: 'create_subnet', body: subnetCreateBody, status: 201,
    handler: async (request) => ({
      body: await createEach(request, 'subnet', 'subnets', (given: SubnetCreate) => create(request, given), (_request, made) => subnetView(made),
        (made) => removeSubnet(made).then(() => giveBack(made.project_id, 'subnet'))),
    }),
  },
  { method: 'GET', path: '/subnets/{id}', policy: 'get_subnet', handler: async (request) => ({ body: { subnet: selectFields(subnetView((await findVisibleSubnet(request)).subnet), request.query) } }) },
  { method: 'PUT', path: '/subnets/{id}', policy: 'get_subnet', body: subnetUpdateBody, handler: async (request) => ({ body: { subnet: subnetView(await update(request)) } }) },
  { method: 'DELETE', path: '/subnets/{id}', policy: 'get_subnet', handler: remove },
];
