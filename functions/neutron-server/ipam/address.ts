import ipaddr from 'ipaddr.js';

export type IpVersion = 4 | 6;

/** An address as a number, so that pools are ranges and membership is two comparisons. */
export interface Address { version: IpVersion; value: bigint }

/** Undefined where the text is no address in its usual form (four decimal parts, or IPv6 without a zone). */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text)) return { version: 4, value: valueOf(ipaddr.IPv4.parse(text).toByteArray()) };
  if (!text.includes('%') && ipaddr.IPv6.isValid(text)) return { version: 6, value: valueOf(ipaddr.IPv6.parse(text).toByteArray()) };
  return undefined;
}

/** The one way to write an address: the key under which it is taken, and what the API shows. */
export function formatAddress({ version, value }: Address): string {
  const bytes = bytesOf(value, version === 4 ? 4 : 16);
  return version === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** The text in its one way, or undefined. */
export const canonicalAddress = (text: string): string | undefined => {
  const address = parseAddress(text);
  return address && formatAddress(address);
};

const valueOf = (bytes: number[]) => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

function bytesOf(value: bigint, length: number): number[] {
  const bytes = Array.from<number>({ length });
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}
