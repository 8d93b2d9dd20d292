import { environment } from '../../../shared/deployment/declaration.ts';
import { requireEnv } from '../../../shared/environment.ts';
import { formatVersion, type VersionRange } from '../../../shared/http/microversion.ts';
import type { Route } from '../../../shared/http/route.ts';

/** 3.70: everything up to it that changes what is here is done; what is not here (backups, groups) stays absent. */
export const versions: VersionRange = { service: 'volume', min: { major: 3, minor: 0 }, max: { major: 3, minor: 70 } };

const document = () => ({
  versions: [
    {
      id: 'v3.0', status: 'CURRENT', version: formatVersion(versions.max), min_version: formatVersion(versions.min), updated: '2026-01-01T00:00:00Z',
      links: [
        { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
        { rel: 'self', href: `${requireEnv(environment.endpoint)}/volume/v3/` },
      ],
      'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.volume+json;version=3' }],
    },
  ],
});

/** Block Storage API, "List all API versions": 300 above the version, 200 below it. */
export const versionsAbove: Route[] = [{ method: 'GET', path: '/volume', policy: null, status: 300, handler: () => ({ body: document() }) }];
export const versionRoutes: Route[] = [{ method: 'GET', path: '/', policy: null, handler: () => ({ body: document() }) }];
