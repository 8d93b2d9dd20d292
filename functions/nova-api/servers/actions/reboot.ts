import * as Type from '@sinclair/typebox';
import type { Instance, TaskState } from '../../../../shared/objects/instance.ts';
import { Strict } from '../../common/types.ts';
import { askHost } from '../host-action.ts';
import { tellMetadata } from '../tell-metadata.ts';
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
    const send = async (after: Instance) => {
      // a guest that begins anew begins with what is right now, whatever its host missed
      if (type === 'HARD') await tellMetadata(after, request);
      await askHost(after, 'reboot', { type }, request);
    };
    await beginTask(server, { action: 'reboot', method: 'reboot', ...kinds[type], send }, request);
    return { status: 202 };
  },
};
