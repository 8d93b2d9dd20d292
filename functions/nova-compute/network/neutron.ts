import { rest, type Caller } from '../../../shared/openstack/rest.ts';

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
  project_id: string;
}
export interface Network { id: string; name: string; mtu: number; shared: boolean; project_id: string; 'router:external': boolean; port_security_enabled?: boolean }
export interface Subnet {
  id: string;
  network_id: string;
  cidr: string;
  ip_version: 4 | 6;
  gateway_ip: string | null;
  enable_dhcp: boolean;
  dns_nameservers: string[];
  host_routes: { destination: string; nexthop: string }[];
}
export interface SecurityGroupRule {
  direction: 'ingress' | 'egress';
  ethertype: string;
  protocol: string | null;
  port_range_min: number | null;
  port_range_max: number | null;
  remote_ip_prefix: string | null;
  remote_group_id: string | null;
}
export interface SecurityGroup { id: string; name: string; project_id: string; security_group_rules: SecurityGroupRule[] }

const query = (name: string, values: string[]) => values.map((value) => `${name}=${encodeURIComponent(value)}`).join('&');

/** Neutron's calls in one caller's name. */
export function neutron(caller: Caller) {
  const get = async <T>(path: string) => rest<T>('network', 'GET', path, { caller });
  return {
    portsOf: async (device: string) => (await get<{ ports: Port[] }>(`/ports?${query('device_id', [device])}`)).ports,
    port: async (id: string) => (await get<{ port: Port }>(`/ports/${id}`)).port,
    networks: async (ids?: string[]) => (await get<{ networks: Network[] }>(`/networks${ids ? `?${query('id', ids)}` : ''}`)).networks,
    subnetsOf: async (networks: string[]) => (networks.length ? (await get<{ subnets: Subnet[] }>(`/subnets?${query('network_id', networks)}`)).subnets : []),
    securityGroupsOf: async (project: string) => (await get<{ security_groups: SecurityGroup[] }>(`/security-groups?${query('project_id', [project])}`)).security_groups,
    securityGroups: async (ids: string[]) => (ids.length ? (await get<{ security_groups: SecurityGroup[] }>(`/security-groups?${query('id', ids)}`)).security_groups : []),
    /** The same key again answers with the same port. */
    createPort: async (port: Record<string, unknown>, key: string) =>
      (await rest<{ port: Port }>('network', 'POST', '/ports', { caller, body: { port }, headers: { 'X-Novaless-Idempotency-Key': key } })).port,
    updatePort: async (id: string, port: Record<string, unknown>) => (await rest<{ port: Port }>('network', 'PUT', `/ports/${id}`, { caller, body: { port } })).port,
    deletePort: (id: string) => rest<void>('network', 'DELETE', `/ports/${id}`, { caller }),
  };
}
export type Neutron = ReturnType<typeof neutron>;
