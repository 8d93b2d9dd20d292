import { dueInstance, instanceKey } from '../../shared/objects/instance.ts';
import { exists } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { table } from '../../shared/store/table.ts';

const nova = table('nova');

/** Has the sweeper look at an instance in its next round, where it is in flight at all. */
export async function overdueNow(projectId: string, uuid: string): Promise<void> {
  try {
    await nova.update(instanceKey(projectId, uuid), { set: dueInstance(uuid, new Date()) }, { due_pk: exists() });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
