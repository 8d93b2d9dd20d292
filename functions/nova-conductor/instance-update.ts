import { dueInstance, faultOf, instanceKey, now, TASK_SECONDS, type Instance } from '../../shared/objects/instance.ts';
import { computeNodeKey } from '../../shared/objects/compute_node.ts';
import { endOf, notifyInstance } from '../../shared/notifications/instance.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { exists, oneOf } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { table } from '../../shared/store/table.ts';
import { recordedSteps } from '../../shared/telemetry/steps.ts';
import { writeAction } from './action-record.ts';
import { logLaunch } from './launch-log.ts';

type Update = Args<typeof novaConductor.methods.instance_update>;
const nova = table('nova');

/** A change of state that a message brings, applied once, and then the action's event. A repeat, or a message that comes late, changes no state. */
export async function instanceUpdate(update: Update): Promise<void> {
  const { instance_uuid, host, attempt, change, request_id, event } = update;
  const outcome = await apply(update);
  if (outcome === 'elsewhere') return;
  if (!event && recordedSteps().length === 0) return; // nothing for the action's record
  const instance = outcome === 'overtaken' ? undefined : outcome;
  const failed = event?.result === 'Error';
  // what a build began is no news once it has ended; its steps are
  const news = event && (instance || event.finish);
  const action = await writeAction(instance_uuid, request_id, news ? eventOf(event, host) : undefined, { failed });
  if (!instance) return;
  if (attempt !== undefined && change.vm_state === 'active') logLaunch(instance, action);
  if (attempt !== undefined && change.vm_state === 'active' && instance.clears_failed_builds) await clearFailedBuilds(instance);
  const notification = event?.finish && endOf(event.name, { failed });
  if (notification) await notifyInstance(notification, instance, failed ? { reason: event.details } : {}, action ?? (attempt === undefined ? { request_id } : undefined));
}

/** The instance as it is now; or why the change was not made. */
async function apply(update: Update): Promise<Instance | 'overtaken' | 'elsewhere'> {
  const { instance_uuid, project_id, host, attempt, change } = update;
  const over = change.task_state === null;
  try {
    return await nova.update<Instance>(
      instanceKey(project_id, instance_uuid),
      {
        set: { ...change, ...(change.fault && { fault: faultOf(change.fault.code, change.fault.message, change.fault.details) }), updated_at: now(), ...(attempt === undefined && due(instance_uuid, change)) },
        add: { sequence: 1 },
        ...(over && { remove: ['due_pk', 'due_at', 'task_request_id'] }),
      },
      stateNeeded(update),
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const { item } = error;
    return item?.['host'] === host && (attempt === undefined || item['attempt'] === attempt) ? 'overtaken' : 'elsewhere';
  }
}

/** The host has the guest: only a deletion, or the build's own end, goes before that. */
const BEFORE_SPAWNING = [null, 'scheduling', 'networking', 'block_device_mapping'];

function stateNeeded({ host, attempt, change, request_id }: Update): Record<string, unknown> {
  if (attempt === undefined) return { host, task_request_id: request_id };
  return { host, attempt, vm_state: 'building', task_state: oneOf(...BEFORE_SPAWNING, ...(change.task_state === 'spawning' ? [] : ['spawning'])) };
}

type Event = NonNullable<Update['event']>;
export const eventOf = ({ name, start, finish, result, details }: Event, host: string) => ({
  event: name, start_time: start, finish_time: finish ?? null, result: (result as 'Success' | 'Error' | undefined) ?? null, host, ...(details !== undefined && { details }),
});

/** A task that goes on gets a new deadline; one that ended needs none. A build keeps that of its claim: the sweeper only asks how far it is. */
const due = (uuid: string, { task_state }: Update['change']) => (task_state ? dueInstance(uuid, new Date(Date.now() + TASK_SECONDS * 1000)) : {});

async function clearFailedBuilds({ host }: Instance): Promise<void> {
  await nova.update(computeNodeKey(host!), { set: { failed_builds: 0 } }, { pk: exists() }).catch((error: unknown) => {
    if (!(error instanceof ConditionFailed)) throw error;
  });
}
