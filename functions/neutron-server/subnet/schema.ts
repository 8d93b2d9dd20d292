import * as Type from '@sinclair/typebox';
import { attributes, bodyOf, readOnly, type Attributes } from '../http/body.ts';
import { Description, Flag, Name, Owner, Tags, Uuid } from '../http/standard.ts';

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const Address = Type.String({ maxLength: 64 });
const Mode = nullable(Type.Union([Type.Literal('slaac'), Type.Literal('dhcpv6-stateful'), Type.Literal('dhcpv6-stateless')]));
const closed = { additionalProperties: false };

const changeable = {
  name: Name,
  description: Description,
  enable_dhcp: Flag,
  gateway_ip: nullable(Address),
  allocation_pools: Type.Optional(Type.Array(Type.Object({ start: Address, end: Address }, closed), { maxItems: 50 })),
  dns_nameservers: nullable(Type.Array(Address)),
  host_routes: nullable(Type.Array(Type.Object({ destination: Type.String({ maxLength: 64 }), nexthop: Address }, closed))),
};
const SubnetCreate = attributes({
  ...Owner, ...changeable, tags: Tags,
  network_id: Uuid,
  ip_version: Type.Integer({ enum: [4, 6] }),
  cidr: Type.String({ maxLength: 64 }),
  ipv6_ra_mode: Mode,
  ipv6_address_mode: Mode,
});
const SubnetUpdate = attributes(changeable);
export type SubnetCreate = Attributes<typeof SubnetCreate>;
export type SubnetUpdate = Attributes<typeof SubnetUpdate>;

export const subnetCreateBody = bodyOf('subnet', SubnetCreate, { collection: 'subnets', readOnly: readOnly() });
export const subnetUpdateBody = bodyOf('subnet', SubnetUpdate, {
  readOnly: readOnly('network_id', 'ip_version', 'cidr', 'ipv6_ra_mode', 'ipv6_address_mode', 'subnetpool_id', 'project_id', 'tenant_id', 'tags'),
});
