import type { Route } from '../../shared/http/route.ts';
import { extensionRoutes } from './extensions.ts';
import { flavorRoutes } from './flavors/routes.ts';
import { hostRoutes } from './hosts/routes.ts';
import { keyPairRoutes } from './keypairs/routes.ts';
import { quotaRoutes } from './quota/routes.ts';
import { serverRoutes } from './servers/routes.ts';
import { versionRoutes } from './versions.ts';

/** Every route of the service, below its root. A resource is a table of its own in its folder. */
export const routes: Route[] = [...versionRoutes, ...serverRoutes, ...flavorRoutes, ...keyPairRoutes, ...hostRoutes, ...quotaRoutes, ...extensionRoutes];
