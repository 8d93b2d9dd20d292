import { serviceUnavailable } from '../../../shared/http/errors.ts';
import { type Instance, instanceKey, now } from '../../../shared/objects/instance.ts';
import { not } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { nova } from '../store.ts';
import { serverNotFound } from './find.ts';

/**
 * Changes what a user says of a server: attributes that no message touches. Written only where what they were judged by still
 * stands there (`from`); otherwise judged once more by what does.
 */
export async function changeServer<K extends keyof Instance & string>(found: Instance, from: readonly K[], judge: (server: Instance) => Partial<Pick<Instance, K>>): Promise<Instance> {
  for (let server = found, attempt = 1; attempt <= 10; attempt++) {
    const condition = Object.fromEntries(from.map((name) => [name, server[name]]));
    try {
      return await nova.update<Instance>(instanceKey(server.project_id, server.uuid), { set: { ...judge(server), updated_at: now() }, add: { user_revision: 1 } }, { ...condition, vm_state: not('deleted') });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (!error.item || error.item['vm_state'] === 'deleted') throw serverNotFound(server.uuid);
      server = error.item as unknown as Instance;
    }
  }
  throw serviceUnavailable('The server changes too fast, try again.');
}
