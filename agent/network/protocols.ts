/** Protocols as neutron names them, besides their numbers. */
const numbers: Record<string, number> = {
  icmp: 1, igmp: 2, ipip: 4, tcp: 6, egp: 8, udp: 17, dccp: 33, 'ipv6-encap': 41, 'ipv6-route': 43, 'ipv6-frag': 44, rsvp: 46, gre: 47, esp: 50, ah: 51,
  'ipv6-icmp': 58, icmpv6: 58, 'ipv6-nonxt': 59, 'ipv6-opts': 60, ospf: 89, vrrp: 112, pgm: 113, sctp: 132, udplite: 136,
};
const ICMP = 1, ICMPV6 = 58;
export const isIcmp = (protocol: number): boolean => protocol === ICMP || protocol === ICMPV6;
/** TCP, UDP, DCCP, SCTP, UDP-Lite. */
export const hasPorts = (protocol: number): boolean => [6, 17, 33, 132, 136].includes(protocol);

/** The protocol's number; null for any; undefined where there is no such protocol. ICMP of an IPv6 rule is ICMPv6. */
export function protocolOf(name: string | null, version: 4 | 6): number | null | undefined {
  if (name === null || name === 'any' || name === '0') return null;
  const number = /^\d{1,3}$/.test(name) ? Number(name) : numbers[name.toLowerCase()];
  if (number === undefined || number > 255) return undefined;
  return version === 6 && number === ICMP ? ICMPV6 : number;
}
