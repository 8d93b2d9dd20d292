import { environment } from '../../../shared/deployment/declaration.ts';
import { requireEnv } from '../../../shared/environment.ts';
import type { Route } from '../../../shared/http/route.ts';

// 2.8 and 2.10 to 2.13 are those of several stores, 2.14 on those of caches and of staging on a particular host
const supported = ['2.7', '2.6', '2.5', '2.4', '2.3', '2.2', '2.1', '2.0'];

const version = (id: string, status: string) => ({
  id: `v${id}`, status, links: [{ rel: 'self', href: `${requireEnv(environment.endpoint)}/image/v2/` }],
});
const versions = () => ({ versions: [version('2.9', 'CURRENT'), ...supported.map((id) => version(id, 'SUPPORTED'))] });

/** Image API, "List API versions": 300 where a client did not ask for versions by name. */
export const versionRoutes: Route[] = [
  { method: 'GET', path: '/image', policy: null, status: 300, handler: () => ({ body: versions() }) },
  { method: 'GET', path: '/image/versions', policy: null, status: 200, handler: () => ({ body: versions() }) },
];
