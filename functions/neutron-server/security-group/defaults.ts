import { randomUUID } from 'node:crypto';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import { newStandard } from '../http/standard.ts';
import { defaultSecurityGroupId } from '../ids.ts';
import { counted } from '../quota/counted.ts';
import { timestamp } from '../store/db.ts';
import type { SecurityGroup, SecurityGroupRule } from '../store/records.ts';
import { find } from '../store/visible.ts';
import { insertSecurityGroup } from './store.ts';

const ethertypes = ['IPv4', 'IPv6'] as const;

export function newRule(group: { id: string; project_id: string }, rule: Partial<SecurityGroupRule> & Pick<SecurityGroupRule, 'direction' | 'ethertype'>): SecurityGroupRule {
  const now = timestamp();
  return {
    id: randomUUID(), security_group_id: group.id, project_id: group.project_id, description: '', protocol: null, port_range_min: null, port_range_max: null,
    remote_ip_prefix: null, remote_group_id: null, created_at: now, updated_at: now, revision_number: 1, ...rule,
  };
}

/** A new group lets everything out; a default one lets everything in from its own members. */
export function newSecurityGroup(id: string, project: string, given: { name?: string; description?: string; tags?: string[] }, isDefault = false): SecurityGroup {
  const group = newStandard(id, project, given);
  const rules = ethertypes.flatMap((ethertype) => [
    newRule(group, { direction: 'egress', ethertype }),
    ...(isDefault ? [newRule(group, { direction: 'ingress', ethertype, remote_group_id: id })] : []),
  ]);
  return { ...group, is_default: isDefault, rules: Object.fromEntries(rules.map((rule) => [rule.id, rule])) };
}

/** The project's default group, made when it is first asked for. Whoever is first: its id follows from the project. */
export async function ensureDefaultSecurityGroup(project: string, known?: SecurityGroup): Promise<SecurityGroup> {
  const id = defaultSecurityGroupId(project);
  const there = known ?? (await find('security_group', id));
  if (there) return there;
  const group = newSecurityGroup(id, project, { name: 'default', description: 'Default security group' }, true);
  const rules = Object.keys(group.rules).length;
  try {
    return await counted(
      project, [{ kind: 'security_group', anyway: true }, { kind: 'security_group_rule', n: rules, anyway: true }],
      () => insertSecurityGroup(group).then(() => group),
      async () => ((await find('security_group', id))?.rules[Object.keys(group.rules)[0]!] ? group : undefined), // another's has other rules
    );
  } catch (error) {
    const first = error instanceof TransactionRefused ? await find('security_group', id) : undefined;
    if (!first) throw error;
    return first;
  }
}
