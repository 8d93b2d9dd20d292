import * as Type from '@sinclair/typebox';
import type { TaskState } from '../../../../shared/objects/instance.ts';
import { Strict } from '../../common/types.ts';
import { askHost } from '../host-action.ts';
import { beginTask, type Precondition } from '../task.ts';
import type { ServerAction } from './action.ts';

const kinds: Record<'SOFT' | 'HARD', { needs: Precondition; taskState: TaskState }> = {
  SOFT: { needs: { vm: ['active'] }, taskState: 'rebooting' },
  HARD: {
    needs: { vm: ['active', 'stopped', 'paused', 'suspended', 'error'], task: [null, 'rebooting', 'reboot_started', 'resuming', 'rebooting_hard', 'unpausing', 'pausing', 'suspending'] },
    taskState: 'rebooting_hard',
  },
};

/** SOFT asks the guest to; HARD does not. */
export const reboot: ServerAction = {
  name: 'reboot',
  policy: 'os_compute_api:servers:reboot',
  schema: Strict({ type: Type.Unsafe<string>({ type: 'string', enum: ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft'] }) }),
  run: async (server, { type: asked }: { type: string }, request) => {
    const type = asked.toUpperCase() as 'SOFT' | 'HARD';
    await beginTask(server, { action: 'reboot', method: 'reboot', ...kinds[type], send: (after) => askHost(after, 'reboot', { type }, request) }, request);
    return { status: 202 };
  },
};
