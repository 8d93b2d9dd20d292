import type { Api } from '../../shared/http/api.ts';
import { networkFault } from '../../shared/http/faults.ts';
import { extensionRoutes } from './extensions.ts';
import { validateBody } from './http/body.ts';
import { networkRoutes } from './network/routes.ts';
import { policies } from './policies.ts';
import { portRoutes } from './port/routes.ts';
import { quotaRoutes } from './quota/routes.ts';
import { securityGroupRoutes } from './security-group/routes.ts';
import { securityGroupRuleRoutes } from './security-group/rule-routes.ts';
import { subnetRoutes } from './subnet/routes.ts';
import { tagRoutes } from './tag/routes.ts';
import { rootRoute, versionRoutes } from './versions.ts';

/** OpenStack Networking API v2.0. A resource is a folder with its schema, its view, its store and its routes, listed here. */
export const api: Api = {
  service: 'neutron-server',
  root: '/network/v2.0',
  routes: [rootRoute, ...networkRoutes, ...subnetRoutes, ...portRoutes, ...securityGroupRoutes, ...securityGroupRuleRoutes, ...quotaRoutes, ...tagRoutes, ...extensionRoutes],
  outside: versionRoutes,
  policies,
  fault: networkFault,
  validate: validateBody,
  validationSteps: { ask: 23 },
};
