import { bad, invalidRule } from '../errors.ts';
import { parseCidr } from '../ipam/cidr.ts';
import type { SecurityGroupRule } from '../store/records.ts';
import { canonicalProtocol, hasPorts, isIcmp, isOfIpv6, protocolNumber } from './protocol.ts';
import type { RuleCreate } from './schema.ts';

export type RuleShape = Pick<
  SecurityGroupRule, 'direction' | 'ethertype' | 'protocol' | 'port_range_min' | 'port_range_max' | 'remote_ip_prefix' | 'remote_group_id'
>;

/** What a request asks for as a rule, checked and written in one way. Throws Neutron's refusals. */
export function shapeRule(given: RuleCreate): RuleShape {
  const ethertype = ethertypeOf(given.ethertype ?? 'IPv4');
  const protocol = canonicalProtocol(given.protocol);
  const rule: RuleShape = {
    direction: given.direction as RuleShape['direction'],
    ethertype,
    protocol,
    port_range_min: portOf(given.port_range_min),
    port_range_max: portOf(given.port_range_max),
    remote_ip_prefix: given.remote_ip_prefix || null,
    remote_group_id: given.remote_group_id ?? null,
  };
  if (rule.remote_ip_prefix !== null && rule.remote_group_id !== null)
    throw invalidRule('SecurityGroupMultipleRemoteEntites', 'Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.');
  if (isOfIpv6(protocol) && ethertype !== 'IPv6')
    throw invalidRule('SecurityGroupEthertypeConflictWithProtocol', `Invalid ethertype ${ethertype} for protocol ${protocol}.`);
  checkPorts(rule);
  return { ...rule, remote_ip_prefix: prefixOf(rule) };
}

/** Two rules that let the same packets through are doubles, however they are written. */
export function sameRule(a: RuleShape, b: RuleShape): boolean {
  return ruleKey(a) === ruleKey(b);
}
function ruleKey(rule: RuleShape): string {
  const cidr = rule.remote_ip_prefix === null ? undefined : parseCidr(rule.remote_ip_prefix)!;
  const remote = cidr && cidr.prefix > 0 ? `${cidr.first}/${cidr.prefix}` : null; // from everywhere is no restriction
  return JSON.stringify([rule.direction, rule.ethertype, protocolNumber(rule.protocol), rule.port_range_min, rule.port_range_max, remote, rule.remote_group_id]);
}

function ethertypeOf(text: string): RuleShape['ethertype'] {
  const known = (['IPv4', 'IPv6'] as const).find((type) => type.toLowerCase() === text.toLowerCase());
  if (!known) throw invalidRule('SecurityGroupRuleInvalidEtherType', `Security group rule for ethertype '${text}' not supported. Allowed values are ['IPv4', 'IPv6'].`);
  return known;
}

function portOf(value: string | number | null | undefined): number | null {
  if (value === null || value === undefined || value === '') return null;
  const port = /^\d{1,5}$/.test(String(value)) ? Number(value) : -1;
  if (port < 0 || port > 65_535) throw invalidRule('SecurityGroupInvalidPortValue', `Invalid value for port ${value}`);
  return port;
}

function checkPorts({ protocol, port_range_min: min, port_range_max: max }: RuleShape): void {
  if (min === null && max === null) return;
  if (protocol === null) throw invalidRule('SecurityGroupProtocolRequiredWithPorts', 'Must also specify protocol if port range is given.');
  if (hasPorts(protocol)) {
    if (min === null || max === null || min > max) throw invalidRule('SecurityGroupInvalidPortRange', 'For TCP/UDP protocols, port_range_min must be <= port_range_max');
    if (min === 0) throw invalidRule('SecurityGroupInvalidPortValue', 'Invalid value for port 0');
  } else if (isIcmp(protocol)) {
    for (const [attr, field, value] of [['port_range_min', 'type', min], ['port_range_max', 'code', max]] as const)
      if (value !== null && value > 255) throw invalidRule('SecurityGroupInvalidIcmpValue', `Invalid value for ICMP ${field} (${attr}) ${value}. It must be 0 to 255.`);
    if (min === null) throw invalidRule('SecurityGroupMissingIcmpType', `ICMP code (port-range-max) ${max} is provided but ICMP type (port-range-min) is missing.`);
  } else {
    throw invalidRule('SecurityGroupInvalidProtocolForPort', `Ports cannot be specified for protocol ${protocol}. Ports are only supported for ['dccp', 'sctp', 'tcp', 'udp', 'udplite'].`);
  }
}

/** With its length written out; host bits stay as they were given, `normalized_cidr` shows it without. */
function prefixOf({ remote_ip_prefix: text, ethertype }: RuleShape): string | null {
  if (text === null) return null;
  const cidr = parseCidr(text);
  if (!cidr) throw bad('InvalidCIDR', `Invalid CIDR ${text} given as IP prefix.`);
  if (`IPv${cidr.version}` !== ethertype) throw invalidRule('SecurityGroupRuleParameterConflict', `Conflicting value ethertype ${ethertype} for CIDR ${text}`);
  return text.includes('/') ? text : `${text}/${cidr.prefix}`;
}
