import type { Instance, RequestedNetwork } from '../../../shared/objects/instance.ts';
import { RemoteError } from '../../../shared/openstack/rest.ts';
import { CannotDo, goneIsFine } from '../errors.ts';
import type { Network, Neutron, Port, SecurityGroup } from './neutron.ts';

export const UNBOUND = { device_id: '', device_owner: '', 'binding:host_id': '' };
const ownerOf = ({ host_availability_zone }: Pick<Instance, 'host_availability_zone'>) => `compute:${host_availability_zone ?? 'nova'}`;

/** What neutron has to know of the host: that its networks do not leave it. */
const profile = ({ host_local_networks }: Instance, before: Record<string, unknown> = {}) => (host_local_networks ? { 'binding:profile': { ...before, host_local_network: true } } : {});

const BINDINGS = 5;

/** Takes a port that the user brought, as it was seen: of two instances that want it at once one gets it. Refuses one that another device has. */
export async function bindPort(neutron: Neutron, instance: Instance, host: string, id: string): Promise<Port> {
  for (let attempt = 1; ; attempt++) {
    const port = await neutron.port(id);
    if (port.device_id && port.device_id !== instance.uuid) throw new CannotDo(`Port ${id} is still in use.`);
    try {
      return await neutron.updatePort(id, { device_id: instance.uuid, device_owner: ownerOf(instance), 'binding:host_id': host, ...profile(instance, port['binding:profile']) }, port);
    } catch (error) {
      if (!(error instanceof RemoteError && error.status === 412) || attempt === BINDINGS) throw error; // it changed meanwhile, or an answer was lost
    }
  }
}

/** Makes a port on a network. `key` names it: asked for twice, it is made once. */
export const makePort = (neutron: Neutron, instance: Instance, host: string, network: string, options: { fixed_ip?: string | undefined; groups?: string[] | undefined; key: string }): Promise<Port> =>
  neutron.createPort({
    network_id: network, project_id: instance.project_id, device_id: instance.uuid, device_owner: ownerOf(instance), 'binding:host_id': host, admin_state_up: true, ...profile(instance),
    ...(options.fixed_ip && { fixed_ips: [{ ip_address: options.fixed_ip }] }),
    ...(options.groups && { security_groups: options.groups }),
  }, options.key);

/** The ids of security groups that were named, or given by id. */
export function groupIds(names: string[], groups: SecurityGroup[], project: string): string[] {
  return names.map((name) => {
    const own = groups.filter(({ project_id }) => project_id === project);
    const found = own.find(({ id }) => id === name) ? [name] : own.filter((group) => group.name === name).map(({ id }) => id);
    if (found.length === 0) throw new CannotDo(`Security group ${name} not found.`);
    if (found.length > 1) throw new CannotDo(`Multiple security groups found matching '${name}'. Use an ID to be more specific.`);
    return found[0]!;
  });
}

/** What `auto`, or no word on networks at all, means: the one network that the project may use. */
export function onlyNetwork(networks: Network[], project: string): RequestedNetwork[] {
  const usable = networks.filter((network) => (network.project_id === project || network.shared) && !network['router:external']);
  if (usable.length > 1) throw new CannotDo('Multiple possible networks found, use a Network ID to be more specific.');
  return usable.map(({ id }) => ({ network_id: id }));
}

/** Deletes an instance's ports that were made for it, and lets go of those that the user brought. Safe to repeat. */
export async function releasePorts(neutron: Neutron, instanceUuid: string, brought: Set<string>): Promise<void> {
  const ports = await neutron.portsOf(instanceUuid);
  await Promise.all(ports.map(({ id }) => goneIsFine(brought.has(id) ? neutron.updatePort(id, UNBOUND) : neutron.deletePort(id))));
}
