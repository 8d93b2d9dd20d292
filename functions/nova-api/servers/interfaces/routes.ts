import type { Route } from '../../../../shared/http/route.ts';
import { attachInterface, detachInterface, listInterfaces, showInterface } from './interfaces.ts';
import { attachSchema } from './schema.ts';

const BASE = 'os_compute_api:os-attach-interfaces';
const path = '/servers/{id}/os-interface';

export const interfaceRoutes: Route[] = [
  { method: 'GET', path, policy: `${BASE}:list`, handler: listInterfaces },
  { method: 'POST', path, policy: `${BASE}:create`, body: attachSchema, handler: attachInterface },
  { method: 'GET', path: `${path}/{port}`, policy: `${BASE}:show`, handler: showInterface },
  { method: 'DELETE', path: `${path}/{port}`, policy: `${BASE}:delete`, handler: detachInterface },
];
