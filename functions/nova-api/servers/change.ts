import { serviceUnavailable } from '../../../shared/http/errors.ts';
import { living } from '../../../shared/objects/deletion.ts';
import { type Instance, instanceKey, now } from '../../../shared/objects/instance.ts';
import { absent, type Change } from '../../../shared/store/condition.ts';
import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { nova } from '../store.ts';
import { serverNotFound } from './find.ts';
import { newAction } from './task.ts';

/**
 * Changes what a user says of a server: attributes that no message touches. Written only where nothing has changed
 * since what it is judged `from`, where that is anything; otherwise judged once more by what there is then.
 */
export async function changeServer<K extends keyof Instance & string>(found: Instance, from: readonly K[], judge: (server: Instance) => Partial<Pick<Instance, K>>): Promise<Instance> {
  for (let server = found, attempt = 1; attempt <= 10; attempt++) {
    // each change of state makes the one grow, each change by a user the other
    const condition = from.length > 0 && { sequence: server.sequence, user_revision: server.user_revision ?? absent() };
    try {
      return await nova.update<Instance>(instanceKey(server.project_id, server.uuid), { set: { ...judge(server), updated_at: now() }, add: { user_revision: 1 } }, { ...condition, ...living });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (!error.item || error.item['vm_state'] === 'deleted') throw serverNotFound(server.uuid);
      server = error.item as unknown as Instance;
    }
  }
  throw serviceUnavailable('The server changes too fast, try again.');
}

/** A change that no host has to do with, and its action's record. 404 where the server is gone by now. */
export async function changeAndRecord(server: Instance, change: Change, action: string, request: Pick<Request, 'context' | 'requestId' | 'receivedAt'>): Promise<void> {
  try {
    await nova.transact([{ update: instanceKey(server.project_id, server.uuid), change, if: living }, { put: newAction(server, action, request) }]);
  } catch (error) {
    throw error instanceof TransactionRefused ? serverNotFound(server.uuid) : error;
  }
}
