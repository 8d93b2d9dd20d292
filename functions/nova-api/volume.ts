import type { RequestContext } from '../../shared/identity/context.ts';
import { rest } from '../../shared/openstack/rest.ts';

/** What nova-api asks cinder-api, in the user's name and as a service. */
export interface Volume {
  id: string;
  status: string;
  size: number; // GB
  bootable: 'true' | 'false';
  'os-vol-host-attr:host': string | null;
  attachments: { server_id: string; attachment_id: string }[];
  volume_image_metadata?: Record<string, string>;
}

/** What is made of it is made where it lies. */
export type Snapshot = Pick<Volume, 'id' | 'status' | 'size' | 'os-vol-host-attr:host'>;

const ask = <T>(method: string, path: string, context: RequestContext, body?: unknown, headers: Record<string, string> = {}): Promise<T> =>
  rest<T>('volume', method, path, { caller: { context, service: 'nova' }, headers: { 'OpenStack-API-Version': 'volume 3.44', ...headers }, ...(body !== undefined && { body }) });

export const getVolume = async (id: string, context: RequestContext): Promise<Volume> => (await ask<{ volume: Volume }>('GET', `/volumes/${id}`, context)).volume;
export const getSnapshot = async (id: string, context: RequestContext): Promise<Snapshot> => (await ask<{ snapshot: Snapshot }>('GET', `/snapshots/${id}`, context)).snapshot;
export const listVolumeTypes = async (context: RequestContext): Promise<{ id: string; name: string }[]> => (await ask<{ volume_types: { id: string; name: string }[] }>('GET', '/types', context)).volume_types;

/** Reserves a volume for a server (Block Storage API 3.27): from now on nobody else can have it. Asked again by one request, it is one reservation. */
export const createAttachment = async (volumeId: string, serverId: string, context: RequestContext): Promise<{ id: string }> =>
  (await ask<{ attachment: { id: string } }>('POST', '/attachments', context, { attachment: { volume_uuid: volumeId, instance_uuid: serverId } }, { 'X-Novaless-Idempotency-Key': `${context.request_id}:${serverId}:${volumeId}` })).attachment;
export const listAttachmentsOf = async (serverId: string, context: RequestContext): Promise<{ id: string; volume_id: string }[]> =>
  (await ask<{ attachments: { id: string; volume_id: string }[] }>('GET', `/attachments?instance_id=${serverId}`, context)).attachments;
export const deleteAttachment = (id: string, context: RequestContext): Promise<void> => ask('DELETE', `/attachments/${id}`, context);
