import { dueInstance, faultOf, instanceKey, now, TASK_SECONDS, type Instance } from '../../shared/objects/instance.ts';
import { computeNodeKey } from '../../shared/objects/compute_node.ts';
import { notifyInstance, type InstanceEvent } from '../../shared/notifications/instance.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { exists, lessThan, oneOf } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { table } from '../../shared/store/table.ts';
import { writeAction } from './action-record.ts';

type Update = Args<typeof novaConductor.methods.instance_update>;
const nova = table('nova');

/** While a build goes on, nothing else may have taken the instance over. */
const BUILDING = [null, 'scheduling', 'networking', 'block_device_mapping', 'spawning'];

/** A change of state that a message brings. Applied once, and only while it is newer than the record; then the action's event. */
export async function instanceUpdate({ instance_uuid, project_id, host, attempt, sequence, change, request_id, event }: Update): Promise<void> {
  let instance: Instance | undefined;
  try {
    instance = await nova.update<Instance>(
      instanceKey(project_id, instance_uuid),
      {
        set: { ...change, ...(change.fault && { fault: faultOf(change.fault.code, change.fault.message, change.fault.details) }), sequence, updated_at: now(), ...due(instance_uuid, change) },
        ...(change.task_state === null && { remove: ['due_pk', 'due_at'] }),
      },
      { host, sequence: lessThan(sequence), ...(attempt !== undefined && { attempt, vm_state: 'building', task_state: oneOf(...BUILDING) }) },
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // this very change was made before, and perhaps not all that follows from it
    const { item } = error;
    if (item?.['sequence'] !== sequence || item['host'] !== host || (attempt !== undefined && item['attempt'] !== attempt)) return;
  }
  const failed = event?.result === 'Error';
  await writeAction(instance_uuid, request_id, event && {
    event: event.name, start_time: event.start, finish_time: event.finish ?? null, result: (event.result as 'Success' | 'Error' | undefined) ?? null, host,
    ...(event.details !== undefined && { details: event.details }),
  }, { failed });
  if (!instance) return;
  if (attempt !== undefined && change.vm_state === 'active' && instance.clears_failed_builds) await clearFailedBuilds(instance);
  const notification = event?.finish && notificationOf(event.name, failed);
  if (notification) await notifyInstance(notification, instance, failed ? { reason: event.details } : {});
}

/** A task that goes on gets a new deadline; one that ended needs none. */
const due = (uuid: string, { task_state }: Update['change']) => (task_state ? dueInstance(uuid, new Date(Date.now() + TASK_SECONDS * 1000)) : {});

async function clearFailedBuilds({ host }: Instance): Promise<void> {
  await nova.update(computeNodeKey(host!), { set: { failed_builds: 0 } }, { pk: exists() }).catch((error: unknown) => {
    if (!(error instanceof ConditionFailed)) throw error;
  });
}

const notifications: Record<string, string> = {
  compute__do_build_and_run_instance: 'create', compute_stop_instance: 'power_off', compute_start_instance: 'power_on', compute_reboot_instance: 'reboot',
  compute_pause_instance: 'pause', compute_unpause_instance: 'unpause', compute_suspend_instance: 'suspend', compute_resume_instance: 'resume',
  compute_attach_volume: 'volume.attach', compute_detach_volume: 'volume.detach', compute_attach_interface: 'interface.attach', compute_detach_interface: 'interface.detach',
};
export const notificationOf = (event: string, failed: boolean) => (notifications[event] && `${notifications[event]}.${failed ? 'error' : 'end'}`) as InstanceEvent | undefined;
