import type { Kind } from '../errors.ts';
import type { Key } from '../../../shared/store/table.ts';

/**
 * The table's layout. A resource is found by its id alone; a project's partition names its resources, so that lists are
 * consistent; what must be unique, or must be found from its other end, is an item of its own.
 *
 *   network#ID            network                     the network and its subnets
 *   port#ID               port
 *   security_group#ID     security_group              the group and its rules
 *   subnet#ID             subnet                      → network_id
 *   security_group_rule#ID  security_group_rule       → security_group_id
 *   project#P             KIND#ID                     → what the project owns
 *   project#P             quota#KIND                  used, limit
 *   shared                network#ID                  networks that other projects see
 *   macs#NETWORK          MAC                         → port_id, host: unique MACs, and the ports of a network
 *   addresses#SUBNET      ADDRESS                     → port_id: an address is had by who put it here first
 *   device#ID             PORT                        ports of a server
 *   group-ports#GROUP     PORT                        → addresses, host: ports of a security group
 *   group-remotes#GROUP   RULE                        → security_group_id: rules of any group that name this one as remote
 *   network#ID            host                        the host that keeps the network to itself (network/host.ts)
 *   security_group#ID     named                       another group's rule names it, or did so once
 *   segment#TYPE#PHYSICAL NUMBER                      → network_id
 *   refresh#SUBJECT       ID                          what hosts have to be told of a group or a port (refresh/mark.ts)
 *   refresh-turn#SUBJECT  turn                        when they were last told
 *
 * Index gsi1 finds all networks, ports and groups of all projects, for administrators' lists.
 */
export const resourceKey = (kind: Kind, id: string): Key => ({ pk: `${kind}#${id}`, sk: kind });
export const ownedKey = (project: string, kind: Kind, id: string): Key => ({ pk: `project#${project}`, sk: `${kind}#${id}` });
export const quotaKey = (project: string, kind: Kind): Key => ({ pk: `project#${project}`, sk: `quota#${kind}` });
export const sharedKey = (network: string): Key => ({ pk: 'shared', sk: `network#${network}` });
export const macKey = (network: string, mac: string): Key => ({ pk: `macs#${network}`, sk: mac });
export const addressKey = (subnet: string, address: string): Key => ({ pk: `addresses#${subnet}`, sk: address });
export const deviceKey = (device: string, port: string): Key => ({ pk: `device#${device}`, sk: port });
export const groupPortKey = (group: string, port: string): Key => ({ pk: `group-ports#${group}`, sk: port });
export const groupRemoteKey = (group: string, rule: string): Key => ({ pk: `group-remotes#${group}`, sk: rule });
export const networkHostKey = (network: string): Key => ({ pk: `network#${network}`, sk: 'host' });
export const namedKey = (group: string): Key => ({ pk: `security_group#${group}`, sk: 'named' });
export const segmentKey = (type: string, physical: string | null, number: number | null): Key => ({ pk: `segment#${type}#${physical ?? ''}`, sk: String(number ?? 0).padStart(8, '0') });

/** Index attributes of a resource that administrators list across projects. */
export const everywhere = (kind: Kind, id: string) => ({ gsi1pk: kind, gsi1sk: id });
