import type { GroupMembers, Vif } from '../../../shared/agent/command.ts';
import { rest, type Caller } from '../../../shared/openstack/rest.ts';
import { asTheLaunchBegan } from '../caller.ts';

interface Subnet {
  id: string;
  cidr: string;
  ip_version: 4 | 6;
  gateway_ip: string | null;
  enable_dhcp: boolean;
  dns_nameservers: string[];
  host_routes: { destination: string; nexthop: string }[];
}

/** The parts of the Networking API v2 that nova-compute reads. */
export interface Port {
  id: string;
  network_id: string;
  mac_address: string;
  device_id: string;
  device_owner: string;
  fixed_ips: { subnet_id: string; ip_address: string }[];
  security_groups: string[];
  port_security_enabled?: boolean;
  allowed_address_pairs: { ip_address: string; mac_address: string }[];
  project_id: string;
  revision_number: number;
  'binding:host_id': string;
  'binding:profile': Record<string, unknown>;
  /** Of a bound port: what its host is to enforce, as of when; whatever was written before then is in it. */
  'binding:filter': { as_of: string; rules: Vif['security_rules']; /** Of a port just made: groups of which its host hears nothing else. */ members?: Omit<GroupMembers, 'as_of'>[] };
  /** Of a bound port: the network around it, with the subnets of its addresses. */
  'binding:network': { name: string; mtu: number; subnets: Subnet[] };
}
export interface Network { id: string; shared: boolean; project_id: string; 'router:external': boolean }
export interface SecurityGroup { id: string; name: string; project_id: string }
/** Who is in a security group, and the hosts that have ports whose rules name it; whatever was written before `as_of` is in it. */
export interface Membership { as_of: string; addresses: string[]; hosts: string[] }

/** What refreshing an interface needs of a port. */
const PORT_FIELDS: (keyof Port)[] = [
  'id', 'network_id', 'mac_address', 'device_id', 'device_owner', 'fixed_ips', 'security_groups', 'port_security_enabled', 'allowed_address_pairs', 'project_id', 'binding:host_id', 'binding:filter', 'binding:network',
];

const query = (name: string, values: string[]) => values.map((value) => `${name}=${encodeURIComponent(value)}`).join('&');

/** Neutron's calls in one caller's name. */
export function neutron(caller: Caller) {
  const get = async <T>(path: string) => rest<T>('network', 'GET', path, { caller });
  return {
    portsOf: async (device: string) => (await get<{ ports: Port[] }>(`/ports?${query('device_id', [device])}`)).ports,
    /** Ports by id, those that are still there, with their filters and networks. */
    portsWithFilter: async (ids: string[]) => (await get<{ ports: Port[] }>(`/ports?${query('id', ids)}&${query('fields', PORT_FIELDS)}`)).ports,
    port: async (id: string) => (await get<{ port: Port }>(`/ports/${id}`)).port,
    networks: async () => (await get<{ networks: Network[] }>('/networks')).networks,
    securityGroupsOf: async (project: string) => (await get<{ security_groups: SecurityGroup[] }>(`/security-groups?${query('project_id', [project])}&${query('fields', ['id', 'name', 'project_id'])}`)).security_groups,
    membershipOf: async (id: string) => (await get<{ security_group: { 'binding:members': Membership } }>(`/security-groups/${id}?fields=binding:members`)).security_group['binding:members'],
    /** The same key again answers with the same port. */
    createPort: async (port: Record<string, unknown>, key: string) =>
      (await rest<{ port: Port }>('network', 'POST', '/ports', { caller, body: { port }, headers: { 'X-Novaless-Idempotency-Key': key, ...asTheLaunchBegan } })).port,
    /** `seen`: only while the port is as it was then; else 412. */
    updatePort: async (id: string, port: Record<string, unknown>, seen?: Pick<Port, 'revision_number'>) =>
      (await rest<{ port: Port }>('network', 'PUT', `/ports/${id}`, { caller, body: { port }, ...(seen && { headers: { 'If-Match': `revision_number=${seen.revision_number}` } }) })).port,
    deletePort: (id: string) => rest<void>('network', 'DELETE', `/ports/${id}`, { caller }),
  };
}
export type Neutron = ReturnType<typeof neutron>;
