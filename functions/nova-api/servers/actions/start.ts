import { powerAction } from './action.ts';

export const start = powerAction({ name: 'os-start', policy: 'os_compute_api:servers:start', action: 'start', needs: { vm: ['stopped'] }, taskState: 'powering-on' });
