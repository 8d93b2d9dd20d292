import * as Type from '@sinclair/typebox';
import { attributes, bodyOf, readOnly, type Attributes } from '../http/body.ts';
import { Description, Name, Owner, Tags, Uuid } from '../http/standard.ts';

const SecurityGroupCreate = attributes({ ...Owner, name: Name, description: Description, tags: Tags });
const SecurityGroupUpdate = attributes({ name: Name, description: Description });
export type SecurityGroupCreate = Attributes<typeof SecurityGroupCreate>;
export type SecurityGroupUpdate = Attributes<typeof SecurityGroupUpdate>;
const fixed = readOnly('security_group_rules', 'shared');
export const securityGroupCreateBody = bodyOf('security_group', SecurityGroupCreate, { collection: 'security_groups', readOnly: fixed });
export const securityGroupUpdateBody = bodyOf('security_group', SecurityGroupUpdate, { readOnly: [...fixed, 'project_id', 'tenant_id', 'tags'] });

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const PortNumber = nullable(Type.Union([Type.Integer(), Type.String({ maxLength: 5 })])); // the range and what it means follow from the protocol
const RuleCreate = attributes({
  ...Owner,
  security_group_id: Uuid,
  direction: Type.String({ enum: ['ingress', 'egress'] }),
  ethertype: nullable(Type.String({ maxLength: 16 })),
  protocol: nullable(Type.Union([Type.String({ maxLength: 40 }), Type.Integer()])),
  port_range_min: PortNumber,
  port_range_max: PortNumber,
  remote_ip_prefix: nullable(Type.String({ maxLength: 64 })),
  remote_group_id: nullable(Uuid),
  description: nullable(Type.String({ maxLength: 255 })),
});
export type RuleCreate = Attributes<typeof RuleCreate>;
export const ruleCreateBody = bodyOf('security_group_rule', RuleCreate, { collection: 'security_group_rules', readOnly: readOnly('normalized_cidr') });
