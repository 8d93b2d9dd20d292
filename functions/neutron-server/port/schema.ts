import * as Type from '@sinclair/typebox';
import { attributes, bodyOf, readOnly, type Attributes } from '../http/body.ts';
import { Description, Flag, Name, Owner, Tags, Uuid } from '../http/standard.ts';

const closed = { additionalProperties: false };
const Address = Type.String({ maxLength: 64 });
const FixedIp = Type.Object({ subnet_id: Type.Optional(Uuid), ip_address: Type.Optional(Address) }, closed);
const AddressPair = Type.Object({ ip_address: Address, mac_address: Type.Optional(Type.String({ maxLength: 32 })) }, closed);
const DhcpOption = Type.Object(
  {
    opt_name: Type.String({ minLength: 1, maxLength: 64 }),
    opt_value: Type.Union([Type.String({ maxLength: 255 }), Type.Null()]),
    ip_version: Type.Optional(Type.Union([Type.Literal(4), Type.Literal(6), Type.Literal('4'), Type.Literal('6')])),
  },
  closed,
);
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

const changeable = {
  name: Name,
  description: Description,
  admin_state_up: Flag,
  mac_address: Type.Optional(Type.String({ maxLength: 32 })),
  fixed_ips: nullable(Type.Array(FixedIp, { maxItems: 10 })),
  device_id: Type.Optional(Type.String({ maxLength: 255 })),
  device_owner: Type.Optional(Type.String({ maxLength: 255 })),
  security_groups: nullable(Type.Array(Uuid, { maxItems: 30, uniqueItems: true })),
  allowed_address_pairs: nullable(Type.Array(AddressPair, { maxItems: 10 })),
  extra_dhcp_opts: nullable(Type.Array(DhcpOption, { maxItems: 50 })),
  port_security_enabled: Flag,
  dns_name: Type.Optional(Type.String({ maxLength: 255, pattern: '^$|^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\\.?$' })),
  'binding:host_id': nullable(Type.String({ maxLength: 255 })),
  'binding:vnic_type': Type.Optional(Type.Literal('normal')),
  'binding:profile': nullable(Type.Record(Type.String(), Type.Unknown(), { maxProperties: 50 })),
};
const PortCreate = attributes({ ...Owner, ...changeable, tags: Tags, network_id: Uuid });
const PortUpdate = attributes(changeable);
export type PortCreate = Attributes<typeof PortCreate>;
export type PortUpdate = Attributes<typeof PortUpdate>;

const fixed = readOnly('binding:vif_type', 'binding:vif_details', 'dns_assignment');
export const portCreateBody = bodyOf('port', PortCreate, { collection: 'ports', readOnly: fixed });
export const portUpdateBody = bodyOf('port', PortUpdate, { readOnly: [...fixed, 'network_id', 'project_id', 'tenant_id', 'tags'] });
