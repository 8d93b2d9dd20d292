import { absent } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Write } from '../../../shared/store/table.ts';
import { resourceNotFound, securityGroupInUse } from '../errors.ts';
import { revised } from '../http/standard.ts';
import { db } from '../store/db.ts';
import { newMark } from '../store/deletion.ts';
import { groupSubject, markWrites, refreshMark } from '../refresh/mark.ts';
import { tell } from '../refresh/tell.ts';
import { everywhere, groupRemoteKey, namedKey, ownedKey, resourceKey } from '../store/keys.ts';
import { optimistically } from '../store/mutate.ts';
import type { SecurityGroup, SecurityGroupRule } from '../store/records.ts';
import { find } from '../store/visible.ts';

const keyOf = (id: string) => resourceKey('security_group', id);
const item = (group: SecurityGroup) => ({ ...keyOf(group.id), ...everywhere('security_group', group.id), ...group });

/** What finds a rule by its id, and by the group that it lets in. */
const pointers = (rule: SecurityGroupRule): Write[] => [
  { put: { ...resourceKey('security_group_rule', rule.id), security_group_id: rule.security_group_id } },
  ...(rule.remote_group_id ? [{ put: { ...groupRemoteKey(rule.remote_group_id, rule.id), security_group_id: rule.security_group_id } }] : []),
];
/** So that who comes to the group a rule names, and who leaves it, knows that somebody cares. */
const naming = (id: string, rules: SecurityGroupRule[]): Write[] => remotesOf(rules).filter((remote) => remote !== id).map((remote) => ({ put: namedKey(remote) }));
const remotesOf = (rules: SecurityGroupRule[]) => [...new Set(rules.flatMap(({ remote_group_id }) => remote_group_id ?? []))];
const withoutPointers = (rule: SecurityGroupRule): Write[] => [
  { delete: resourceKey('security_group_rule', rule.id) },
  ...(rule.remote_group_id ? [{ delete: groupRemoteKey(rule.remote_group_id, rule.id) }] : []),
];

/** Throws TransactionRefused where the id is taken. */
export const insertSecurityGroup = (group: SecurityGroup): Promise<void> =>
  db.transact([
    { put: item(group), if: { pk: absent() } },
    { put: ownedKey(group.project_id, 'security_group', group.id) },
    ...Object.values(group.rules).flatMap(pointers),
  ]);

/** Changes the group by `change`, asked again where another change came first; rules that come or go take their pointers along, and hosts are told. */
export function changeSecurityGroup(id: string, change: (group: SecurityGroup) => SecurityGroup): Promise<SecurityGroup> {
  return optimistically(async () => {
    const before = await find('security_group', id);
    if (!before) throw resourceNotFound('security_group', id);
    const after = revised(change(before));
    const come = Object.values(after.rules).filter((rule) => !(rule.id in before.rules));
    const gone = Object.values(before.rules).filter((rule) => !(rule.id in after.rules));
    const write: Write = { put: item(after), if: { revision_number: before.revision_number } };
    const marks = [
      ...(come.length + gone.length > 0 ? [refreshMark(groupSubject(id), 'rules')] : []),
      // while no rule named it, nobody was told who came to the group and who left: a host may still know it from before
      ...remotesOf(come).map((remote) => refreshMark(groupSubject(remote), 'members')),
    ];
    await db.transact([write, ...come.flatMap(pointers), ...naming(id, come), ...gone.flatMap(withoutPointers), ...markWrites(marks)]);
    await tell(after.project_id, marks);
    return after;
  });
}

/** Throws SecurityGroupInUse while ports have it. Rules of other groups that name it go with it. Returns the rules that went, by group. */
export async function removeSecurityGroup(id: string): Promise<SecurityGroup> {
  const mark = newMark();
  let group: SecurityGroup;
  try {
    group = (await db.update(keyOf(id), { set: { deleting: mark }, add: { revision_number: 1 } }, { id })) as unknown as SecurityGroup;
  } catch (error) {
    throw error instanceof ConditionFailed ? resourceNotFound('security_group', id) : error;
  }
  if ((await db.query({ pk: `group-ports#${id}`, limit: 1 })).length) {
    await db.update(keyOf(id), { remove: ['deleting'], add: { revision_number: 1 } }, { deleting: mark }).catch((error: unknown) => {
      if (!(error instanceof ConditionFailed)) throw error;
    });
    throw securityGroupInUse(id);
  }
  // the rules' pointers first, as many as a transaction takes: without their group they lead nowhere
  const all = Object.values(group.rules).flatMap(withoutPointers);
  while (all.length > 90) await db.transact(all.splice(0, 90));
  try {
    await db.transact([
      { delete: keyOf(id), if: { deleting: mark, revision_number: group.revision_number } },
      { delete: ownedKey(group.project_id, 'security_group', id) },
      { delete: namedKey(id) },
      ...all,
    ]);
  } catch (error) {
    throw (await find('security_group', id)) ? error : resourceNotFound('security_group', id);
  }
  return group;
}

/** The rules of other groups that let this one in. */
export const remoteRules = (id: string) => db.query<{ sk: string; security_group_id: string }>({ pk: `group-remotes#${id}` });
