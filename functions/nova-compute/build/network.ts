import type { Vif } from '../../../shared/agent/command.ts';
import type { Instance, RequestedNetwork, VirtualInterface } from '../../../shared/objects/instance.ts';
import { step, stepDone } from '../../../shared/telemetry/steps.ts';
import { callerOf } from '../caller.ts';
import { refusalsAreFinal } from '../errors.ts';
import type { Build } from '../journal.ts';
import { neutron, type Neutron, type Port } from '../network/neutron.ts';
import { bindPort, groupIds, makePort, onlyNetwork } from '../network/ports.ts';
import { interfaceOf, vifOf } from '../network/vif.ts';

export interface NetworkInfo {
  vifs: Vif[];
  interfaces: VirtualInterface[];
  /** As of when each port's state is, by port. */
  as_of: Map<string, string>;
}

/** Steps 22 to 24: the instance's ports, made or bound to its host, with all that the host must know of their networks. */
export async function allocateNetwork(build: Build): Promise<NetworkInfo> {
  const { instance, request_id } = build;
  const asked = instance!.requested_networks;
  const info = asked === 'none' ? { vifs: [], interfaces: [], as_of: new Map<string, string>() } : await step(22, 'nova-compute', request_id, () => refusalsAreFinal(allocate(build, instance!)));
  stepDone(24, 'nova-compute', request_id);
  return info;
}

async function allocate({ context, host, attempt }: Build, instance: Instance): Promise<NetworkInfo> {
  const client = neutron(callerOf(context!));
  const asked = instance.requested_networks;
  const named = Array.isArray(asked) && asked.length > 0 ? asked : undefined;
  const [wanted, groups] = await Promise.all([
    named ?? client.networks().then((networks) => onlyNetwork(networks, instance.project_id)),
    namesGroups(instance) ? client.securityGroupsOf(instance.project_id) : [],
  ]);
  const groupsWanted = namesGroups(instance) ? groupIds(instance.security_groups, groups, instance.project_id) : undefined;

  const ports: Port[] = [];
  for (const [i, each] of wanted.entries()) ports.push(await portFor(client, instance, host, each, { groups: groupsWanted, key: `${instance.uuid}:${attempt}:${i}` }));

  return {
    vifs: ports.map((port, i) => vifOf(port, wanted[i]!.tag)),
    interfaces: ports.map((port, i) => interfaceOf(port, { created_by_nova: wanted[i]!.port_id === undefined, ...(wanted[i]!.tag && { tag: wanted[i]!.tag }) })),
    as_of: new Map(ports.map((port) => [port.id, port['binding:filter'].as_of])),
  };
}

/** Neutron gives `default` where nothing else is said. */
const namesGroups = ({ security_groups }: Instance) => security_groups.some((name) => name !== 'default');

/** The port brought for this place, or one made for it: asked for again, it is the same one. */
function portFor(client: Neutron, instance: Instance, host: string, wanted: RequestedNetwork, { groups, key }: { groups: string[] | undefined; key: string }): Promise<Port> {
  if (wanted.port_id) return bindPort(client, instance, host, wanted.port_id);
  return makePort(client, instance, host, wanted.network_id!, { fixed_ip: wanted.fixed_ip, groups, key });
}
