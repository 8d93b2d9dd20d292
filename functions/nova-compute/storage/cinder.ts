import { rest, type Caller } from '../../../shared/openstack/rest.ts';

/** The parts of the Block Storage API v3 that nova-compute reads. */
export interface Volume { id: string; status: string; size: number; 'os-vol-host-attr:host'?: string | null }
export interface Attachment { id: string; volume_id: string; instance: string | null; status?: string }

/** Attachments came with 3.27, their completion with 3.44. */
const headers = { 'OpenStack-API-Version': 'volume 3.44' };

/** Cinder's calls in one caller's name. */
export function cinder(caller: Caller) {
  return {
    attachmentsOf: async (instance: string) =>
      (await rest<{ attachments: Attachment[] }>('volume', 'GET', `/attachments?instance_id=${encodeURIComponent(instance)}`, { caller, headers })).attachments,
    volume: async (id: string) => (await rest<{ volume: Volume }>('volume', 'GET', `/volumes/${id}`, { caller, headers })).volume,
    /** For the instance's project, also where nova asks in its own name. The same key again answers with the same volume. */
    createVolume: async (project: string, volume: Record<string, unknown>, hints: Record<string, unknown>, key: string) =>
      (await rest<{ volume: Volume }>('volume', 'POST', `/${project}/volumes`, {
        caller, body: { volume, 'OS-SCH-HNT:scheduler_hints': hints }, headers: { ...headers, 'X-Novaless-Idempotency-Key': key },
      })).volume,
    deleteVolume: (id: string) => rest<void>('volume', 'DELETE', `/volumes/${id}`, { caller, headers }),
    /** Asked for again, it is the same attachment. */
    createAttachment: async (attachment: { volume_uuid: string; instance_uuid: string; connector: Record<string, unknown> }) =>
      (await rest<{ attachment: Attachment }>('volume', 'POST', '/attachments', {
        caller, body: { attachment }, headers: { ...headers, 'X-Novaless-Idempotency-Key': `${attachment.instance_uuid}:${attachment.volume_uuid}` },
      })).attachment,
    updateAttachment: (id: string, connector: Record<string, unknown>) => rest<unknown>('volume', 'PUT', `/attachments/${id}`, { caller, body: { attachment: { connector } }, headers }),
    completeAttachment: (id: string) => rest<void>('volume', 'POST', `/attachments/${id}/action`, { caller, body: { 'os-complete': null }, headers }),
    deleteAttachment: (id: string) => rest<unknown>('volume', 'DELETE', `/attachments/${id}`, { caller, headers }),
  };
}
export type Cinder = ReturnType<typeof cinder>;

/** What a host says of itself to be given a connection. */
export const connectorOf = (host: string, mountpoint: string, instance: string) => ({ host, mountpoint, instance, platform: 'novaless', os_type: 'linux' });
