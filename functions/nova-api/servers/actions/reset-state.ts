import * as Type from '@sinclair/typebox';
import { instanceKey, now } from '../../../../shared/objects/instance.ts';
import { Strict } from '../../common/types.ts';
import { nova } from '../../store.ts';
import { newAction } from '../task.ts';
import type { ServerAction } from './action.ts';
import { not } from '../../../../shared/store/condition.ts';

/** An admin says how a server stands; what is still on its way for it from before comes too late. */
export const resetState: ServerAction = {
  name: 'os-resetState',
  policy: 'os_compute_api:os-admin-actions:reset_state',
  schema: Strict({ state: Type.Unsafe<'active' | 'error'>({ type: 'string', enum: ['active', 'error'] }) }),
  run: async (server, { state }: { state: 'active' | 'error' }, request) => {
    await nova.transact([
      {
        update: instanceKey(server.project_id, server.uuid),
        change: { set: { vm_state: state, task_state: null, updated_at: now() }, add: { sequence: 1 }, remove: ['due_pk', 'due_at'] },
        if: { vm_state: not('deleted') },
      },
      { put: newAction(server, 'os-resetState', request) },
    ]);
    return { status: 202 };
  },
};
