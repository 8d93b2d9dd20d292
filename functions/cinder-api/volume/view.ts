import type { Request } from '../../../shared/http/route.ts';
import { isAdmin, isService } from '../../../shared/identity/context.ts';
import type { VolumeType } from '../type/store.ts';
import type { Volume } from './record.ts';

type Asker = Pick<Request, 'context' | 'version' | 'baseUrl' | 'params'>;

/** Cinder's times: microseconds, no zone. */
export const time = (iso: string) => iso.replace(/Z$/, '000');

/** Base of links: with the project in the path where the request had it. */
export const base = ({ baseUrl, params }: Pick<Request, 'baseUrl' | 'params'>) => (params['project_id'] ? `${baseUrl}/${params['project_id']}` : baseUrl);

export function links(request: Asker, path: string) {
  const root = base(request);
  return [
    { rel: 'self', href: `${root}/${path}` },
    { rel: 'bookmark', href: `${root.replace('/v3', '')}/${path}` },
  ];
}

/** As a list without details shows a volume. */
export const summary = (request: Asker, volume: Volume) => ({ id: volume.id, name: volume.name, links: links(request, `volumes/${volume.id}`) });

/** All of a volume; fields by microversion as in the Block Storage API reference. */
export function detail(request: Asker, volume: Volume, type: VolumeType | undefined) {
  const { context, version: { minor } } = request;
  const admin = isAdmin(context);
  return {
    id: volume.id,
    status: volume.status,
    size: volume.size,
    availability_zone: volume.availability_zone,
    created_at: time(volume.created_at),
    updated_at: time(volume.updated_at),
    name: volume.name,
    description: volume.description,
    volume_type: type?.name ?? null,
    ...(minor >= 63 && { volume_type_id: volume.volume_type_id }),
    snapshot_id: volume.snapshot_id ?? null,
    source_volid: volume.source_volid,
    metadata: { ...volume.metadata, ...(volume.readonly && { readonly: 'True' }) },
    links: links(request, `volumes/${volume.id}`),
    user_id: volume.user_id,
    bootable: String(volume.bootable),
    encrypted: false,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: false,
    attachments: attachments(volume, admin || isService(context)),
    'os-vol-tenant-attr:tenant_id': volume.project_id,
    ...(volume.image_metadata && { volume_image_metadata: volume.image_metadata }),
    ...(admin && { migration_status: null, 'os-vol-mig-status-attr:migstat': null, 'os-vol-mig-status-attr:name_id': null }),
    ...((admin || isService(context)) && { 'os-vol-host-attr:host': volume.host }),
    ...(minor >= 13 && { group_id: null }),
    ...(minor >= 21 && admin && { provider_id: null }),
    // one host's file needs no lock against other hosts
    ...(minor >= 48 && { shared_targets: false, service_uuid: null }),
    ...(minor >= 61 && admin && { cluster_name: null }),
    ...(minor >= 65 && { consumes_quota: true }),
  };
}

/** Only what a guest has; where it is attached is for admins and services. */
const attachments = (volume: Volume, showHost: boolean) =>
  Object.values(volume.attachments)
    .filter((attachment) => attachment.attach_status === 'attached')
    .map((attachment) => ({
      id: volume.id,
      attachment_id: attachment.id,
      volume_id: volume.id,
      server_id: attachment.instance_uuid,
      host_name: showHost ? attachment.attached_host : null,
      device: attachment.mountpoint,
      attached_at: attachment.attach_time && time(attachment.attach_time),
    }));
