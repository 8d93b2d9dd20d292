import { BlockList, isIP } from 'node:net';
import { badRequest, conflict, forbidden } from '../../../../shared/http/errors.ts';
import type { Request } from '../../../../shared/http/route.ts';
import type { RequestedNetwork } from '../../../../shared/objects/instance.ts';
import { listNetworksWithHosts, listPorts, listSecurityGroups, listSubnets, type Network } from '../../network.ts';
import type { LaunchRequest } from './request.ts';

type Asked = Pick<Request, 'context' | 'allowed' | 'enforce'>;
export interface NetworkPlan {
  networks: RequestedNetwork[] | 'none';
  /** Those that a host keeps to itself: the instances can only go there. */
  hosts: { network: string; host: string }[];
}
type Item = Exclude<LaunchRequest['networks'], string | undefined>[number];

/**
 * Which networks, ports and addresses the instances get, made certain by asking neutron-server. Nothing is taken yet: that is
 * nova-compute's (step 22). 400 for what is not there, 409 where it is not clear which network is meant or a port is in use.
 */
export async function requestedNetworks({ networks, maxCount }: Pick<LaunchRequest, 'networks' | 'maxCount'>, request: Asked): Promise<NetworkPlan> {
  if (networks === 'none') return { networks: 'none', hosts: [] };
  if (networks === undefined || networks === 'auto' || networks.length === 0) return theOneNetwork(request, networks === 'auto');
  request.enforce('os_compute_api:servers:create:attach_network');
  checkItems(networks, maxCount);
  const ports = networks.flatMap(({ port }) => port ?? []);
  const ids = [...new Set(networks.filter(({ port }) => !port).map(({ uuid }) => uuid!))];
  const [found, portNetworks] = await Promise.all([networksById(ids, request), networksOfPorts(ports, request), ...networks.map((item) => checkAddress(item, request))]);
  for (const network of found) {
    if (network.subnets.length === 0) throw badRequest(`Network ${network.id} requires a subnet in order to boot instances on.`);
    mayAttach(network, request);
  }
  const others = [...new Set(portNetworks.values())].filter((id) => !ids.includes(id));
  return {
    networks: networks.map(({ port, uuid, fixed_ip, tag }) => ({
      ...(port ? { port_id: port, network_id: portNetworks.get(port)! } : { network_id: uuid! }),
      ...(fixed_ip && { fixed_ip }),
      ...(tag && { tag }),
    })),
    hosts: hostsOf([...found, ...(others.length ? await listNetworksWithHosts(request.context, { id: others }) : [])]),
  };
}

const hostsOf = (networks: Network[]) => networks.flatMap(({ id, name, 'binding:host_id': host }) => (host ? [{ network: name || id, host }] : []));

/** Nothing said, or `auto`: the project's only network. */
async function theOneNetwork(request: Asked, auto: boolean): Promise<NetworkPlan> {
  const project = request.context.project_id!;
  const [own, shared] = await Promise.all([
    listNetworksWithHosts(request.context, { tenant_id: project, shared: 'false' }),
    listNetworksWithHosts(request.context, { shared: 'true' }),
  ]);
  const available = [...own, ...shared].filter((network) => !auto || network.admin_state_up);
  if (available.length > 1) throw conflict('Multiple possible networks found, use a Network ID to be more specific.');
  const [network] = available;
  if (!network) {
    if (auto) throw badRequest(`Unable to automatically allocate a network for project ${project}`);
    return { networks: 'none', hosts: [] };
  }
  if (network.subnets.length === 0) throw badRequest(`Network ${network.id} requires a subnet in order to boot instances on.`);
  mayAttach(network, request);
  return { networks: [{ network_id: network.id }], hosts: hostsOf([network]) };
}

function mayAttach(network: Network, { allowed }: Asked): void {
  if (network['router:external'] && !network.shared && !allowed('network:attach_external_network')) throw forbidden(`It is not allowed to create an interface on external network ${network.id}`);
}

const uuidLike = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

function checkItems(networks: Item[], maxCount: number): void {
  const ports = new Set<string>();
  for (const { port, uuid, fixed_ip } of networks) {
    if (port) {
      if (ports.has(port)) throw badRequest(`Port ID '${port}' was specified twice: you cannot attach a port multiple times.`);
      if (fixed_ip) throw badRequest(`Specified Fixed IP '${fixed_ip}' cannot be used with port '${port}': the two cannot be specified together.`);
      ports.add(port);
    } else if (!uuid) throw badRequest("Bad network format: missing 'uuid'");
    else if (!uuidLike.test(uuid)) throw badRequest(`Bad networks format: network uuid is not in proper format (${uuid})`);
  }
  if (maxCount > 1 && ports.size > 0)
    throw badRequest('Failed to launch instances: Unable to launch multiple instances with a single configured port ID. Please launch your instance one by one with different ports.');
  if (maxCount > 1 && networks.some(({ fixed_ip }) => fixed_ip)) throw badRequest('Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified.');
}

async function networksById(ids: string[], { context }: Asked): Promise<Network[]> {
  if (ids.length === 0) return [];
  const found = await listNetworksWithHosts(context, { id: ids });
  const missing = ids.filter((id) => !found.some((network) => network.id === id));
  if (missing.length > 0) throw badRequest(`Network ${missing.join(', ')} could not be found.`);
  return found;
}

async function networksOfPorts(ids: string[], { context }: Asked): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const ports = await listPorts(context, { id: ids });
  for (const id of ids) {
    const port = ports.find((each) => each.id === id);
    if (!port) throw badRequest(`Port id ${id} could not be found.`);
    if (port.device_id) throw conflict(`Port ${id} is still in use.`);
    if (port.tenant_id !== context.project_id && !context.roles.includes('admin')) throw badRequest(`Port id ${id} could not be found.`);
    if (port.fixed_ips.length === 0) throw badRequest(`Port ${id} requires a FixedIP in order to be used.`);
  }
  return new Map(ports.map((port) => [port.id, port.network_id]));
}

/** Somebody else may still be faster: then the build fails, and says so. */
async function checkAddress({ uuid, port, fixed_ip: address }: Item, { context }: Asked): Promise<void> {
  if (!address || port || !uuid) return;
  const [subnets, ports] = await Promise.all([
    listSubnets(context, { network_id: uuid }),
    listPorts(context, { network_id: uuid, fixed_ips: `ip_address=${address}` }),
  ]);
  if (subnets.length > 0 && !subnets.some(({ cidr }) => contains(cidr, address))) throw badRequest(`Fixed IP ${address} is not a valid ip address for network ${uuid}.`);
  if (ports[0]) throw badRequest(`Fixed IP address ${address} is already in use on instance ${ports[0].device_id}.`);
}

function contains(cidr: string, address: string): boolean {
  const [start = '', bits] = cidr.split('/');
  if (isIP(start) !== isIP(address)) return false;
  const family = isIP(start) === 4 ? 'ipv4' : 'ipv6';
  const range = new BlockList();
  range.addSubnet(start, Number(bits), family);
  return range.check(address, family);
}

/**
 * Names or ids that have to be a group of the project's; `default` always is. 400 where one is not, 409 where a name is not clear.
 * Returns them by name, as a server shows them; by id where the project has several of that name.
 */
export async function requestedSecurityGroups(asked: string[], { context }: Asked): Promise<string[]> {
  if (asked.every((name) => name === 'default')) return ['default'];
  const groups = await listSecurityGroups(context, { tenant_id: context.project_id!, fields: ['id', 'name'] });
  return asked.map((wanted) => {
    if (wanted === 'default') return wanted;
    const byId = groups.find(({ id }) => id === wanted);
    const namesakes = groups.filter(({ name }) => name === (byId?.name ?? wanted));
    if (namesakes.length === 0) throw badRequest(`Security group ${wanted} not found.`);
    if (namesakes.length === 1) return namesakes[0]!.name;
    if (!byId) throw conflict(`Multiple security groups found matching '${wanted}'. Use an ID to be more specific.`);
    return wanted;
  });
}
