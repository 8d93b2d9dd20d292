import { formatAddress, parseAddress, type Address, type IpVersion } from './address.ts';

export interface Cidr { version: IpVersion; prefix: number; first: bigint; last: bigint }

/** An IP network; host bits are cleared, as netaddr does. A plain address is a network of one. */
export function parseCidr(text: string): Cidr | undefined {
  const [base, length, ...rest] = text.split('/');
  const address = base === undefined ? undefined : parseAddress(base);
  if (!address || rest.length) return undefined;
  const bits = address.version === 4 ? 32 : 128;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const first = address.value - (address.value % size);
  return { version: address.version, prefix, first, last: first + size - 1n };
}

export const formatCidr = (cidr: Cidr) => `${formatAddress({ version: cidr.version, value: cidr.first })}/${cidr.prefix}`;
export const overlaps = (a: Cidr, b: Cidr) => a.version === b.version && a.first <= b.last && b.first <= a.last;
export const inside = (cidr: Cidr, address: Address) => cidr.version === address.version && cidr.first <= address.value && address.value <= cidr.last;

/** The addresses that hosts may have: without the network's own and, for IPv4, the broadcast address, but for the smallest networks. */
export function usable({ version, prefix, first, last }: Cidr): { first: bigint; last: bigint } {
  if (version === 6) return prefix >= 127 ? { first, last } : { first: first + 1n, last };
  return prefix >= 31 ? { first, last } : { first: first + 1n, last: last - 1n };
}

export function usableAddress(cidr: Cidr, address: Address): boolean {
  const { first, last } = usable(cidr);
  return address.version === cidr.version && first <= address.value && address.value <= last;
}

/** Ranges of addresses that IPv4 and IPv6 set aside for loopback and multicast. */
const loopback = [parseCidr('127.0.0.0/8')!, parseCidr('::1/128')!];
const multicast = [parseCidr('224.0.0.0/4')!, parseCidr('ff00::/8')!];
export const isLoopback = (cidr: Cidr) => loopback.some((range) => overlaps(range, cidr) && range.prefix <= cidr.prefix);
export const isMulticast = (cidr: Cidr) => multicast.some((range) => overlaps(range, cidr) && range.prefix <= cidr.prefix);
