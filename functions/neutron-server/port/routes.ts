import { isAdmin, type RequestContext } from '../../../shared/identity/context.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { resourceNotFound } from '../errors.ts';
import { createEach } from '../http/bulk.ts';
import { enforce } from '../http/enforce.ts';
import { listReply, selectFields } from '../http/list.ts';
import { requireRevision } from '../http/revision.ts';
import { scopeOf } from '../http/scope.ts';
import { giveBack, giveBackDeleted } from '../quota/usage.ts';
import type { View } from '../http/list.ts';
import type { Port } from '../store/records.ts';
import { find, findMany, listVisible, sees } from '../store/visible.ts';
import { createPort, type Made } from './create.ts';
import { filtersOf, isForHost } from './filter.ts';
import { removePort } from './remove.ts';
import { portCreateBody, portUpdateBody, type PortCreate, type PortUpdate } from './schema.ts';
import { portIdsOfDevice, portIdsOfNetwork, portIdsOfSecurityGroup } from './store.ts';
import { surroundingsOf } from './surroundings.ts';
import { updatePort } from './update.ts';
import { ports, portView } from './view.ts';

/** The owner of a network sees and may delete the ports that others have on it. */
const ownsNetwork = async (context: RequestContext, id: string) => context.project_id !== null && (await find('network', id))?.project_id === context.project_id;

async function findVisiblePort(request: Request): Promise<Port> {
  const id = request.params['id']!;
  const port = await find('port', id);
  if (!port || (!sees(request.context, port) && !(await ownsNetwork(request.context, port.network_id)))) throw resourceNotFound('port', id);
  return port;
}

async function remove(request: Request): Promise<void> {
  const port = await findVisiblePort(request);
  if (!request.allowed('delete_port', port)) enforce(request, 'delete_port', (await find('network', port.network_id)) ?? port);
  const removed = await removePort(port.id, (current) => requireRevision(request, current), port);
  if (!removed) throw resourceNotFound('port', port.id);
  await giveBackDeleted(request.receivedAt, removed.project_id, 'port');
}

/** Looks where the filters say: by id, by server, by network, by security group; else through the asker's project. */
async function list(request: Request): Promise<Port[]> {
  const { context, query } = request;
  const scope = scopeOf(request);
  if (scope.ids) return listVisible(context, 'port', scope);
  const devices = query.getAll('device_id');
  if (devices.length && devices.every(Boolean)) return listVisible(context, 'port', { ids: (await Promise.all(devices.map(portIdsOfDevice))).flat() });
  const groups = query.getAll('security_groups');
  if (groups.length && groups.every(Boolean)) return listVisible(context, 'port', { ids: (await Promise.all(groups.map(portIdsOfSecurityGroup))).flat() });
  const networks = query.getAll('network_id');
  const ours = networks.length ? (await findMany('network', networks)).filter((network) => isAdmin(context) || network.project_id === context.project_id) : [];
  if (networks.length && ours.length === new Set(networks).size) return findMany('port', (await Promise.all(ours.map(({ id }) => portIdsOfNetwork(id)))).flat());
  return listVisible(context, 'port', scope);
}

/** A list tells filters and networks only where it is asked for them by name: they are long. */
async function listed(request: Request): Promise<View[]> {
  const as_of = new Date().toISOString();
  const found = await list(request);
  const fields = request.query.getAll('fields');
  const told = new Set(found.filter((port) => isForHost(request, port)));
  const [filters, networks] = await Promise.all([
    fields.includes('binding:filter') ? filtersOf([...told], as_of) : undefined,
    fields.includes('binding:network') ? findMany('network', [...new Set([...told].map(({ network_id }) => network_id))]) : [],
  ]);
  return found.map((port) => portView(request, port, told.has(port) ? { filter: filters?.get(port.id), surroundings: surroundingsOf(port, networks.find(({ id }) => id === port.network_id)) } : {}));
}

/** One port; who enforces it gets all that its host must know along. `as_of`: from before the port was written or read. */
async function whole(request: Request, port: Port, as_of: string, { network, ...known }: Omit<Made, 'port'> = {}): Promise<View> {
  if (!isForHost(request, port)) return portView(request, port);
  const [filters, around] = await Promise.all([filtersOf([port], as_of, known), network ?? find('network', port.network_id)]);
  return portView(request, port, { filter: filters.get(port.id), surroundings: surroundingsOf(port, around) });
}
const now = () => new Date().toISOString();

export const portRoutes: Route[] = [
  { method: 'GET', path: '/ports', policy: 'get_port', handler: async (request) => listReply(request, ports, await listed(request)) },
  {
    method: 'POST', path: '/ports', policy: 'create_port', body: portCreateBody, status: 201,
    handler: async (request) => {
      const as_of = now();
      return {
        body: await createEach(request, 'port', 'ports', (given: PortCreate, nth) => createPort(request, given, nth), (_request, { port, ...known }) => whole(request, port, as_of, known),
          async ({ port }) => port.made_by === request.requestId && (await removePort(port.id)) && giveBack(port.project_id, 'port')), // what a key found was made before
      };
    },
  },
  { method: 'GET', path: '/ports/{id}', policy: 'get_port', handler: async (request) => {
    const as_of = now();
    return { body: { port: selectFields(await whole(request, await findVisiblePort(request), as_of), request.query) } };
  } },
  {
    method: 'PUT', path: '/ports/{id}', policy: 'get_port', body: portUpdateBody,
    handler: async (request) => {
      const as_of = now();
      return { body: { port: await whole(request, await updatePort(request, await findVisiblePort(request), (request.body as { port: PortUpdate }).port), as_of) } };
    },
  },
  { method: 'DELETE', path: '/ports/{id}', policy: 'get_port', handler: remove },
];
