import { randomUUID } from 'node:crypto';
import type { Request, Route } from '../../../shared/http/route.ts';
import { availabilityZoneNotFound, badResource, invalidSharedSetting } from '../errors.ts';
import { createEach } from '../http/bulk.ts';
import { enforce, enforceAttributes } from '../http/enforce.ts';
import { listReply, selectFields, type View } from '../http/list.ts';
import { ownerOf } from '../http/owner.ts';
import { scopeOf } from '../http/scope.ts';
import { requireRevision } from '../http/revision.ts';
import { newStandard } from '../http/standard.ts';
import { counted } from '../quota/counted.ts';
import { giveBack, giveBackDeleted } from '../quota/usage.ts';
import { db } from '../store/db.ts';
import type { Network } from '../store/records.ts';
import { find, findVisible, listVisible, sees, visibleIds } from '../store/visible.ts';
import { networkCreateBody, networkUpdateBody, type NetworkCreate, type NetworkUpdate } from './schema.ts';
import { networkHost, networksAndHosts } from './host.ts';
import { chooseSegment, segmentInUse, type Segment } from './segment.ts';
import { changeNetwork, insertNetwork, removeNetwork } from './store.ts';
import { networks, networkView } from './view.ts';

const MTU = 1450; // what is left of 1500 bytes within a VXLAN tunnel
const IPV4_MINIMUM_MTU = 68;
const ruled = ['shared', 'router:external', 'is_default', 'provider:network_type', 'provider:physical_network', 'provider:segmentation_id'];

async function create(request: Request, given: NetworkCreate): Promise<Network> {
  const project = ownerOf(request, given);
  enforceAttributes(request, 'create_network', given, ruled, { project_id: project });
  checkMtu(given);
  // there are no network agents, so no zones that a network could ask for
  if (given.availability_zone_hints?.length) throw availabilityZoneNotFound(given.availability_zone_hints[0]!);
  for (let attempt = 1; ; attempt++) {
    const { drawn, ...segment } = chooseSegment(given);
    const network = newNetwork(given, project, segment);
    const made = await counted(project, [{ kind: 'network' }], () => insertNetwork(network), async () => (await find('network', network.id)) && network);
    if (made) return made;
    await giveBack(project, 'network');
    if (!drawn || attempt === 10) throw segmentInUse(segment);
  }
}

const newNetwork = (given: NetworkCreate, project: string, segment: Segment): Network => ({
  ...newStandard(randomUUID(), project, given),
  admin_state_up: given.admin_state_up ?? true,
  shared: given.shared ?? false,
  'router:external': given['router:external'] ?? false,
  is_default: given.is_default ?? false,
  mtu: given.mtu || MTU,
  port_security_enabled: given.port_security_enabled ?? true,
  dns_domain: given.dns_domain ?? '',
  ...segment,
  subnets: {},
});

async function update(request: Request): Promise<Network> {
  const given = (request.body as { network: NetworkUpdate }).network;
  const id = request.params['id']!;
  const seen = await findVisible(request.context, 'network', id);
  enforce(request, 'update_network', seen);
  enforceAttributes(request, 'update_network', given, ruled, seen);
  checkMtu(given);
  return changeNetwork(id, async (network) => {
    requireRevision(request, network);
    if (given.shared === false && network.shared && (await usedByOthers(network))) throw invalidSharedSetting(id);
    return { ...network, ...given, mtu: given.mtu || network.mtu };
  });
}

async function remove(request: Request): Promise<void> {
  const id = request.params['id']!;
  const seen = await findVisible(request.context, 'network', id);
  enforce(request, 'delete_network', seen);
  requireRevision(request, seen);
  const network = await removeNetwork(id);
  await giveBackDeleted(request.receivedAt, network.project_id, 'network');
  for (const [project, subnets] of Map.groupBy(Object.values(network.subnets), (subnet) => subnet.project_id)) await giveBackDeleted(request.receivedAt, project, 'subnet', subnets.length);
}

const usedByOthers = async (network: Network) => {
  const ports = await db.query<{ project_id: string }>({ pk: `macs#${network.id}` });
  return ports.some(({ project_id }) => project_id !== network.project_id);
};

function checkMtu({ mtu }: { mtu?: number }): void {
  if (mtu && mtu < IPV4_MINIMUM_MTU) throw badResource('networks', `the MTU must be ${IPV4_MINIMUM_MTU} at least`);
}

const maySeeHost = (request: Request) => request.allowed('get_network:binding:host_id');

/** A list tells the networks' hosts only where they are asked for by name. */
async function listed(request: Request): Promise<View[]> {
  const { context, query } = request;
  const scope = scopeOf(request);
  if (!maySeeHost(request) || !query.getAll('fields').includes('binding:host_id')) return (await listVisible(context, 'network', scope)).map((network) => networkView(request, network));
  const { networks: found, hosts } = await networksAndHosts(scope.ids ?? (await visibleIds(context, 'network', scope.project)));
  return found.filter((network) => sees(context, network)).map((network) => networkView(request, network, hosts.get(network.id) ?? ''));
}

export const networkRoutes: Route[] = [
  {
    method: 'GET', path: '/networks', policy: 'get_network',
    handler: async (request) => listReply(request, networks, await listed(request)),
  },
  {
    method: 'POST', path: '/networks', policy: 'create_network', body: networkCreateBody, status: 201,
    handler: async (request) => ({ body: await createEach(request, 'network', 'networks', (given: NetworkCreate) => create(request, given), networkView, (made) => removeNetwork(made.id).then(() => giveBack(made.project_id, 'network'))) }),
  },
  {
    method: 'GET', path: '/networks/{id}', policy: 'get_network',
    handler: async (request) => {
      const network = await findVisible(request.context, 'network', request.params['id']!);
      const host = maySeeHost(request) ? (await networkHost(network.id))?.host ?? '' : undefined;
      return { body: { network: selectFields(networkView(request, network, host), request.query) } };
    },
  },
  { method: 'PUT', path: '/networks/{id}', policy: 'get_network', body: networkUpdateBody, handler: async (request) => ({ body: { network: networkView(request, await update(request)) } }) },
  { method: 'DELETE', path: '/networks/{id}', policy: 'get_network', handler: remove },
];
