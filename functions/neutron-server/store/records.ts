import type { AllocationPool } from '../ipam/pool.ts';
import type { IpVersion } from '../ipam/address.ts';

/** What every resource has; names are the API's. */
export interface Standard {
  id: string;
  project_id: string;
  name: string;
  description: string;
  tags: string[];
  created_at: string; // ISO 8601 in seconds
  updated_at: string;
  /** Grows with every change; writes are conditional on it. */
  revision_number: number;
}

/** Set while a deletion looks for users of the record: nothing new may begin to use it. */
export interface Deletable { deleting?: string } // time and a nonce, see store/deletion.ts

/** Lives within its network's record, so that overlaps are refused by one conditional write. */
export interface Subnet extends Standard, Deletable {
  network_id: string;
  ip_version: IpVersion;
  cidr: string;
  gateway_ip: string | null;
  allocation_pools: AllocationPool[];
  dns_nameservers: string[];
  host_routes: { destination: string; nexthop: string }[];
  enable_dhcp: boolean;
  ipv6_ra_mode: string | null;
  ipv6_address_mode: string | null;
}

export interface Network extends Standard, Deletable {
  admin_state_up: boolean;
  shared: boolean;
  'router:external': boolean;
  is_default: boolean;
  mtu: number;
  port_security_enabled: boolean;
  dns_domain: string;
  'provider:network_type': string;
  'provider:physical_network': string | null;
  'provider:segmentation_id': number | null;
  subnets: Record<string, Subnet>;
}

export interface FixedIp { subnet_id: string; ip_address: string }

export interface Port extends Standard {
  network_id: string;
  mac_address: string;
  admin_state_up: boolean;
  device_id: string;
  device_owner: string;
  fixed_ips: FixedIp[];
  security_groups: string[];
  allowed_address_pairs: { ip_address: string; mac_address: string }[];
  extra_dhcp_opts: { opt_name: string; opt_value: string; ip_version: number }[];
  port_security_enabled: boolean;
  dns_name: string;
  'binding:host_id': string;
  'binding:vnic_type': string;
  'binding:profile': Record<string, unknown>;
  /** The request that made it: who finds a port under his id knows whether it's his. */
  made_by: string;
}

export interface SecurityGroupRule extends Omit<Standard, 'name' | 'tags'> {
  security_group_id: string;
  direction: 'ingress' | 'egress';
  ethertype: 'IPv4' | 'IPv6';
  protocol: string | null; // a name, or a number as a string, as it was asked for
  port_range_min: number | null;
  port_range_max: number | null;
  remote_ip_prefix: string | null;
  remote_group_id: string | null;
}

/** Its rules live within it, so that doubles are refused by one conditional write. */
export interface SecurityGroup extends Standard, Deletable {
  is_default: boolean;
  rules: Record<string, SecurityGroupRule>;
}
