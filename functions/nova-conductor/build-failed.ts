import { CLAIM, moveClaimWrites, releaseClaimWrites } from '../../shared/objects/claim.ts';
import { claimKey, computeNodeKey, type Claim, type ComputeNode } from '../../shared/objects/compute_node.ts';
import { faultOf, instanceKey, now, type Instance } from '../../shared/objects/instance.ts';
import { notifyInstance } from '../../shared/notifications/instance.ts';
import { cast } from '../../shared/rpc/send.ts';
import type { Delivery } from '../../shared/rpc/serve.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { ConditionFailed, StoreBusy, TransactionRefused } from '../../shared/store/errors.ts';
import { not, oneOf } from '../../shared/store/condition.ts';
import { table, type Write } from '../../shared/store/table.ts';
import { writeAction } from './action-record.ts';

type Failure = Args<typeof novaConductor.methods.build_failed>;
const nova = table('nova');
const MAX_ATTEMPTS = 3;
const EVENT = 'compute__do_build_and_run_instance';
/** Of a build that is being undone: `error` where its user has been told already. */
const BUILT_IN_VAIN: string[] = ['building', 'error'];

/**
 * A build failed and is undone on its host. The claim moves to the next host that the scheduler offered and still takes it,
 * or is released and the instance goes to ERROR. A repeated or late message finds the claim moved on, and at most has the
 * next attempt's launch sent again.
 */
export async function buildFailed(failure: Failure, delivery: Delivery): Promise<void> {
  const { instance_uuid, project_id, host, attempt, reason } = failure;
  const instance = await nova.get<Instance>(instanceKey(project_id, instance_uuid));
  if (!instance) return;
  if (instance.vm_state === 'building' && instance.task_state !== 'deleting' && instance.attempt === attempt + 1 && instance.host !== null)
    return launchAgain(instance, delivery); // this message's first handling moved the claim, and may have got no further
  const claim = await nova.get<Claim>(claimKey(instance_uuid));
  if (!BUILT_IN_VAIN.includes(instance.vm_state) || instance.host !== host || instance.attempt !== attempt || claim?.attempt !== attempt || claim.host !== host) return;
  if (instance.task_state === 'deleting') return; // the deletion releases what is left
  await writeAction(instance_uuid, instance.create_request_id, { event: EVENT, start_time: now(), finish_time: now(), result: 'Error', host, details: reason });
  if (failure.undoing) return tellUser(instance, failure);
  const moved = instance.vm_state === 'building' && failure.retry && attempt < MAX_ATTEMPTS && (await moveToNext(instance, claim, failure.alternates));
  if (moved === 'overtaken') return;
  if (moved) return launchAgain(moved, delivery);
  await giveUp(instance, claim, failure);
}

/** The instance as it is claimed for the first of the alternates that takes it; undefined where none does. */
async function moveToNext(instance: Instance, claim: Claim, alternates: string[]): Promise<Instance | 'overtaken' | undefined> {
  for (const [i, host] of alternates.entries()) {
    const node = await nova.get<ComputeNode>(computeNodeKey(host));
    if (!node || node.host === claim.host) continue;
    const rest = alternates.slice(i + 1);
    try {
      await nova.transact(moveClaimWrites({ instance, node, attempt: claim.attempt + 1, alternates: rest }, claim));
      return { ...instance, host, node: host, attempt: claim.attempt + 1, alternates: rest };
    } catch (error) {
      if (error instanceof StoreBusy) continue;
      if (!(error instanceof TransactionRefused)) throw error;
      if (error.failed[CLAIM.claim]?.conditionFailed || error.failed[CLAIM.instance]?.conditionFailed) return 'overtaken';
    }
  }
  return undefined;
}

/** Step 12 once more, for another host. */
async function launchAgain({ uuid: instance_uuid, project_id, host, attempt, alternates = [], create_request_id: request_id }: Instance, { context }: Delivery): Promise<void> {
  await cast(novaCompute.methods.build_and_run_instance, { instance_uuid, project_id, host: host!, attempt, alternates, request_id }, { context, steps: [] });
}

/** As Nova says it: what was wrong, and, where several hosts were tried, that none is left. */
const faultText = ({ instance_uuid, retry, reason, attempt, alternates }: Failure) =>
  retry && (attempt > 1 || alternates.length > 0)
    ? `Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance ${instance_uuid}. ${reason}`
    : `Build of instance ${instance_uuid} aborted: ${reason}`;

/** ERROR, with the host still its own until the undo is done: a deletion then knows what to take away. */
async function tellUser(instance: Instance, failure: Failure): Promise<void> {
  try {
    await nova.update(
      instanceKey(instance.project_id, instance.uuid),
      { set: { vm_state: 'error', task_state: null, fault: faultOf(500, faultText(failure), failure.reason), updated_at: now() }, add: { sequence: 1 }, remove: ['due_pk', 'due_at'] },
      { vm_state: 'building', host: failure.host, attempt: failure.attempt, task_state: not('deleting') },
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error; // told before, or it moved on
  }
}

/** Releases the claim; the instance goes to ERROR without a host, and keeps its quota until it is deleted. */
async function giveUp(instance: Instance, claim: Claim, failure: Failure): Promise<void> {
  const message = faultText(failure);
  const failed: Write = {
    update: instanceKey(instance.project_id, instance.uuid),
    change: {
      set: { vm_state: 'error', task_state: null, power_state: 0, host: null, node: null, interfaces: [], fault: faultOf(500, message, failure.reason), updated_at: now() },
      add: { sequence: 1 },
      remove: ['due_pk', 'due_at', 'host_availability_zone'],
    },
    if: { vm_state: oneOf(...BUILT_IN_VAIN), host: claim.host, attempt: claim.attempt, task_state: oneOf(null, 'scheduling', 'networking', 'block_device_mapping', 'spawning') },
  };
  try {
    await nova.transact([...releaseClaimWrites(claim, { buildFailed: failure.retry }), failed]);
  } catch (error) {
    if (error instanceof TransactionRefused) return; // it moved on; who moved it on owns what is left
    throw error;
  }
  await writeAction(instance.uuid, instance.create_request_id, { event: EVENT, start_time: now(), finish_time: now(), result: 'Error', host: claim.host, details: message }, { failed: true });
  await notifyInstance('create.error', { ...instance, vm_state: 'error' }, { reason: message });
}
