import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameRule, shapeRule } from './rule.ts';
import type { RuleCreate } from './schema.ts';

const group = '0b0e8b3c-6a57-4b5e-9a2e-000000000001';
const rule = (given: Partial<RuleCreate> = {}) => shapeRule({ security_group_id: group, direction: 'ingress', ...given });
const refused = (given: Partial<RuleCreate>, type: string) =>
  assert.throws(() => rule(given), (error: { status?: number; type?: string }) => error.status === 400 && error.type === type, JSON.stringify(given));

test('a rule means the same by its protocol\'s name and number, and from everywhere is no remote at all', () => {
  const tcp = rule({ protocol: 'tcp', port_range_min: 22, port_range_max: 22 });
  assert.ok(sameRule(tcp, rule({ protocol: 'TCP', port_range_min: '22', port_range_max: '22' })));
  assert.ok(sameRule(tcp, rule({ protocol: 6, port_range_min: 22, port_range_max: 22, remote_ip_prefix: '0.0.0.0/0' })));
  assert.ok(sameRule(rule({ remote_ip_prefix: '10.0.0.7/8' }), rule({ remote_ip_prefix: '10.0.0.0/8' })));
  assert.ok(!sameRule(tcp, rule({ protocol: 'udp', port_range_min: 22, port_range_max: 22 })));
  assert.ok(!sameRule(rule(), rule({ ethertype: 'IPv6' })));
  assert.ok(!sameRule(rule({ remote_ip_prefix: '10.0.0.0/8' }), rule()));
});

test('a rule is kept as it was asked for', () => {
  assert.deepEqual(rule({ protocol: 'ICMP', remote_ip_prefix: '10.0.0.7' }), {
    direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp', port_range_min: null, port_range_max: null, remote_ip_prefix: '10.0.0.7/32', remote_group_id: null,
  });
  assert.equal(rule({ protocol: 'any' }).protocol, null);
  assert.equal(rule({ ethertype: 'ipv6' }).ethertype, 'IPv6');
});

test('a rule that contradicts itself is refused under the name that Neutron has for it', () => {
  refused({ port_range_min: 1, port_range_max: 2 }, 'SecurityGroupProtocolRequiredWithPorts');
  refused({ protocol: 'tcp', port_range_min: 3, port_range_max: 2 }, 'SecurityGroupInvalidPortRange');
  refused({ protocol: 'tcp', port_range_min: 3 }, 'SecurityGroupInvalidPortRange');
  refused({ protocol: 'tcp', port_range_min: 1, port_range_max: 65_536 }, 'SecurityGroupInvalidPortValue');
  refused({ protocol: 'icmp', port_range_min: 256 }, 'SecurityGroupInvalidIcmpValue');
  refused({ protocol: 'icmp', port_range_max: 0 }, 'SecurityGroupMissingIcmpType');
  refused({ protocol: 'vrrp', port_range_min: 1, port_range_max: 2 }, 'SecurityGroupInvalidProtocolForPort');
  refused({ protocol: 'carrier-pigeon' }, 'SecurityGroupRuleInvalidProtocol');
  refused({ protocol: 256 }, 'SecurityGroupRuleInvalidProtocol');
  refused({ protocol: 'ipv6-icmp' }, 'SecurityGroupEthertypeConflictWithProtocol');
  refused({ ethertype: 'IPX' }, 'SecurityGroupRuleInvalidEtherType');
  refused({ remote_ip_prefix: 'fd00::/8' }, 'SecurityGroupRuleParameterConflict');
  refused({ remote_ip_prefix: 'nowhere' }, 'InvalidCIDR');
  refused({ remote_ip_prefix: '10.0.0.0/8', remote_group_id: group }, 'SecurityGroupMultipleRemoteEntites');
});
