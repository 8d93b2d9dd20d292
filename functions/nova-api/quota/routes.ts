import type { Route } from '../../../shared/http/route.ts';
import { showLimits } from './absolute-limits.ts';
import { showQuotaClass, updateQuotaClass } from './classes.ts';
import { limitsQuerySchema, setQuerySchema, updateClassSchema, updateSetSchema } from './schema.ts';
import { deleteQuotas, showQuotaDefaults, showQuotaDetail, showQuotas, updateQuotas } from './sets.ts';

const sets = 'os_compute_api:os-quota-sets';
const classes = 'os_compute_api:os-quota-class-sets';

export const quotaRoutes: Route[] = [
  { method: 'GET', path: '/limits', policy: 'os_compute_api:limits', query: limitsQuerySchema, handler: showLimits },
  { method: 'GET', path: '/os-quota-sets/{id}', policy: `${sets}:show`, query: setQuerySchema, handler: showQuotas },
  { method: 'GET', path: '/os-quota-sets/{id}/detail', policy: `${sets}:detail`, query: setQuerySchema, handler: showQuotaDetail },
  { method: 'GET', path: '/os-quota-sets/{id}/defaults', policy: `${sets}:defaults`, handler: showQuotaDefaults },
  { method: 'PUT', path: '/os-quota-sets/{id}', policy: `${sets}:update`, query: setQuerySchema, body: updateSetSchema, handler: updateQuotas },
  { method: 'DELETE', path: '/os-quota-sets/{id}', policy: `${sets}:delete`, query: setQuerySchema, handler: deleteQuotas },
  { method: 'GET', path: '/os-quota-class-sets/{id}', policy: `${classes}:show`, handler: showQuotaClass },
  { method: 'PUT', path: '/os-quota-class-sets/{id}', policy: `${classes}:update`, body: updateClassSchema, handler: updateQuotaClass },
];
