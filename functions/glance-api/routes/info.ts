import type { Route } from '../../../shared/http/route.ts';
import { STORE } from '../image/names.ts';

/** How an image's data can be brought by glance-api itself. */
export const importMethods = ['web-download'];

/** Image API v2, "Import info" and "List stores". */
export const infoRoutes: Route[] = [
  {
    method: 'GET', path: '/info/import', policy: 'get_stores',
    handler: () => ({ body: { 'import-methods': { description: 'Import methods available.', type: 'array', value: importMethods } } }),
  },
  { method: 'GET', path: '/info/stores', policy: 'get_stores', handler: () => ({ body: { stores: [{ id: STORE, default: 'true' }] } }) },
  {
    method: 'GET', path: '/info/stores/detail', policy: 'get_stores_detail',
    handler: () => ({ body: { stores: [{ id: STORE, type: 's3', default: 'true', properties: {} }] } }),
  },
];
