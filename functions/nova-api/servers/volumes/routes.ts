import type { Route } from '../../../../shared/http/route.ts';
import { attachVolume, detachVolume, listAttachments, showAttachment, updateAttachment } from './attachments.ts';
import { attachSchema, listSchema, updateSchema } from './schema.ts';

const BASE = 'os_compute_api:os-volumes-attachments';
const path = '/servers/{id}/os-volume_attachments';

export const volumeAttachmentRoutes: Route[] = [
  { method: 'GET', path, policy: `${BASE}:index`, query: listSchema, handler: listAttachments },
  { method: 'POST', path, policy: `${BASE}:create`, body: attachSchema, handler: attachVolume },
  { method: 'GET', path: `${path}/{volume}`, policy: `${BASE}:show`, handler: showAttachment },
  { method: 'PUT', path: `${path}/{volume}`, policy: `${BASE}:update`, body: updateSchema, handler: updateAttachment },
  { method: 'DELETE', path: `${path}/{volume}`, policy: `${BASE}:delete`, handler: detachVolume },
];
