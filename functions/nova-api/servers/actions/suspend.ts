import { powerAction } from './action.ts';

export const suspend = powerAction({ name: 'suspend', policy: 'os_compute_api:os-suspend-server:suspend', action: 'suspend', needs: { vm: ['active'] }, taskState: 'suspending' });
export const resume = powerAction({ name: 'resume', policy: 'os_compute_api:os-suspend-server:resume', action: 'resume', needs: { vm: ['suspended'] }, taskState: 'resuming' });
