import { invalidRule } from '../errors.ts';

/** Names that the API knows, with IANA's protocol numbers. */
export const protocolNumbers: Record<string, number> = {
  ah: 51, dccp: 33, egp: 8, esp: 50, gre: 47, hopopt: 0, icmp: 1, icmpv6: 58, igmp: 2, ip: 0, ipip: 4, 'ipv6-encap': 41, 'ipv6-frag': 44, 'ipv6-icmp': 58, 'ipv6-nonxt': 59,
  'ipv6-opts': 60, 'ipv6-route': 43, ospf: 89, pgm: 113, rsvp: 46, sctp: 132, tcp: 6, udp: 17, udplite: 136, vrrp: 112,
};
const withPorts = new Set([6, 17, 33, 132, 136]);
const icmp = new Set([1, 58]);
/** Protocols of IPv6 alone. */
const ofIpv6 = new Set(['icmpv6', 'ipv6-encap', 'ipv6-frag', 'ipv6-icmp', 'ipv6-nonxt', 'ipv6-opts', 'ipv6-route']);

/** As the API keeps it: a known name in lower case, a number as a string, null for any. */
export function canonicalProtocol(given: string | number | null | undefined): string | null {
  if (given === null || given === undefined || given === 'any') return null;
  const text = String(given).toLowerCase();
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return String(Number(text));
  if (Object.hasOwn(protocolNumbers, text)) return text;
  const values = ['None', 'any', ...Object.keys(protocolNumbers)].map((name) => (name === 'None' ? name : `'${name}'`)).join(', ');
  throw invalidRule('SecurityGroupRuleInvalidProtocol', `Security group rule protocol ${given} not supported. Only protocol values [${values}] and integer representations [0 to 255] are supported.`);
}

/** Its number, whichever way it was named; null for any (0 and `ip` are any too). */
export function protocolNumber(protocol: string | null): number | null {
  const number = protocol === null ? 0 : (protocolNumbers[protocol] ?? Number(protocol));
  return number === 0 && protocol !== 'hopopt' ? null : number;
}

export const hasPorts = (protocol: string | null) => withPorts.has(protocolNumber(protocol) ?? -1);
export const isIcmp = (protocol: string | null) => icmp.has(protocolNumber(protocol) ?? -1);
export const isOfIpv6 = (protocol: string | null) => protocol !== null && ofIpv6.has(protocol);
