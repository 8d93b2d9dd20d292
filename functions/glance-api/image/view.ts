import { environment } from '../../../shared/deployment/declaration.ts';
import { requireEnv } from '../../../shared/environment.ts';
import { isService, type RequestContext } from '../../../shared/identity/context.ts';
import { STORE } from './names.ts';
import type { Image, Member } from './record.ts';
import { objectKey } from '../data/objects.ts';

const seconds = (iso: string) => `${iso.slice(0, 19)}Z`;

/** An image as the Image API v2 shows it. Services also learn where its data is, so that a host can fetch it by itself. */
export function showImage(image: Image, context: RequestContext) {
  return {
    ...image.properties,
    name: image.name,
    disk_format: image.disk_format,
    container_format: image.container_format,
    visibility: image.visibility,
    size: image.size,
    virtual_size: image.virtual_size,
    status: image.status,
    checksum: image.checksum,
    protected: image.protected,
    min_ram: image.min_ram,
    min_disk: image.min_disk,
    owner: image.owner,
    os_hidden: image.os_hidden,
    os_hash_algo: image.os_hash_algo,
    os_hash_value: image.os_hash_value,
    id: image.id,
    created_at: seconds(image.created_at),
    updated_at: seconds(image.updated_at),
    ...(isService(context) && locations(image)),
    tags: image.tags,
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: '/v2/schemas/image',
    ...(hasData(image) && { stores: STORE }),
  };
}

export const hasData = (image: Image) => image.status === 'active' || image.status === 'deactivated';

function locations(image: Image) {
  if (!hasData(image) || !image.upload_id) return { locations: [] };
  const url = `s3://${requireEnv(environment.bucket('images'))}/${objectKey(image.id, image.upload_id)}`;
  return { direct_url: url, locations: [{ url, metadata: { store: STORE } }] };
}

export const showMember = (member: Member) => ({
  image_id: member.image_id,
  member_id: member.member_id,
  status: member.status,
  created_at: seconds(member.created_at),
  updated_at: seconds(member.updated_at),
  schema: '/v2/schemas/member',
});
