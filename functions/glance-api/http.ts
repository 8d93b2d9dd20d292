import { createApi } from '../../shared/http/api.ts';
import { imageFault } from '../../shared/http/faults.ts';
import { policies } from './policies.ts';
import { createRoutes } from './routes/create.ts';
import { dataRoutes } from './routes/data.ts';
import { frontRoutes } from './routes/front.ts';
import { infoRoutes } from './routes/info.ts';
import { listRoutes } from './routes/list.ts';
import { showRoutes } from './routes/show.ts';
import { versionRoutes } from './routes/versions.ts';

/** The Image API v2 under `/image/v2`. */
export const handler = createApi({
  service: 'glance-api',
  root: '/image/v2',
  routes: [...createRoutes, ...listRoutes, ...showRoutes, ...dataRoutes, ...frontRoutes, ...infoRoutes],
  outside: versionRoutes,
  policies,
  fault: imageFault,
  validationSteps: { ask: 20 },
});
