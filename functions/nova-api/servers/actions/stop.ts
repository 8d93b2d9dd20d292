import { powerAction } from './action.ts';

export const stop = powerAction({ name: 'os-stop', policy: 'os_compute_api:servers:stop', action: 'stop', needs: { vm: ['active', 'error'] }, taskState: 'powering-off' });
