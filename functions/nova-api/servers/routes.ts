import { Type } from '@sinclair/typebox';
import type { Route } from '../../../shared/http/route.ts';
import { runAction } from './actions/run.ts';
import { createRemoteConsole, remoteConsoleSchema } from './consoles.ts';
import { createServers } from './create/create.ts';
import { createSchema } from './create/schema.ts';
import { deleteServer } from './delete.ts';
import { listIps, showIps } from './ips.ts';
import { listServers, listServersDetailed } from './list.ts';
import { listSchema } from './list-schema.ts';
import { showServer } from './show.ts';

const BASE = 'os_compute_api:servers';
const ofServer = '/servers/{id}';

export const serverRoutes: Route[] = [
  { method: 'GET', path: '/servers', policy: `${BASE}:index`, query: listSchema, handler: listServers },
  { method: 'GET', path: '/servers/detail', policy: `${BASE}:detail`, query: listSchema, handler: listServersDetailed },
  { method: 'POST', path: '/servers', policy: `${BASE}:create`, body: createSchema, handler: createServers },
  { method: 'GET', path: ofServer, policy: `${BASE}:show`, handler: showServer },
  { method: 'DELETE', path: ofServer, policy: `${BASE}:delete`, handler: deleteServer },
  // each action has a policy of its own
  { method: 'POST', path: `${ofServer}/action`, policy: `${BASE}:show`, body: Type.Object({}), handler: runAction },
  { method: 'POST', path: `${ofServer}/remote-consoles`, policy: 'os_compute_api:os-remote-consoles', body: remoteConsoleSchema, since: 6, handler: createRemoteConsole },
  { method: 'GET', path: `${ofServer}/ips`, policy: 'os_compute_api:ips:index', handler: listIps },
  { method: 'GET', path: `${ofServer}/ips/{label}`, policy: 'os_compute_api:ips:show', handler: showIps },
];
