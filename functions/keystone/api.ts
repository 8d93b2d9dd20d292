import { outside, root } from './discovery.ts';
import { applicationCredentialRoutes } from './resources/application-credentials.ts';
import { assignmentRoutes } from './resources/assignments.ts';
import { domainRoutes } from './resources/domains.ts';
import { endpointRoutes } from './resources/endpoints.ts';
import { grantRoutes } from './resources/grants.ts';
import { impliedRoleRoutes } from './resources/implied-roles.ts';
import { ownRoutes } from './resources/own.ts';
import { projectRoutes } from './resources/projects.ts';
import { regionRoutes } from './resources/regions.ts';
import { roleRoutes } from './resources/roles.ts';
import { serviceRoutes } from './resources/services.ts';
import { tagRoutes } from './resources/tags.ts';
import { userRoutes } from './resources/users.ts';
import { identityApi } from './service.ts';

/** All of the Identity API but the tokens themselves (login.ts, validate.ts). */
export const handler = identityApi([
  ...root, ...ownRoutes, ...userRoutes, ...projectRoutes, ...tagRoutes, ...domainRoutes, ...roleRoutes, ...impliedRoleRoutes,
  ...grantRoutes, ...assignmentRoutes, ...serviceRoutes, ...endpointRoutes, ...regionRoutes, ...applicationCredentialRoutes,
], outside);
