import { createApi } from '../../shared/http/api.ts';
import { imageFault } from '../../shared/http/faults.ts';
import { policies } from './policies.ts';
import { actionRoutes } from './routes/actions.ts';
import { createRoutes } from './routes/create.ts';
import { dataRoutes } from './routes/data.ts';
import { deleteRoutes } from './routes/delete.ts';
import { frontRoutes } from './routes/front.ts';
import { importRoutes } from './routes/import.ts';
import { infoRoutes } from './routes/info.ts';
import { listRoutes } from './routes/list.ts';
import { memberRoutes } from './routes/members.ts';
import { schemaRoutes } from './routes/schemas.ts';
import { showRoutes } from './routes/show.ts';
import { tagRoutes } from './routes/tags.ts';
import { updateRoutes } from './routes/update.ts';
import { versionRoutes } from './routes/versions.ts';

/** The Image API v2 under `/image/v2`. */
export const handler = createApi({
  service: 'glance-api',
  root: '/image/v2',
  routes: [
    ...createRoutes, ...listRoutes, ...showRoutes, ...updateRoutes, ...deleteRoutes, ...dataRoutes, ...actionRoutes, ...tagRoutes, ...memberRoutes,
    ...importRoutes, ...frontRoutes, ...schemaRoutes, ...infoRoutes,
  ],
  outside: versionRoutes,
  policies,
  fault: imageFault,
  validationSteps: { ask: 20 },
});
