import { badRequest, conflict, forbidden, notFound, type HttpError } from '../../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../../shared/http/route.ts';
import type { Instance, VirtualInterface } from '../../../../shared/objects/instance.ts';
import { RemoteError } from '../../../../shared/openstack/rest.ts';
import { factsOf, log } from '../../../../shared/telemetry/log.ts';
import { createPort, deletePort, listNetworks, listPorts, listSecurityGroups, type Network, type Port, updatePort } from '../../network.ts';
import { findServer } from '../find.ts';
import { askHost } from '../host-action.ts';
import { beginTask, checkLock, checkState, type Precondition } from '../task.ts';
import type { Attach } from './schema.ts';

const ready: Precondition = { vm: ['active', 'paused', 'stopped'] };

const view = (port: Port, server: Instance, { version }: Pick<Request, 'version'>) => ({
  net_id: port.network_id, port_id: port.id, mac_addr: port.mac_address, port_state: port.status,
  fixed_ips: port.fixed_ips.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })),
  ...(version.minor >= 70 && { tag: server.interfaces.find(({ port_id }) => port_id === port.id)?.tag ?? null }),
});

export async function listInterfaces(request: Request): Promise<Reply> {
  const server = await findServer(request);
  const ports = await listPorts(request.context, { device_id: server.uuid });
  return { body: { interfaceAttachments: ports.map((port) => view(port, server, request)) } };
}

export async function showInterface(request: Request): Promise<Reply> {
  const server = await findServer(request);
  return { body: { interfaceAttachment: view(await portOf(server, request.params['port']!, request), server, request) } };
}

async function portOf(server: Instance, portId: string, { context }: Request): Promise<Port> {
  const [port] = await listPorts(context, { id: portId });
  if (!port) throw notFound(`Port id ${portId} could not be found.`);
  if (port.device_id !== server.uuid) throw notFound(`Instance ${server.uuid} does not have a port with id ${portId}`);
  return port;
}

/** Attaches a port that is there, or a new one on a network: made and bound now, put into the record, and sent to the host. */
export async function attachInterface(request: Request<{ interfaceAttachment?: Attach }>): Promise<Reply> {
  const asked = request.body.interfaceAttachment ?? {};
  if (asked.net_id && asked.port_id) throw badRequest('Must not input both network_id and port_id');
  if (asked.fixed_ips && !asked.net_id) throw badRequest('Must input network_id when request IP address');
  const server = await findServer(request);
  checkLock(server, request);
  checkState(server, 'attach_interface', ready);
  const { port, network, made } = asked.port_id ? await bind(server, asked.port_id, request) : await make(server, asked, request);
  const entry: VirtualInterface = {
    port_id: port.id, network_id: network.id, network_label: network.name, mac_address: port.mac_address, created_by_nova: made, ...(asked.tag && { tag: asked.tag }),
    fixed_ips: port.fixed_ips.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address, version: ip_address.includes(':') ? 6 : 4 })),
  };
  try {
    const after = await beginTask(server, {
      action: 'attach_interface', method: 'attach_interface', needs: ready,
      change: (now) => ({ set: { interfaces: [...now.interfaces, entry] } }),
      send: (changed) => askHost(changed, 'attach_interface', { port_id: port.id, created_by_nova: made, ...(asked.tag && { tag: asked.tag }) }, request),
    }, request);
    return { body: { interfaceAttachment: view(port, after, request) } };
  } catch (error) {
    await letGo(port, made, request);
    throw error;
  }
}

interface Bound { port: Port; network: Network; made: boolean }

async function bind(server: Instance, portId: string, request: Request): Promise<Bound> {
  const { context } = request;
  const [port] = await listPorts(context, { id: portId });
  if (!port) throw notFound(`Port id ${portId} could not be found.`);
  if (port.device_id) throw conflict(`Port ${portId} is still in use.`);
  if (port.fixed_ips.length === 0) throw badRequest(`Port ${portId} requires a FixedIP in order to be used.`);
  const network = await networkById(port.network_id, request);
  const bound = await refused(updatePort(context, portId, { device_id: server.uuid, device_owner: ownerOf(server), ...bindingOf(server) }), portId);
  return { port: bound, network, made: false };
}

async function make(server: Instance, { net_id, fixed_ips }: Attach, request: Request): Promise<Bound> {
  const { context, requestId } = request;
  const network = net_id ? await networkById(net_id, request) : await theOnlyNetwork(server, request);
  const security_groups = await groupIds(server, request);
  const port = await refused(createPort(context, {
    network_id: network.id, device_id: server.uuid, device_owner: ownerOf(server), tenant_id: server.project_id, ...bindingOf(server),
    ...(fixed_ips && { fixed_ips }), ...(security_groups && { security_groups }),
  }, requestId), net_id);
  return { port, network, made: true };
}

/** Its host, and whether that keeps networks to itself. */
const bindingOf = ({ host, host_local_networks }: Instance) => ({ 'binding:host_id': host!, ...(host_local_networks && { 'binding:profile': { host_local_network: true } }) });

const ownerOf = ({ host_availability_zone, availability_zone }: Instance) => `compute:${host_availability_zone ?? availability_zone ?? 'nova'}`;

async function networkById(id: string, { context, allowed }: Request): Promise<Network> {
  const [network] = await listNetworks(context, { id });
  if (!network) throw notFound(`Network ${id} could not be found.`);
  if (network['router:external'] && !network.shared && !allowed('network:attach_external_network')) throw forbidden(`It is not allowed to create an interface on external network ${id}`);
  if (network.subnets.length === 0) throw badRequest(`Network ${id} requires a subnet in order to boot instances on.`);
  return network;
}

async function theOnlyNetwork(server: Instance, { context }: Request): Promise<Network> {
  const [own, shared] = await Promise.all([listNetworks(context, { tenant_id: server.project_id, shared: 'false' }), listNetworks(context, { shared: 'true' })]);
  const [network, ...more] = [...own, ...shared];
  if (!network) throw badRequest(`No specific network was requested and none are available for project '${server.project_id}'.`);
  if (more.length > 0) throw badRequest('Multiple possible networks found, use a Network ID to be more specific.');
  return network;
}

/** The server's own groups; undefined leaves it to the network service, which gives `default`. */
async function groupIds(server: Instance, { context }: Request): Promise<string[] | undefined> {
  if (server.security_groups.every((name) => name === 'default')) return undefined;
  const groups = await listSecurityGroups(context, { tenant_id: server.project_id, fields: ['id', 'name'] });
  return groups.filter(({ id, name }) => server.security_groups.includes(name) || server.security_groups.includes(id)).map(({ id }) => id);
}

/** What the network service refuses, in Nova's words and status. */
async function refused<T>(asked: Promise<T>, what: string | undefined): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof RemoteError) || error.status >= 500) throw error;
    throw refusal(error, what);
  }
}

function refusal({ status, type, message }: RemoteError, what: string | undefined): HttpError {
  if (status === 404) return notFound(message);
  if (type === 'OverQuota') return forbidden('Maximum number of ports exceeded');
  if (type === 'IpAddressAlreadyAllocated' || type === 'IpAddressInUse') return conflict(message);
  if (type === 'IpAddressGenerationFailure') return badRequest(`No fixed IP addresses available for network: ${what}`);
  return status === 403 ? forbidden(message) : status === 409 ? conflict(message) : badRequest(message);
}

async function letGo({ id }: Port, made: boolean, { context, requestId }: Request): Promise<void> {
  const undone = made ? deletePort(context, id) : updatePort(context, id, { device_id: '', device_owner: '', 'binding:host_id': '' });
  await Promise.resolve(undone).catch((error: unknown) => log.error('port not undone', { request_id: requestId, port: id, ...factsOf(error) }));
}

/** The host lets go of it; then the port goes, or is free where the user brought it. */
export async function detachInterface(request: Request): Promise<Reply> {
  const server = await findServer(request);
  const portId = request.params['port']!;
  const entry = server.interfaces.find(({ port_id }) => port_id === portId);
  if (!entry) throw notFound(`Port id ${portId} could not be found.`);
  await beginTask(server, {
    action: 'detach_interface', method: 'detach_interface', needs: ready,
    send: (after) => askHost(after, 'detach_interface', { port_id: portId, created_by_nova: entry.created_by_nova, ...(entry.tag && { tag: entry.tag }) }, request),
  }, request);
  return { status: 202 };
}
