import { conflict, serviceUnavailable } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { actionKey, type InstanceAction } from '../../../shared/objects/action.ts';
import { notifyInstance, startOf } from '../../../shared/notifications/instance.ts';
import { dueInstance, type Instance, instanceKey, now, TASK_SECONDS, type TaskState, type VmState } from '../../../shared/objects/instance.ts';
import type { Change } from '../../../shared/store/condition.ts';
import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { nova } from '../store.ts';
import { serverNotFound } from './find.ts';

/** The states in which something may be done to a server; undefined is any. */
export interface Precondition {
  vm?: VmState[];
  /** Null is "nothing under way", which is the default; 'any' is any. */
  task?: (TaskState | null)[] | 'any';
  /** It has run once, and so is on a host. The default. */
  launched?: boolean;
}

/** 409 in Nova's words where the server is not in such a state. `method` is the action's name in them. */
export function checkState(server: Instance, method: string, { vm, task = [null], launched = true }: Precondition): void {
  const refuse = (attribute: string, state: string) => conflict(`Cannot '${method}' instance ${server.uuid} while it is in ${attribute} ${state}`);
  if (vm && !vm.includes(server.vm_state)) throw refuse('vm_state', server.vm_state);
  if (task !== 'any' && !task.includes(server.task_state)) throw refuse('task_state', String(server.task_state));
  if (launched && (!server.launched_at || !server.host)) throw conflict(`Instance ${server.uuid} is in an invalid state for '${method}'`);
}

export function checkLock(server: Instance, { context }: Pick<Request, 'context'>): void {
  if (server.locked && !isAdmin(context)) throw conflict(`Instance ${server.uuid} is locked`);
}

export interface Task {
  /** Its name in os-instance-actions. */
  action: string;
  /** Name of the method in refusals. */
  method: string;
  needs: Precondition;
  /** Set while it goes on; undefined leaves the state as it is. */
  taskState?: TaskState;
  /** What else changes in the record. */
  change?: (server: Instance) => Change;
  /** Brings it on its way: the message to the host's nova-compute. */
  send: (server: Instance) => Promise<void>;
}

/**
 * Begins something that a host does: checks the state, writes task state and action together, sends the message; nobody waits
 * for the host. Undone where the message cannot be sent (503). Returns the record as it then is.
 */
export async function beginTask(found: Instance, task: Task, request: Pick<Request, 'context' | 'requestId' | 'receivedAt'>): Promise<Instance> {
  const { before, after } = await write(found, task, request);
  try {
    await Promise.all([task.send(after), begun(after, task, request)]);
    return after;
  } catch (error) {
    log.error('message not sent', { request_id: request.requestId, instance: after.uuid, action: task.action, ...factsOf(error) });
    await undo(before, after, request.requestId);
    throw serviceUnavailable(undefined, { cause: error });
  }
}

/** Tells of it; `.end` or `.error` follows from nova-conductor. */
async function begun(server: Instance, { action }: Task, { requestId: request_id, context: { global_request_id } }: Pick<Request, 'requestId' | 'context'>): Promise<void> {
  const notification = startOf(action);
  if (notification) await notifyInstance(notification, server, {}, { request_id, ...(global_request_id && { global_request_id }) });
}

async function write(found: Instance, task: Task, request: Pick<Request, 'context' | 'requestId' | 'receivedAt'>): Promise<{ before: Instance; after: Instance }> {
  for (let before: Instance | undefined = found, attempt = 1; attempt <= 8; attempt++) {
    if (!before || before.vm_state === 'deleted') throw serverNotFound(found.uuid);
    checkLock(before, request);
    checkState(before, task.method, task.needs);
    const change = task.change?.(before) ?? {};
    const set = {
      ...(task.taskState && { task_state: task.taskState, task_request_id: request.requestId, ...dueInstance(before.uuid, new Date(Date.now() + TASK_SECONDS * 1000)) }),
      ...change.set, sequence: before.sequence + 1, updated_at: now(),
    };
    try {
      await nova.transact([
        // every change of state makes the sequence grow, so this is still the record that was judged
        { update: instanceKey(before.project_id, before.uuid), change: { ...change, set }, if: { sequence: before.sequence, vm_state: before.vm_state, task_state: before.task_state } },
        { put: newAction(before, task.action, request) },
      ]);
      const after: Instance = { ...before, ...set };
      for (const name of change.remove ?? []) delete after[name];
      return { before, after };
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      before = await nova.get<Instance>(instanceKey(found.project_id, found.uuid)); // somebody was faster: how do things stand now?
    }
  }
  throw serviceUnavailable('The server changes too fast, try again.');
}

/** An action's record, in whose name its message and events go. */
export const newAction = (server: Instance, action: string, { context, requestId, receivedAt }: Pick<Request, 'context' | 'requestId' | 'receivedAt'>): InstanceAction => ({
  ...actionKey(server.uuid, requestId),
  instance_uuid: server.uuid, project_id: server.project_id, user_id: context.user_id, request_id: requestId, action,
  ...(context.global_request_id && { global_request_id: context.global_request_id }),
  start_time: receivedAt.toISOString(), updated_at: new Date().toISOString(), message: null, events: {}, steps: {},
});

async function undo(before: Instance, after: Instance, requestId: string): Promise<void> {
  const due = before.due_pk && before.due_at ? { due_pk: before.due_pk, due_at: before.due_at } : undefined;
  try {
    await nova.transact([
      {
        update: instanceKey(after.project_id, after.uuid),
        change: { set: { ...restored(before, after), task_state: before.task_state, sequence: after.sequence + 1, ...due }, ...(!due && { remove: ['due_pk', 'due_at'] }) },
        if: { sequence: after.sequence },
      },
      { update: actionKey(after.uuid, requestId), change: { set: { message: 'Error', updated_at: new Date().toISOString() } } },
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused || error instanceof ConditionFailed)) throw error; // it moved on all the same: the message did arrive
  }
}

/** What a task's own change had made different. */
const restored = (before: Instance, after: Instance) =>
  Object.fromEntries(Object.entries(before).filter(([name, value]) => !['pk', 'sk', 'due_pk', 'due_at', 'sequence', 'task_state'].includes(name) && after[name] !== value));
