import { isDeepStrictEqual } from 'node:util';
import { groupSubject, refreshMark, portSubject, type Mark } from '../refresh/mark.ts';
import { addressesOf } from '../security-group/members.ts';
import type { Port } from '../store/records.ts';

const relevant = ['security_groups', 'allowed_address_pairs', 'port_security_enabled', 'fixed_ips'] as const satisfies (keyof Port)[];

/**
 * Whom a port's change concerns: the port itself, where a host has it already and goes on having it; and of the groups whose
 * members stand in rules (`named`) those that it comes to, leaves, or is in with other addresses.
 */
export function marksFor(before: Port | undefined, after: Port | undefined, named: Set<string>): Mark[] {
  const port = (after ?? before)!;
  const stays = before && after && before['binding:host_id'] !== '' && before['binding:host_id'] === after['binding:host_id'];
  const own = stays && relevant.some((name) => !isDeepStrictEqual(before[name], after[name]));
  const groups = [...named].filter((group) => !isDeepStrictEqual(standing(before, group), standing(after, group)));
  return [...(own ? [refreshMark(portSubject(port.id), 'port')] : []), ...groups.map((group) => refreshMark(groupSubject(group), 'members'))];
}

/**
 * Of the groups that the change of a port concerns, those whose members stood in no rule when it began (`named` did). Somebody may have made
 * the first such rule before the change was written, and told hosts of members as they were then: these groups are looked at again.
 */
export const unnamedOf = (before: Port | undefined, after: Port | undefined, named: Set<string>): string[] =>
  [...new Set([...(before?.security_groups ?? []), ...(after?.security_groups ?? [])])].filter((group) => !named.has(group) && !isDeepStrictEqual(standing(before, group), standing(after, group)));

const standing = (port: Port | undefined, group: string) => (port?.security_groups.includes(group) ? addressesOf(port) : undefined);
