import { randomBytes } from 'node:crypto';

/** OpenStack's own range of MAC addresses. */
export const generateMac = () => ['fa', '16', '3e', ...[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');

/** In lower case with colons, or undefined. */
export function canonicalMac(text: string): string | undefined {
  const digits = text.toLowerCase().replaceAll(/[:\-.]/g, '');
  return /^[0-9a-f]{12}$/.test(digits) && digits !== '000000000000' ? digits.match(/../g)!.join(':') : undefined;
}
