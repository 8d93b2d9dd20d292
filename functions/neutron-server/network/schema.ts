import * as Type from '@sinclair/typebox';
import { attributes, bodyOf, readOnly, type Attributes } from '../http/body.ts';
import { Description, Flag, Name, Owner, Tags } from '../http/standard.ts';

const changeable = {
  name: Name,
  description: Description,
  admin_state_up: Flag,
  shared: Flag,
  'router:external': Flag,
  is_default: Flag,
  mtu: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  port_security_enabled: Flag,
  dns_domain: Type.Optional(Type.String({ maxLength: 255, pattern: '^$|^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\\.)+$' })),
};
const provider = {
  'provider:network_type': Type.Optional(Type.Union([Type.Literal('local'), Type.Literal('flat'), Type.Literal('vlan'), Type.Literal('vxlan'), Type.Literal('gre'), Type.Literal('geneve')])),
  'provider:physical_network': Type.Optional(Type.Union([Type.String({ maxLength: 64 }), Type.Null()])),
  'provider:segmentation_id': Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 16_777_215 }), Type.Null()])),
};
const NetworkCreate = attributes({ ...Owner, ...changeable, ...provider, tags: Tags, availability_zone_hints: Type.Optional(Type.Array(Type.String())) });
const NetworkUpdate = attributes(changeable);
export type NetworkCreate = Attributes<typeof NetworkCreate>;
export type NetworkUpdate = Attributes<typeof NetworkUpdate>;

const fixed = readOnly('subnets', 'availability_zones', 'ipv4_address_scope', 'ipv6_address_scope', 'vlan_transparent');
export const networkCreateBody = bodyOf('network', NetworkCreate, { collection: 'networks', readOnly: fixed });
export const networkUpdateBody = bodyOf('network', NetworkUpdate, {
  readOnly: [...fixed, 'project_id', 'tenant_id', 'tags', 'availability_zone_hints', ...Object.keys(provider)],
});
