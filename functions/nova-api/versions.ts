import { environment } from '../../shared/deployment/declaration.ts';
import { requireEnv } from '../../shared/environment.ts';
import { formatVersion, type VersionRange } from '../../shared/http/microversion.ts';
import type { Route } from '../../shared/http/route.ts';

/** What clients negotiate by; every microversion in between is kept on the routes that are there. */
export const versions: VersionRange = {
  service: 'compute', legacyHeader: 'X-OpenStack-Nova-API-Version', min: { major: 2, minor: 1 }, max: { major: 2, minor: 100 },
};

export const ROOT = '/compute/v2.1';

const document = () => ({
  id: 'v2.1',
  status: 'CURRENT',
  version: formatVersion(versions.max),
  min_version: formatVersion(versions.min),
  updated: '2013-07-23T11:33:21Z',
  links: [{ rel: 'self', href: `${requireEnv(environment.endpoint)}${ROOT}/` }],
});

const describedBy = { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' };
const mediaTypes = [{ base: 'application/json', type: 'application/vnd.openstack.compute+json;version=2.1' }];

/** `GET /compute/` (all versions) and `GET /compute/v2.1/` (this one); nobody needs a token for them. */
export const versionRoutes: Route[] = [
  { method: 'GET', path: '/', policy: null, handler: () => ({ body: { version: { ...document(), links: [...document().links, describedBy], 'media-types': mediaTypes } } }) },
];
export const versionListRoutes: Route[] = [{ method: 'GET', path: '/compute', policy: null, handler: () => ({ body: { versions: [document()] } }) }];
