import type { Route } from '../../../shared/http/route.ts';
import { changeAccess, listAccess } from './access.ts';
import { createExtraSpecs, deleteExtraSpec, listExtraSpecs, showExtraSpec, updateExtraSpec } from './extra-specs.ts';
import { createFlavor, deleteFlavor, listFlavors, listFlavorsDetailed, showFlavor, updateFlavor } from './flavors.ts';
import { accessActionSchema, createExtraSpecsSchema, createSchema, listSchema, updateExtraSpecSchema, updateSchema } from './schema.ts';

const any = 'os_compute_api:flavors';
const manage = 'os_compute_api:os-flavor-manage';
const specs = 'os_compute_api:os-flavor-extra-specs';

export const flavorRoutes: Route[] = [
  { method: 'GET', path: '/flavors', policy: any, query: listSchema, handler: listFlavors },
  { method: 'GET', path: '/flavors/detail', policy: any, query: listSchema, handler: listFlavorsDetailed },
  { method: 'POST', path: '/flavors', policy: `${manage}:create`, body: createSchema, handler: createFlavor },
  { method: 'GET', path: '/flavors/{id}', policy: any, handler: showFlavor },
  { method: 'PUT', path: '/flavors/{id}', policy: `${manage}:update`, body: updateSchema, since: 55, handler: updateFlavor },
  { method: 'DELETE', path: '/flavors/{id}', policy: `${manage}:delete`, status: 202, handler: deleteFlavor },
  { method: 'GET', path: '/flavors/{id}/os-extra_specs', policy: `${specs}:index`, handler: listExtraSpecs },
  { method: 'POST', path: '/flavors/{id}/os-extra_specs', policy: `${specs}:create`, body: createExtraSpecsSchema, handler: createExtraSpecs },
  { method: 'GET', path: '/flavors/{id}/os-extra_specs/{key}', policy: `${specs}:show`, handler: showExtraSpec },
  { method: 'PUT', path: '/flavors/{id}/os-extra_specs/{key}', policy: `${specs}:update`, body: updateExtraSpecSchema, handler: updateExtraSpec },
  { method: 'DELETE', path: '/flavors/{id}/os-extra_specs/{key}', policy: `${specs}:delete`, handler: deleteExtraSpec },
  { method: 'GET', path: '/flavors/{id}/os-flavor-access', policy: 'os_compute_api:os-flavor-access', handler: listAccess },
  { method: 'POST', path: '/flavors/{id}/action', policy: 'os_compute_api:os-flavor-access', body: accessActionSchema, handler: changeAccess },
];
