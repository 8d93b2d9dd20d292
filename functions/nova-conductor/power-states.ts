import { randomUUID } from 'node:crypto';
import { serviceContext } from '../../shared/identity/service-context.ts';
import { notifyInstance } from '../../shared/notifications/instance.ts';
import { actionKey, type InstanceAction } from '../../shared/objects/action.ts';
import { claimKey, type Claim } from '../../shared/objects/compute_node.ts';
import { CRASHED, dueInstance, instanceKey, NOSTATE, now, RUNNING, SHUTDOWN, SUSPENDED, TASK_SECONDS, type Instance, type VmState } from '../../shared/objects/instance.ts';
import { cast } from '../../shared/rpc/send.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { absentOrLessThan } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { table } from '../../shared/store/table.ts';

const nova = table('nova');

/** What is written down; that the instance is stopped because its guest is; that its guest is to be stopped too. */
type Consequence = 'noted' | 'stopped' | 'stop';

/**
 * As Nova's _sync_power_states: a guest that ended stops its instance; one that runs though its instance is stopped, that crashed,
 * or that somebody suspended on the host, is stopped; a pause from outside is only noted. An instance whose guest its host does
 * not know any more counts as stopped, where Nova leaves it ACTIVE.
 */
export function consequence(vmState: VmState, powerState: number): Consequence {
  switch (powerState) {
    case SHUTDOWN: case NOSTATE: return vmState === 'active' || vmState === 'paused' ? 'stopped' : 'noted';
    case CRASHED: return vmState === 'active' || vmState === 'paused' ? 'stop' : 'noted';
    case SUSPENDED: return vmState === 'active' ? 'stop' : 'noted';
    case RUNNING: return vmState === 'stopped' ? 'stop' : 'noted';
    default: return 'noted';
  }
}

/** Guests whose power state changed though no command asked for it. Whatever is under way for an instance goes first. */
export async function powerStatesObserved({ host, observed_at, guests }: Args<typeof novaConductor.methods.power_states_observed>): Promise<void> {
  const claims = await nova.getMany<Claim>(guests.map(({ instance_uuid }) => claimKey(instance_uuid)));
  await Promise.all(guests.map(async ({ instance_uuid, power_state }) => {
    const claim = claims.find((each) => each.instance_uuid === instance_uuid && each.host === host);
    // a host speaks for instances claimed on it only
    if (claim) await observed(claim, power_state, observed_at);
  }));
}

/** One guest's state at a moment, by its host's clock. Older news than the last changes nothing. */
export async function observed({ project_id, instance_uuid, host }: Pick<Claim, 'project_id' | 'instance_uuid' | 'host'>, power_state: number, observed_at: string): Promise<void> {
  const instance = await nova.get<Instance>(instanceKey(project_id, instance_uuid));
  if (!instance || instance.host !== host || instance.task_state !== null || !instance.launched_at) return;
  const what = consequence(instance.vm_state, power_state);
  const requestId = `req-${randomUUID()}`;
  const set = {
    power_state, power_observed_at: observed_at, updated_at: now(),
    ...(what === 'stopped' && { vm_state: 'stopped' }),
    ...(what === 'stop' && { task_state: 'powering-off', task_request_id: requestId, ...dueInstance(instance_uuid, new Date(Date.now() + TASK_SECONDS * 1000)) }),
  };
  let after: Instance;
  try {
    after = await nova.update<Instance>(
      instanceKey(project_id, instance_uuid), { set, add: { sequence: 1 } },
      { vm_state: instance.vm_state, task_state: null, host, power_observed_at: absentOrLessThan(observed_at) },
    );
  } catch (error) {
    if (error instanceof ConditionFailed) return; // something began, or there is newer news
    throw error;
  }
  if (what !== 'noted') await onRecord(after, requestId, what);
  if (what === 'stopped') await notifyInstance('power_off.end', after, {}, { request_id: requestId });
  if (what === 'stop') {
    const { sequence } = after;
    await cast(novaCompute.methods.instance_action, { instance_uuid, project_id, host, action: 'stop', args: {}, sequence, request_id: requestId }, { context: serviceContext('nova-conductor', { project_id, request_id: requestId }), steps: [] });
  }
}

/** So that the owner sees when the instance was stopped, and that nobody asked for it. */
async function onRecord({ uuid, project_id, host }: Instance, request_id: string, what: Consequence): Promise<void> {
  const at = new Date().toISOString();
  const action: InstanceAction = {
    ...actionKey(uuid, request_id), instance_uuid: uuid, project_id, user_id: 'nova-conductor', request_id, action: 'stop', start_time: at, updated_at: at, message: null, steps: {},
    events: what === 'stopped' ? { compute_stop_instance: { event: 'compute_stop_instance', start_time: at, finish_time: at, result: 'Success', host: host! } } : {},
  };
  await nova.put(action);
}
