import type { RequestContext } from '../../shared/identity/context.ts';
import { rest, type Caller } from '../../shared/openstack/rest.ts';

/** What nova-api asks neutron-server, in the user's name. */
export interface Network { id: string; name: string; tenant_id: string; shared: boolean; 'router:external': boolean; subnets: string[]; admin_state_up: boolean; /** The host that keeps it to itself; '' for none. */ 'binding:host_id'?: string }
export interface Subnet { id: string; network_id: string; cidr: string; ip_version: 4 | 6 }
export interface Port {
  id: string;
  network_id: string;
  tenant_id: string;
  device_id: string;
  device_owner: string;
  mac_address: string;
  status: string;
  fixed_ips: { subnet_id: string; ip_address: string }[];
  security_groups: string[];
  port_security_enabled?: boolean;
}
export interface SecurityGroup { id: string; name: string; description: string; tenant_id: string; security_group_rules?: SecurityGroupRule[] }
export interface SecurityGroupRule {
  id: string; direction: string; ethertype: string; protocol: string | null; port_range_min: number | null; port_range_max: number | null;
  remote_ip_prefix: string | null; remote_group_id: string | null; security_group_id: string; tenant_id: string;
}

type Filters = Record<string, string | string[] | undefined>;
const queryOf = (filters: Filters) => new URLSearchParams(Object.entries(filters).flatMap(([name, value]) => [value ?? []].flat().map((each) => [name, each] as [string, string])));

const list = async <T>(collection: string, context: RequestContext, filters: Filters, caller: Caller = { context }): Promise<T[]> =>
  (await rest<Record<string, T[]>>('network', 'GET', `/${collection}?${queryOf(filters)}`, { caller }))[collection.replaceAll('-', '_')]!;

export const listNetworks = (context: RequestContext, filters: Filters) => list<Network>('networks', context, filters);
const NETWORK_FIELDS: (keyof Network)[] = ['id', 'name', 'tenant_id', 'shared', 'router:external', 'subnets', 'admin_state_up', 'binding:host_id'];
/** With what a launch has to know of their hosts. */
export const listNetworksWithHosts = (context: RequestContext, filters: Filters) => list<Network>('networks', context, { ...filters, fields: NETWORK_FIELDS }, asService(context));
export const listSubnets = (context: RequestContext, filters: Filters) => list<Subnet>('subnets', context, filters);
export const listPorts = (context: RequestContext, filters: Filters) => list<Port>('ports', context, filters);
export const listSecurityGroups = (context: RequestContext, filters: Filters) => list<SecurityGroup>('security-groups', context, filters);

type PortChange = Partial<Omit<Port, 'fixed_ips'>> & { fixed_ips?: { ip_address: string }[]; 'binding:host_id'?: string; 'binding:profile'?: Record<string, unknown> };
const asService = (context: RequestContext) => ({ context, service: 'nova' as const });

export const updatePort = async (context: RequestContext, id: string, port: PortChange): Promise<Port> =>
  (await rest<{ port: Port }>('network', 'PUT', `/ports/${id}`, { caller: asService(context), body: { port } })).port;

/** A repeat with the same key is the same port: an answer that got lost costs none. */
export const createPort = async (context: RequestContext, port: PortChange, key: string): Promise<Port> =>
  (await rest<{ port: Port }>('network', 'POST', '/ports', { caller: asService(context), body: { port }, headers: { 'x-novaless-idempotency-key': key } })).port;

export const deletePort = async (context: RequestContext, id: string): Promise<void> => {
  await rest('network', 'DELETE', `/ports/${id}`, { caller: asService(context) });
};
