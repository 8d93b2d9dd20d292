import { powerAction } from './action.ts';

export const pause = powerAction({ name: 'pause', policy: 'os_compute_api:os-pause-server:pause', action: 'pause', needs: { vm: ['active'] }, taskState: 'pausing' });
export const unpause = powerAction({ name: 'unpause', policy: 'os_compute_api:os-pause-server:unpause', action: 'unpause', needs: { vm: ['paused'] }, taskState: 'unpausing' });
