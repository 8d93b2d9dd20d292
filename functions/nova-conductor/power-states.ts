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
import { StoreBusy, TransactionRefused } from '../../shared/store/errors.ts';
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

/** Others may change the instance meanwhile: it is looked at anew. */
const ATTEMPTS = 5;

/**
 * One guest's state at a moment, by its host's clock. Older news than the last changes nothing; where the same news comes again, the host is asked
 * again to stop a guest that it was to stop.
 */
export async function observed({ project_id, instance_uuid, host }: Pick<Claim, 'project_id' | 'instance_uuid' | 'host'>, power_state: number, observed_at: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const instance = await nova.get<Instance>(instanceKey(project_id, instance_uuid));
    if (!instance || instance.host !== host || !instance.launched_at) return;
    const what = consequence(instance.vm_state, power_state);
    const last = instance['power_observed_at'] as string | undefined;
    if (what === 'stop' && instance.task_state === 'powering-off' && last === observed_at) return askToStop(instance);
    if (instance.task_state !== null || (last !== undefined && last >= observed_at)) return;
    const after = await write(instance, what, { power_state, power_observed_at: observed_at });
    if (after) return follow(after, what);
  }
  throw new StoreBusy(`instance ${instance_uuid} is changing all the time`);
}

interface Written { instance: Instance; request_id: string }

/** The news, what follows from it, and the action that tells the owner of it; undefined where the instance has changed. */
async function write(before: Instance, what: Consequence, news: { power_state: number; power_observed_at: string }): Promise<Written | undefined> {
  const { uuid, project_id, sequence, vm_state, task_state } = before;
  const request_id = `req-${randomUUID()}`;
  const set = {
    ...news, updated_at: now(), sequence: sequence + 1,
    ...(what === 'stopped' && { vm_state: 'stopped' as const }),
    ...(what === 'stop' && { task_state: 'powering-off' as const, task_request_id: request_id, ...dueInstance(uuid, new Date(Date.now() + TASK_SECONDS * 1000)) }),
  };
  try {
    await nova.transact([
      { update: instanceKey(project_id, uuid), change: { set }, if: { sequence, vm_state, task_state } },
      ...(what === 'noted' ? [] : [{ put: stopAction(before, request_id, what) }]),
    ]);
    return { instance: { ...before, ...set } as Instance, request_id };
  } catch (error) {
    if (error instanceof TransactionRefused) return undefined;
    throw error;
  }
}

async function follow({ instance, request_id }: Written, what: Consequence): Promise<void> {
  if (what === 'stopped') await notifyInstance('power_off.end', instance, {}, { request_id });
  if (what === 'stop') await askToStop(instance);
}

/** Repeated it is the same command: its id is the request's. */
async function askToStop({ uuid: instance_uuid, project_id, host, sequence, task_request_id }: Instance): Promise<void> {
  const request_id = task_request_id!;
  await cast(novaCompute.methods.instance_action, { instance_uuid, project_id, host: host!, action: 'stop', args: {}, sequence, request_id }, { context: serviceContext('nova-conductor', { project_id, request_id }), steps: [] });
}

/** So that the owner sees when the instance was stopped, and that nobody asked for it. */
function stopAction({ uuid, project_id, host }: Instance, request_id: string, what: Consequence): InstanceAction {
  const at = new Date().toISOString();
  return {
    ...actionKey(uuid, request_id), instance_uuid: uuid, project_id, user_id: 'nova-conductor', request_id, action: 'stop', start_time: at, updated_at: at, message: null, steps: {},
    events: what === 'stopped' ? { compute_stop_instance: { event: 'compute_stop_instance', start_time: at, finish_time: at, result: 'Success', host: host! } } : {},
  };
}
