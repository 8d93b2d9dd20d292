import { actionKey, type InstanceAction } from '../../../shared/objects/action.ts';
import { dueInstance, faultOf, instanceKey, now, SCHEDULING_SECONDS, TASK_SECONDS, type Instance } from '../../../shared/objects/instance.ts';
import { serviceContext } from '../../../shared/identity/service-context.ts';
import { notifyInstance } from '../../../shared/notifications/instance.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { novaScheduler } from '../../../shared/rpc/topics/nova-scheduler.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import type { Change } from '../../../shared/store/condition.ts';
import { table, type Write } from '../../../shared/store/table.ts';
import { actionWrite } from '../action-record.ts';

const nova = table('nova');

/** An instance that could not be given a host for so long is given up. */
const SCHEDULING_AT_MOST_MS = 15 * 60_000;

/** An instance is past its deadline: whoever has it next is asked again, or what can't go on is ended. Each decides by its own records. */
export async function driveOn(found: Instance): Promise<void> {
  const instance = await nova.get<Instance>(found); // the index may be a little behind
  if (!instance?.due_at || instance.due_at > new Date().toISOString()) return;
  if (instance.task_state === 'deleting') return deleteAgain(instance);
  if (instance.vm_state === 'building') return instance.host === null ? scheduleAgain(instance) : buildOn(instance);
  if (instance.task_state !== null) return endTask(instance);
  await change(instance, { remove: ['due_pk', 'due_at'] });
}

/** Changes the record, and what goes `along`, while it is as it was found; false where it has moved on. */
async function change(instance: Instance, what: Change, along: Write[] = []): Promise<boolean> {
  const { uuid, project_id, sequence, task_state, vm_state } = instance;
  try {
    await nova.transact([{ update: instanceKey(project_id, uuid), change: what, if: { sequence, task_state, vm_state } }, ...along]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
}

const dueIn = ({ uuid }: Instance, seconds: number) => dueInstance(uuid, new Date(Date.now() + seconds * 1000));
const postpone = (instance: Instance, seconds: number) => change(instance, { set: dueIn(instance, seconds) });

/** In the user's project, and in nobody's name: what other services are asked for goes under nova's own identity. */
const contextOf = ({ user_id, project_id }: Instance, request_id: string) => serviceContext('sweeper', { user_id, project_id, request_id });

async function scheduleAgain(instance: Instance): Promise<void> {
  const { uuid: instance_uuid, project_id, create_request_id } = instance;
  if (Date.now() > Date.parse(instance.created_at) + SCHEDULING_AT_MOST_MS) return giveUp(instance);
  if (!(await postpone(instance, SCHEDULING_SECONDS))) return;
  await cast(novaScheduler.methods.select_destinations, { instance_uuid, project_id }, { context: contextOf(instance, create_request_id), steps: [] });
}

async function giveUp(instance: Instance): Promise<void> {
  const message = 'Scheduling the instance took too long.';
  const set = { vm_state: 'error', task_state: null, fault: faultOf(500, message), updated_at: now() };
  const end = await actionsEnd(instance, instance.create_request_id, () => 'conductor_schedule_and_build_instances', message);
  if (!(await change(instance, { set, add: { sequence: 1 }, remove: ['due_pk', 'due_at'] }, end))) return;
  await notifyInstance('create.error', { ...instance, vm_state: 'error' }, { reason: message });
}

async function buildOn(instance: Instance): Promise<void> {
  const { uuid: instance_uuid, project_id, host, attempt, alternates = [], create_request_id: request_id } = instance;
  if (!(await postpone(instance, SCHEDULING_SECONDS))) return;
  await cast(novaCompute.methods.build_overdue, { instance_uuid, project_id, host: host!, attempt, alternates, request_id }, { context: contextOf(instance, request_id), steps: [] });
}

/** Asked for anew: a deletion that was given up, of which only the word was lost, goes on by a newer request only. */
async function deleteAgain(instance: Instance): Promise<void> {
  const { uuid: instance_uuid, project_id, host, interfaces, block_devices, task_request_id: request_id = instance.create_request_id } = instance;
  if (!(await change(instance, { set: dueIn(instance, SCHEDULING_SECONDS), add: { sequence: 1 } }))) return;
  await cast(
    novaCompute.methods.terminate_instance, { instance_uuid, project_id, host, sequence: instance.sequence + 1, request_id, interfaces, block_devices }, { context: contextOf(instance, request_id), steps: [] },
  );
}

/** A task whose end nobody told: the instance keeps its state, and the action that began it says that it failed. */
async function endTask(instance: Instance): Promise<void> {
  const end = await actionsEnd(instance, instance.task_request_id, ({ action }) => `compute_${action}_instance`, `The host did not tell within ${TASK_SECONDS} seconds what came of it.`);
  await change(instance, { set: { task_state: null, updated_at: now() }, add: { sequence: 1 }, remove: ['due_pk', 'due_at'] }, end);
}

/** The write that says of a request's action that it failed, where there is a record of it. */
async function actionsEnd({ uuid }: Instance, request_id: string | undefined, eventOf: (action: InstanceAction) => string, details: string): Promise<Write[]> {
  const action = request_id && (await nova.get<InstanceAction>(actionKey(uuid, request_id)));
  if (!action) return [];
  const event = { event: eventOf(action), start_time: action.start_time, finish_time: new Date().toISOString(), result: 'Error' as const, details };
  return [actionWrite(uuid, action.request_id, event, [], { failed: true })];
}
