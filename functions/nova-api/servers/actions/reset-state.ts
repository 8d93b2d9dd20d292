import * as Type from '@sinclair/typebox';
import { now } from '../../../../shared/objects/instance.ts';
import { Strict } from '../../common/types.ts';
import { changeAndRecord } from '../change.ts';
import type { ServerAction } from './action.ts';

/** An admin says how a server stands; what is still on its way for it from before comes too late. */
export const resetState: ServerAction = {
  name: 'os-resetState',
  policy: 'os_compute_api:os-admin-actions:reset_state',
  schema: Strict({ state: Type.Unsafe<'active' | 'error'>({ type: 'string', enum: ['active', 'error'] }) }),
  run: async (server, { state }: { state: 'active' | 'error' }, request) => {
    await changeAndRecord(server, { set: { vm_state: state, task_state: null, updated_at: now() }, add: { sequence: 1 }, remove: ['due_pk', 'due_at'] }, 'os-resetState', request);
    return { status: 202 };
  },
};
