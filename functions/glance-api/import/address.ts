import { BlockList, isIP } from 'node:net';
import { environment } from '../../../shared/deployment/declaration.ts';

/*
 * Where an import may fetch from: the public web, and hosts that the operator named. A user's URL must not reach what the
 * function itself could: its own loopback, private networks, the metadata service.
 */

const notPublic = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const) notPublic.addSubnet(network, prefix, 'ipv4');
// of IPv6 only what is given out worldwide, without the parts that wrap or translate IPv4 addresses, or are for documents
for (const [network, prefix] of [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]] as const) notPublic.addSubnet(network, prefix, 'ipv6');
const worldwide = new BlockList();
worldwide.addSubnet('2000::', 3, 'ipv6');

export function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !notPublic.check(address, 'ipv4');
  return isIP(address) === 6 && worldwide.check(address, 'ipv6') && !notPublic.check(address, 'ipv6');
}

/** The address may not be fetched from; `message` is for the user. */
export class Refused extends Error {
  override name = 'Refused';
}

/** `host` or `host:port` of the URL is one that the operator named. */
export function isAllowedByOperator({ hostname, host }: URL): boolean {
  const allowed = (process.env[environment.setting('importAllowedHosts')] ?? '').split(',').map((each) => each.trim().toLowerCase()).filter(Boolean);
  return allowed.includes(hostname) || allowed.includes(host);
}

/** The URL, where its scheme, port and literal address may be fetched from. Names are judged when they are resolved. Throws Refused. */
export function checkedUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) throw new Refused('it is no URL');
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Refused(`the scheme ${url.protocol.slice(0, -1)} is not http or https`);
  if (isAllowedByOperator(url)) return url;
  if (url.port !== '') throw new Refused(`port ${url.port} is not 80 or 443`);
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) && !isPublic(literal)) throw new Refused(`${literal} is no public address`);
  return url;
}
