import { cidrOf, outermost, rangeText } from './addresses.ts';
import { hasPorts, isIcmp, protocolOf } from './protocols.ts';
import { type Rule, uuid } from './port.ts';

/**
 * A security group rule as conditions on a connection, or undefined where nothing can fit it. They ask for the connection's
 * first packet (`ct original`), so that the same rule judges every packet of it, whichever way it goes.
 */
export function conditionsOf(rule: Rule): string | undefined {
  const version = rule.ethertype.toLowerCase() === 'ipv6' ? 6 : 4;
  const remote = remoteOf(rule, version);
  const protocol = protocolOf(rule.protocol, version);
  if (remote === undefined || protocol === undefined) return undefined;
  const ports = portsOf(rule, protocol);
  if (ports === undefined) return undefined;
  return [`meta nfproto ipv${version}`, ...(protocol === null ? [] : [`ct original protocol ${protocol}`]), ...remote, ...ports].join(' ');
}

/** The set of a group's members that are of the IP version, by name; undefined for what is no group's id. */
export const setOf = (group: string, version: 4 | 6): string | undefined => (uuid.test(group) ? `members${version}_${group.replaceAll('-', '')}` : undefined);

type Elements = Record<4 | 6, string[]>;
const parsed = new WeakMap<readonly string[], Elements>(); // of a large group they are wanted with every port that comes or goes

/** A set's elements as nft takes them; what is no address of the version is left out. */
export function elementsOf(addresses: readonly string[], version: 4 | 6): string[] {
  const known = parsed.get(addresses);
  if (known) return known[version];
  const ranges = addresses.flatMap((text) => cidrOf(text) ?? []);
  const [four = [], six = []] = ([4, 6] as const).map((each) => outermost(ranges.filter((range) => range.version === each)).map(rangeText));
  const elements: Elements = { 4: four, 6: six };
  parsed.set(addresses, elements);
  return elements[version];
}

function remoteOf({ direction, remote_ip_prefix, remote_group_id }: Rule, version: 4 | 6): string[] | undefined {
  const field = `ct original ${version === 4 ? 'ip' : 'ip6'} ${direction === 'ingress' ? 'saddr' : 'daddr'}`;
  if (remote_group_id !== null) {
    const set = setOf(remote_group_id, version);
    return set === undefined ? undefined : [`${field} @${set}`];
  }
  if (remote_ip_prefix === null) return [];
  const range = cidrOf(remote_ip_prefix);
  if (range?.version !== version) return undefined;
  return range.prefix === 0 ? [] : [`${field} ${rangeText(range)}`];
}

const within = (value: number | null, most: number) => value === null || (Number.isInteger(value) && value >= 0 && value <= most);

function portsOf({ port_range_min: min, port_range_max: max }: Rule, protocol: number | null): string[] | undefined {
  if (min === null && max === null) return [];
  if (protocol === null) return undefined;
  if (isIcmp(protocol)) {
    // Conntrack keeps type and code where others have the port.
    if (min === null || !within(min, 255) || !within(max, 255)) return undefined;
    return [max === null ? `ct original proto-dst ${min * 256}-${min * 256 + 255}` : `ct original proto-dst ${min * 256 + max}`];
  }
  if (!hasPorts(protocol) || !within(min, 65_535) || !within(max, 65_535)) return undefined;
  const [from, to] = [min ?? 0, max ?? 65_535];
  return from > to ? undefined : [`ct original proto-dst ${from === to ? from : `${from}-${to}`}`];
}
