import { type Cidr, maskOf, METADATA_IPV4, METADATA_IPV6, outermost, rangeText } from './addresses.ts';
import { macsOf, ownAddresses, type Port } from './port.ts';

/** A guest that asks without end must not keep dnsmasq or the agent from the others. */
const DHCP_LIMIT = 'limit rate over 20/second burst 50 packets';
const METADATA_LIMIT = 'limit rate over 50/second burst 200 packets';

/** What a guest may send, judged frame by frame at its tap: only from its own addresses, and nothing but IP and ARP. */
export function fromGuest(port: Port): string[] {
  const { secured, mac, sources } = port;
  const limits = [
    `udp dport { 67, 547 } ${DHCP_LIMIT} drop`,
    `ip daddr ${METADATA_IPV4} tcp dport 80 tcp flags syn ${METADATA_LIMIT} drop`,
    `ip6 daddr ${METADATA_IPV6} tcp dport 80 tcp flags syn ${METADATA_LIMIT} drop`,
  ];
  if (!secured) return [...limits, ...ownMetadata(port), 'accept'];
  const byMac = macsOf(port).map((each) => ({ mac: each, ranges: sources.filter((source) => source.mac === each).map(({ cidr }) => cidr) }));
  const of = (ranges: Cidr[], version: 4 | 6) => outermost(ranges.filter((range) => range.version === version));
  const setOf = (ranges: Cidr[]) => `{ ${ranges.map(rangeText).join(', ')} }`;
  return [
    'ether type != { ip, ip6, arp } drop', // a tag would hide the rest from the filters
    ...limits,
    ...byMac.flatMap(({ mac: own, ranges }) => {
      const [ipv4, ipv6] = [of(ranges, 4), of(ranges, 6)];
      return [
        // A question with no sender's address is how a guest looks whether somebody has its address already.
        `ether saddr ${own} arp saddr ether ${own} arp operation request arp saddr ip 0.0.0.0 accept`,
        ...(ipv4.length > 0 ? [`ether saddr ${own} arp saddr ether ${own} arp saddr ip ${setOf(ipv4)} accept`, `ether saddr ${own} ip saddr ${setOf(ipv4)} accept`] : []),
        ...ipv6.map((range) => `ether saddr ${own} ip6 saddr ${setOf(ipv6)} icmpv6 type nd-neighbor-advert ${targetIn(range)} accept`),
        `ether saddr ${own} icmpv6 type nd-neighbor-advert drop`,
        `ether saddr ${own} ip6 saddr ${setOf(ipv6)} accept`,
      ];
    }),
    `ether saddr ${mac} ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept`,
    `ether saddr ${mac} ip6 saddr :: icmpv6 type { nd-neighbor-solicit, nd-router-solicit, mld-listener-report, mld2-listener-report } accept`,
    'drop',
  ];
}

/** A guest without port security may use any address, but the metadata service knows guests by theirs. */
function ownMetadata(port: Port): string[] {
  const [ipv4, ipv6] = [ownAddresses(port).filter((address) => !address.includes(':')), ownAddresses(port).filter((address) => address.includes(':'))];
  return [
    `ip daddr ${METADATA_IPV4} ${ipv4.length > 0 ? `ip saddr != { ${ipv4.join(', ')} } ` : ''}drop`,
    `ip6 daddr ${METADATA_IPV6} ip6 saddr != { ${ipv6.join(', ')} } tcp dport 80 drop`,
  ];
}

/** What reaches a guest as a frame; the rest is its security groups'. */
export const toGuest = ({ secured }: Port): string[] => (secured ? ['ether type != { ip, ip6, arp } drop'] : []);

const hex = (bytes: number[]) => `0x${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
/** The address that a neighbor advertisement is about; nft of Debian 12 has no word for it. */
const targetIn = (range: Cidr) => (range.prefix === 128 ? `@th,64,128 ${hex(range.bytes)}` : `@th,64,128 & ${hex(maskOf(range))} == ${hex(range.bytes)}`);

/** What no guest with port security may be for others: a router or a DHCP server. Judged on whole packets, not on fragments. */
export const noServices = [
  'icmpv6 type { nd-router-advert, nd-redirect } drop',
  'udp sport 67 udp dport 68 drop',
  'udp sport 547 udp dport 546 drop',
];
