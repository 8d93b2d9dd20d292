import { membersOf } from './members.ts';
import { remoteRules } from './store.ts';

/** Whom the rules that name a group let in, and who has to know. */
export interface Membership {
  /** Addresses and CIDRs of the group's members, sorted, each once. */
  addresses: string[];
  /** Hosts with bound ports whose groups' rules name the group, sorted. */
  hosts: string[];
}

export async function membershipOf(group: string): Promise<Membership> {
  const [members, rules] = await Promise.all([membersOf(group), remoteRules(group)]);
  const naming = [...new Set(rules.map(({ security_group_id }) => security_group_id))];
  const enforcing = (await Promise.all(naming.map((id) => (id === group ? members : membersOf(id))))).flat();
  return { addresses: sorted(members.flatMap(({ addresses }) => addresses)), hosts: sorted(enforcing.flatMap(({ host }) => host || [])) };
}

const sorted = (texts: string[]) => [...new Set(texts)].sort();
