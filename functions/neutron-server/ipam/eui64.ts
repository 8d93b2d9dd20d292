import { formatAddress } from './address.ts';
import { parseCidr } from './cidr.ts';

/** The address that a guest gives itself by SLAAC: the network's prefix and the modified EUI-64 of its MAC (RFC 4291, appendix A). */
export function eui64Address(cidr: string, mac: string): string {
  const bytes = mac.split(':').map((part) => BigInt(Number.parseInt(part, 16)));
  const [a, b, c, d, e, f] = bytes as [bigint, bigint, bigint, bigint, bigint, bigint];
  const identifier = [a ^ 2n, b, c, 0xffn, 0xfen, d, e, f].reduce((value, byte) => (value << 8n) | byte, 0n);
  return formatAddress({ version: 6, value: parseCidr(cidr)!.first | identifier });
}
