import { environment } from '../../shared/deployment/declaration.ts';
import { requireEnv } from '../../shared/environment.ts';
import type { Reply, Route } from '../../shared/http/route.ts';

const base = () => requireEnv(environment.endpoint);

/** Identity API v3, "List versions" and "Show v3 API details": 3.14 is the last that there is. */
const version = () => ({
  id: 'v3.14',
  status: 'stable',
  updated: '2020-04-07T00:00:00Z',
  links: [{ rel: 'self', href: `${base()}/identity/v3/` }],
  'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
});

const versions = (): Reply => ({ status: 300, headers: { Location: `${base()}/identity/v3/` }, body: { versions: { values: [version()] } } });

/** Where the services are, for whoever opens the root; clients ask the catalog. */
const index = (): Reply => ({
  body: {
    services: Object.entries({ identity: '/identity', compute: '/compute', image: '/image', network: '/network', 'block-storage': '/volume' })
      .map(([type, path]) => ({ type, links: [{ rel: 'self', href: base() + path }] })),
  },
});

export const outside: Route[] = [
  { method: 'GET', path: '/', policy: null, handler: index },
  { method: 'GET', path: '/identity', policy: null, handler: versions },
];
export const root: Route[] = [{ method: 'GET', path: '/', policy: null, handler: () => ({ body: { version: version() } }) }];
