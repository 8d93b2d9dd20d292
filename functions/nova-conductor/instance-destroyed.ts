import { releaseClaimWrites } from '../../shared/objects/claim.ts';
import { claimKey, type Claim } from '../../shared/objects/compute_node.ts';
import { deletedKey, deletionWrites, forgottenAt } from '../../shared/objects/deletion.ts';
import { instanceKey, now, type Instance } from '../../shared/objects/instance.ts';
import { quotaRecount, quotaRelease } from '../../shared/objects/quota.ts';
import { ACTIONS, type InstanceAction } from '../../shared/objects/action.ts';
import { notifyInstance } from '../../shared/notifications/instance.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { absent } from '../../shared/store/condition.ts';
import { table } from '../../shared/store/table.ts';
import { writeAction } from './action-record.ts';

type Destroyed = Args<typeof novaConductor.methods.instance_destroyed>;
const nova = table('nova');

/**
 * The end of a deletion: the record becomes a deleted one and the claim goes, together; then the quota's use goes down, once,
 * by whoever made that write. A repeat cannot know whether the first got that far, and asks for a recount. Whatever task the record names
 * by now: a request whose message seemed not to be sent may have taken its word back, but nothing of the instance is left.
 */
export async function instanceDestroyed({ instance_uuid, project_id, request_id }: Destroyed): Promise<void> {
  const keys = [instanceKey(project_id, instance_uuid), deletedKey(project_id, instance_uuid), claimKey(instance_uuid)] as const;
  const found = await nova.getMany<Instance | Claim>([...keys]);
  const [instance, deleted, claim] = keys.map(({ sk }) => found.find((each) => each.sk === sk)) as [Instance?, Instance?, Claim?];
  const gone = deleted ?? (instance?.vm_state === 'deleted' ? instance : undefined);
  if (gone) return afterwards(gone, request_id, quotaRecount(project_id));
  if (!instance) return;
  // refused where the claim moved meanwhile, or another message was first: the next receive sees how things stand
  await nova.transact([...deletionWrites(instance), ...(claim ? releaseClaimWrites(claim) : [{ check: claimKey(instance_uuid), if: { pk: absent() } }])]);
  await afterwards(instance, request_id, quotaRelease(instance));
}

async function afterwards(instance: Instance, requestId: string, { key, change }: ReturnType<typeof quotaRelease>): Promise<void> {
  await nova.update(key, change);
  const action = await writeAction(instance.uuid, requestId, { event: 'compute_terminate_instance', start_time: now(), finish_time: now(), result: 'Success', ...(instance.host && { host: instance.host }) });
  await forgetActions(instance.uuid);
  await notifyInstance('delete.end', { ...instance, vm_state: 'deleted', task_state: null }, {}, action ?? { request_id: requestId });
}

/** The actions of a deleted instance can be read for as long as its record. */
async function forgetActions(uuid: string): Promise<void> {
  const expires_at = forgottenAt();
  const actions = await nova.query<InstanceAction>({ pk: `SERVER#${uuid}`, prefix: ACTIONS });
  await Promise.all(actions.map((action) => nova.update(action, { set: { expires_at } })));
}
