import * as Type from '@sinclair/typebox';
import type { Route } from '../../../shared/http/route.ts';
import { runAction } from './actions/run.ts';
import { createRemoteConsole, remoteConsoleSchema } from './consoles.ts';
import { createServers } from './create/create.ts';
import { createSchema } from './create/schema.ts';
import { deleteServer } from './delete.ts';
import { listActions, showAction } from './instance-actions.ts';
import { actionListSchema } from './instance-actions-schema.ts';
import { interfaceRoutes } from './interfaces/routes.ts';
import { listIps, showIps } from './ips.ts';
import { listServers, listServersDetailed } from './list.ts';
import { listSchema } from './list-schema.ts';
import { createMetadata, deleteMetadata, listMetadata, metadataSchema, metaSchema, replaceMetadata, showMetadata, updateMetadata } from './metadata.ts';
import { listSecurityGroupsOfProject, listServerSecurityGroups, showSecurityGroup } from './security-groups.ts';
import { showServer } from './show.ts';
import { addTag, checkTag, deleteTag, deleteTags, listTags, replaceTags, tagsSchema } from './tags.ts';
import { updateSchema, updateServer } from './update.ts';
import { volumeAttachmentRoutes } from './volumes/routes.ts';

const BASE = 'os_compute_api:servers';
const ofServer = '/servers/{id}';
const metadata = 'os_compute_api:server-metadata';
const tags = 'os_compute_api:os-server-tags';
const actions = 'os_compute_api:os-instance-actions';

export const serverRoutes: Route[] = [
  { method: 'GET', path: '/servers', policy: `${BASE}:index`, query: listSchema, handler: listServers },
  { method: 'GET', path: '/servers/detail', policy: `${BASE}:detail`, query: listSchema, handler: listServersDetailed },
  { method: 'POST', path: '/servers', policy: `${BASE}:create`, body: createSchema, handler: createServers },
  { method: 'GET', path: ofServer, policy: `${BASE}:show`, handler: showServer },
  { method: 'PUT', path: ofServer, policy: `${BASE}:update`, body: updateSchema, handler: updateServer },
  { method: 'DELETE', path: ofServer, policy: `${BASE}:delete`, handler: deleteServer },
  // each action has a policy of its own
  { method: 'POST', path: `${ofServer}/action`, policy: `${BASE}:show`, body: Type.Object({}), handler: runAction },
  { method: 'POST', path: `${ofServer}/remote-consoles`, policy: 'os_compute_api:os-remote-consoles', body: remoteConsoleSchema, since: 6, handler: createRemoteConsole },
  { method: 'GET', path: `${ofServer}/ips`, policy: 'os_compute_api:ips:index', handler: listIps },
  { method: 'GET', path: `${ofServer}/ips/{label}`, policy: 'os_compute_api:ips:show', handler: showIps },
  { method: 'GET', path: `${ofServer}/metadata`, policy: `${metadata}:index`, handler: listMetadata },
  { method: 'POST', path: `${ofServer}/metadata`, policy: `${metadata}:create`, body: metadataSchema, handler: createMetadata },
  { method: 'PUT', path: `${ofServer}/metadata`, policy: `${metadata}:update_all`, body: metadataSchema, handler: replaceMetadata },
  { method: 'GET', path: `${ofServer}/metadata/{key}`, policy: `${metadata}:show`, handler: showMetadata },
  { method: 'PUT', path: `${ofServer}/metadata/{key}`, policy: `${metadata}:update`, body: metaSchema, handler: updateMetadata },
  { method: 'DELETE', path: `${ofServer}/metadata/{key}`, policy: `${metadata}:delete`, status: 204, handler: deleteMetadata },
  { method: 'GET', path: `${ofServer}/tags`, policy: `${tags}:index`, since: 26, handler: listTags },
  { method: 'PUT', path: `${ofServer}/tags`, policy: `${tags}:update_all`, since: 26, body: tagsSchema, handler: replaceTags },
  { method: 'DELETE', path: `${ofServer}/tags`, policy: `${tags}:delete_all`, since: 26, status: 204, handler: deleteTags },
  { method: 'GET', path: `${ofServer}/tags/{tag}`, policy: `${tags}:show`, since: 26, status: 204, handler: checkTag },
  { method: 'PUT', path: `${ofServer}/tags/{tag}`, policy: `${tags}:update`, since: 26, handler: addTag },
  { method: 'DELETE', path: `${ofServer}/tags/{tag}`, policy: `${tags}:delete`, since: 26, status: 204, handler: deleteTag },
  { method: 'GET', path: `${ofServer}/os-security-groups`, policy: 'os_compute_api:os-security-groups:list', handler: listServerSecurityGroups },
  { method: 'GET', path: `${ofServer}/os-instance-actions`, policy: `${actions}:list`, query: actionListSchema, handler: listActions },
  { method: 'GET', path: `${ofServer}/os-instance-actions/{request}`, policy: `${actions}:show`, handler: showAction },
  { method: 'GET', path: '/os-security-groups', policy: 'os_compute_api:os-security-groups:list', until: 35, handler: listSecurityGroupsOfProject },
  { method: 'GET', path: '/os-security-groups/{id}', policy: 'os_compute_api:os-security-groups:list', until: 35, handler: showSecurityGroup },
  ...interfaceRoutes,
  ...volumeAttachmentRoutes,
];
