import { createApi } from '../../shared/http/api.ts';
import { badRequest } from '../../shared/http/errors.ts';
import { computeFault } from '../../shared/http/faults.ts';
import type { Route } from '../../shared/http/route.ts';
import { actsFor } from './volume/project.ts';
import { policies } from './policies.ts';
import { actionRoutes } from './routes/actions.ts';
import { attachmentRoutes } from './routes/attachments.ts';
import { cloudRoutes } from './routes/cloud.ts';
import { defaultTypeRoutes } from './routes/default-types.ts';
import { quotaRoutes } from './routes/quotas.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { typeRoutes } from './routes/types.ts';
import { versionRoutes, versions, versionsAbove } from './routes/versions.ts';
import { volumeRoutes } from './routes/volumes.ts';

/** Each route stands below the version, and below the project as older clients ask (optional since 3.67). */
const underProject = (route: Route): Route => ({
  ...route,
  path: `/{project_id}${route.path}`,
  handler: (request) => {
    if (request.params['project_id'] !== request.context.project_id && !actsFor(request.context)) throw badRequest('Malformed request url');
    return route.handler(request);
  },
});

const routes = [...volumeRoutes, ...snapshotRoutes, ...actionRoutes, ...attachmentRoutes, ...typeRoutes, ...defaultTypeRoutes, ...quotaRoutes, ...cloudRoutes];

/** The Block Storage API v3 under `/volume/v3`. */
export const handler = createApi({
  service: 'cinder-api',
  root: '/volume/v3',
  routes: [...versionRoutes, ...routes, ...routes.map(underProject)],
  outside: versionsAbove,
  policies,
  fault: computeFault,
  versions,
  validationSteps: { ask: 26 },
});
