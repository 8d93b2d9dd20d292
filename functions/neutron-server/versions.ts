import { environment } from '../../shared/deployment/declaration.ts';
import { requireEnv } from '../../shared/environment.ts';
import type { Route } from '../../shared/http/route.ts';

const root = () => `${requireEnv(environment.endpoint)}/network`;

/** Networking API v2.0, "List API versions": above the API's root, for everyone. */
export const versionRoutes: Route[] = [
  {
    method: 'GET', path: '/network', policy: null,
    handler: () => ({ body: { versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: `${root()}/v2.0/` }] }] } }),
  },
];

const resources = ['network', 'subnet', 'port', 'security_group', 'security_group_rule', 'quota', 'extension'];

/** Networking API v2.0, "Show API v2 details". */
export const rootRoute: Route = {
  method: 'GET', path: '/', policy: 'get_version',
  handler: () => ({
    body: {
      resources: resources.map((name) => {
        const collection = `${name}s`;
        return { name, collection, links: [{ rel: 'self', href: `${root()}/v2.0/${collection.replaceAll('_', '-')}` }] };
      }),
    },
  }),
};
