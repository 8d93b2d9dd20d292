import ipaddr from 'ipaddr.js';

/** Where guests ask for their metadata, in every network. */
export const METADATA_IPV4 = '169.254.169.254';
export const METADATA_IPV6 = 'fe80::a9fe:a9fe';

/** In a smaller subnet the first address, which the bridge takes for IPv6, may be a guest's. */
export const LONGEST_IPV6 = 126;

/** A range of addresses or, with the full prefix, one; its text is the canonical one of its first address. */
export interface Cidr { version: 4 | 6; text: string; prefix: number; bytes: number[] }

/** One address, without a prefix length or a zone; undefined where it is none. */
export function addressOf(text: string): Cidr | undefined {
  const [parsed, prefix] = ipaddr.IPv4.isValidFourPartDecimal(text) ? [ipaddr.IPv4.parse(text), 32]
    : ipaddr.IPv6.isValid(text) && !text.includes('%') ? [ipaddr.IPv6.parse(text), 128] : [undefined, 0];
  return parsed && rangeOf(parsed.toByteArray(), prefix);
}

/** `10.0.0.0/24`, or one address; what the prefix leaves out is made 0. */
export function cidrOf(text: string): Cidr | undefined {
  const [address = '', length, ...more] = text.split('/');
  const whole = addressOf(address);
  if (!whole || length === undefined) return whole;
  const prefix = Number(length);
  if (more.length > 0 || !/^\d{1,3}$/.test(length) || prefix > whole.prefix) return undefined;
  return rangeOf(whole.bytes.map((byte, index) => byte & maskByte(prefix, index)), prefix);
}

function rangeOf(bytes: number[], prefix: number): Cidr {
  const address = ipaddr.fromByteArray(bytes);
  return { version: bytes.length === 4 ? 4 : 6, text: address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString(), prefix, bytes };
}

const maskByte = (prefix: number, index: number) => 0xff & ~(0xff >> Math.min(8, Math.max(0, prefix - index * 8)));
export const maskOf = ({ bytes, prefix }: Cidr): number[] => bytes.map((_, index) => maskByte(prefix, index));
export const netmaskOf = (range: Cidr): string => rangeOf(maskOf(range), 0).text;
/** With the prefix length only where it is a range. */
export const rangeText = ({ bytes, text, prefix }: Cidr): string => (prefix === bytes.length * 8 ? text : `${text}/${prefix}`);

/** Without those that lie in another, in the order of their addresses: nft takes no set whose elements overlap. */
export function outermost(ranges: Cidr[]): Cidr[] {
  const kept: Cidr[] = [];
  // ranges lie in one another or apart, so what comes right after one lies in it, if anything does
  for (const range of ranges.toSorted(byAddress)) if (!kept.length || !contains(kept.at(-1)!, range)) kept.push(range);
  return kept;
}
function byAddress(a: Cidr, b: Cidr): number {
  const differs = a.bytes.findIndex((byte, index) => byte !== b.bytes[index]);
  return differs < 0 ? a.prefix - b.prefix : a.bytes[differs]! - b.bytes[differs]!;
}
const contains = (wider: Cidr, range: Cidr) =>
  wider.version === range.version && wider.prefix <= range.prefix && maskOf(wider).every((mask, index) => (range.bytes[index]! & mask) === wider.bytes[index]);

/** The address that a guest's kernel makes of its MAC (EUI-64). */
export function linkLocalOf(mac: string): string {
  const [first = 0, ...rest] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  return new ipaddr.IPv6([0xfe, 0x80, 0, 0, 0, 0, 0, 0, first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)]).toRFC5952String();
}
