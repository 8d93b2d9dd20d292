import { createApi } from '../../shared/http/api.ts';
import { computeFault } from '../../shared/http/faults.ts';
import { policies } from './policies.ts';
import { routes } from './routes.ts';
import { ROOT, versionListRoutes, versions } from './versions.ts';

/** The Compute API, https://docs.openstack.org/api-ref/compute/ */
export const handler = createApi({
  service: 'nova-api',
  root: ROOT,
  routes,
  outside: versionListRoutes,
  policies,
  fault: computeFault,
  versions,
  requestIdHeaders: ['x-compute-request-id', 'x-openstack-request-id'],
  validationSteps: { ask: 4, answer: 5 },
});
