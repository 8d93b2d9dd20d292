import type { Instance } from '../../../shared/objects/instance.ts';
import { counted, quotaKey, RECOUNT_AFTER_MS, recountDue, usageOf, userUse, type ProjectQuota, type Usage } from '../../../shared/objects/quota.ts';
import { absentOr } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { table } from '../../../shared/store/table.ts';

const nova = table('nova');

/** Counts a project's instances anew, where a crash or a repeated message has left its use in doubt. One that is overtaken is put off. */
export async function recount({ pk }: ProjectQuota): Promise<void> {
  const projectId = pk.slice('PROJECT#'.length);
  const quota = await nova.get<ProjectQuota>(quotaKey(projectId));
  if (!quota?.due_at || quota.due_at > new Date().toISOString()) return;
  if (quota.reserved_at && Date.now() < Date.parse(quota.reserved_at) + RECOUNT_AFTER_MS) return putOff(projectId);
  const instances = await nova.query<Instance>({ pk, prefix: 'SERVER#' });
  const use = useOf(instances.filter(({ vm_state }) => vm_state !== 'deleted'));
  const stale = Object.keys(quota).filter((name) => name.includes('@') && !(name in use));
  try {
    await nova.update(quotaKey(projectId), { set: use, remove: ['due_pk', 'due_at', ...stale] }, { changes: absentOr(quota.changes ?? 0) });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    await putOff(projectId);
  }
}

const putOff = async (projectId: string) => void (await nova.update(quotaKey(projectId), { set: recountDue(projectId) }));

/** Use of the project, and of each of its users. */
function useOf(instances: Instance[]): Record<string, number> {
  const use: Record<string, number> = { instances: 0, cores: 0, ram: 0 };
  for (const { flavor, user_id } of instances) {
    const taken: Usage = usageOf(flavor);
    for (const resource of counted) {
      use[resource]! += taken[resource];
      const own = userUse(resource, user_id);
      use[own] = (use[own] ?? 0) + taken[resource];
    }
  }
  return use;
}
